// Linear centered kernel alignment (Kornblith et al. 2019): how alike two sets of features of the same samples are, whatever their widths,
// rotations and scales.  |Y'X|^2 / (|X'X| |Y'Y|) of centered X and Y, in Frobenius norms
import type { Features } from "./features.ts";
import { centered, products, turned } from "./moments.ts";

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at] * b[at];
  return sum;
}

/** From 0, nothing in common, to 1, the same up to a rotation and a scale. Errors: other samples, features that do not vary. */
export function linearCka(a: Features, b: Features): number {
  if (a.samples !== b.samples) throw new Error(`linearCka: features of ${a.samples} and of ${b.samples} samples, wanted the same ones`);
  const [x, y] = [centered("linearCka", a), centered("linearCka", b)];
  let [both, left, right] = [0, 0, 0];
  if (x.samples < Math.min(x.width, y.width)) {
    // Products of samples are fewer than those of features.
    const [k, l] = [x, y].map((side) => products(turned(side), turned(side)));
    [both, left, right] = [dot(k, l), dot(k, k), dot(l, l)];
  } else {
    const [xy, xx, yy] = [products(x, y), products(x, x), products(y, y)];
    [both, left, right] = [dot(xy, xy), dot(xx, xx), dot(yy, yy)];
  }
  const scale = Math.sqrt(left) * Math.sqrt(right);
  if (!(scale > 0)) throw new Error("linearCka: features that are equal in all samples, wanted ones that vary");
  return both / scale;
}

/** Linear CKA of each set of features and the one before it, by layer; NaN where one of the two does not vary. */
export function successiveCka(layers: readonly Features[]): number[] {
  const varies = layers.map(({ samples, width, values }) => {
    for (let at = width; at < samples * width; at++) if (values[at] !== values[at % width]) return true;
    return false;
  });
  return layers.slice(1).map((own, index) => (varies[index] && varies[index + 1] ? linearCka(layers[index], own) : NaN));
}
