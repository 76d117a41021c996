// Tensors joined, taken apart and seen in other shapes, as compositions of the operations of shape.ts.
import { alias, noGrad } from "../scope.ts";
import { shapeText, type Shape, type Tensor } from "../tensor.ts";
import { resolveAxes } from "./reduce.ts";
import { concat, reshape, slice } from "./shape.ts";

/** The same values for what follows, without a way back: backward() ends here. */
export function detach(x: Tensor): Tensor {
  return noGrad(() => alias(x));
}

/** Without an axis of length 1, or without all of them. Error: an axis of another length. */
export function squeeze(x: Tensor, axis?: number): Tensor {
  const { shape } = x;
  const given = axis === undefined ? null : resolveAxes("squeeze", shape, axis);
  const gone = given ?? shape.flatMap((length, place) => (length === 1 ? [place] : []));
  for (const place of gone)
    if (shape[place] !== 1) throw new Error(`squeeze: axis ${place} of ${shapeText(shape)}, wanted one of length 1`);
  return reshape(
    x,
    shape.filter((_length, place) => !gone.includes(place)),
  );
}

/** With an axis of length 1 before axis `axis`; -1 is behind the last. */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  const shape: Shape = [...x.shape, 1];
  const [place] = resolveAxes("unsqueeze", shape, axis);
  return reshape(x, [...x.shape.slice(0, place), 1, ...x.shape.slice(place)]);
}

/** Axes from `from` on as one, by default all but the first: [N, ...] to [N, all the rest]. */
export function flatten(x: Tensor, from = 1): Tensor {
  return reshape(x, [...x.shape.slice(0, from), -1]);
}

/** Tensors of the same shape side by side along a new axis, by default in front. Error: other shapes. */
export function stack(inputs: readonly Tensor[], axis = 0): Tensor {
  for (const { shape } of inputs)
    if (shapeText(shape) !== shapeText(inputs[0].shape))
      throw new Error(`stack: ${shapeText(inputs[0].shape)} and ${shapeText(shape)}, wanted equal shapes`);
  return concat(
    inputs.map((x) => unsqueeze(x, axis)),
    { axis },
  );
}

/** Parts of these lengths along an axis, or parts of `sizes` each, the last one shorter where it does not divide. Error: lengths of another sum. */
export function split(x: Tensor, sizes: number | readonly number[], axis = 0): Tensor[] {
  const [along] = resolveAxes("split", x.shape, axis);
  const length = x.shape[along];
  if (typeof sizes === "number" && !(sizes >= 1)) throw new Error(`split: parts of ${sizes}, wanted at least 1`);
  const lengths =
    typeof sizes === "number" ? Array.from({ length: Math.ceil(length / sizes) }, (_, i) => Math.min(sizes, length - i * sizes)) : sizes;
  const total = lengths.reduce((sum, part) => sum + part, 0);
  if (total !== length)
    throw new Error(`split: [${lengths.join(",")}] of ${shapeText(x.shape)} on axis ${along}, wanted a sum of ${length}`);
  let start = 0;
  return lengths.map((part) => {
    const starts = x.shape.map((_whole, place) => (place === along ? start : 0));
    const ends = x.shape.map((whole, place) => (place === along ? start + part : whole));
    const piece = slice(x, starts, ends);
    start += part;
    return piece;
  });
}
