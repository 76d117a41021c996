// Spectra, ranks, deviations and alignments against NumPy's and PyTorch's numbers (test/golden/metrics.py).
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  covarianceSpectrum,
  effectiveRank,
  featureDeviation,
  featuresFrom,
  linearCka,
  spectralEntropy,
  type Features,
} from "../../ts/metrics/index.ts";
import { signed } from "../golden/hash.ts";

interface Golden {
  readonly samples: number;
  readonly width: number;
  readonly directions: number;
  readonly spectrum: readonly number[];
  readonly entropy: number;
  readonly rank: number;
  readonly deviation: number;
  readonly cka: number;
  readonly ckaWide: number;
}

const golden = JSON.parse(readFileSync(new URL("../golden/metrics.json", import.meta.url), "utf8")) as Record<string, Golden>;
const test = suite("metrics/golden");

function near(got: number, wanted: number, what: string): void {
  assert.ok(Math.abs(got - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted)), `${what}: ${got}, wanted ${wanted}`);
}

/** Rows of a times b [inner, width]. */
function times(a: readonly number[][], b: Float64Array, width: number): number[][] {
  return a.map((row) => Array.from({ length: width }, (_, j) => row.reduce((sum, value, i) => sum + value * b[i * width + j], 0)));
}

function rowsOf(name: string, { samples, width, directions }: Golden): number[][] {
  const values = signed(`features ${name}`, samples * width);
  const scaled = Array.from({ length: samples }, (_, row) =>
    Array.from({ length: width }, (_none, at) => values[row * width + at] * (at < directions ? 1 : 1e-3)),
  );
  return times(scaled, signed(`mix ${name}`, width * width), width).map((row) => row.map((value, at) => value + at));
}

const flat = (rows: readonly number[][]): Features => featuresFrom(rows.flat(), rows[0].length);

assert.ok(Object.keys(golden).length > 0);
for (const [name, wanted] of Object.entries(golden))
  test(`${name}: ${wanted.samples} samples of ${wanted.width} features`, () => {
    const rows = rowsOf(name, wanted);
    const x = flat(rows);
    const spectrum = covarianceSpectrum(x);
    wanted.spectrum.forEach((value, at) => near(spectrum[at], value, `eigenvalue ${at}`));
    near(spectralEntropy(x), wanted.entropy, "entropy");
    near(effectiveRank(x), wanted.rank, "effective rank");
    near(featureDeviation(x), wanted.deviation, "deviation");
    const active = rows.map((row) => row.slice(0, -4).map((value, at) => Math.max(value - at, 0)));
    const other = times(active, signed("other", (wanted.width - 4) * 7), 7);
    near(linearCka(x, flat(other)), wanted.cka, "CKA");
    const wide = rows.map((row, sample) => [...[...row].reverse().map((value) => value * value), ...other[sample]]);
    near(linearCka(x, flat(wide)), wanted.ckaWide, "CKA with a wider one");
    near(linearCka(x, x), 1, "CKA with itself");
  });

test("equal directions: the rank is their number; one direction: 1", () => {
  const signs = [0, 1, 2, 3, 4, 5, 6, 7].map((row) => [row & 1 ? 1 : -1, row & 2 ? 1 : -1, row & 4 ? 1 : -1]);
  near(effectiveRank(flat(signs)), 3, "rank");
  near(spectralEntropy(flat(signs)), Math.log(3), "entropy");
  near(effectiveRank(flat(signs.map(([a]) => [a, 2 * a, -a]))), 1, "rank of a line");
  // Turned and scaled features are the same to CKA; independent ones have nothing in common.
  near(linearCka(flat(signs), flat(signs.map(([a, b, c]) => [3 * b, -3 * c, 3 * a]))), 1, "turned");
  near(linearCka(flat(signs.map(([a]) => [a])), flat(signs.map(([, b]) => [b]))), 0, "apart");
});

test("features that tell nothing", () => {
  const constant = featuresFrom(new Float64Array(12).fill(2), 3);
  assert.throws(() => spectralEntropy(constant), /spectralEntropy: 4 equal samples, wanted features that vary/);
  assert.throws(() => linearCka(constant, constant), /linearCka: features that are equal in all samples/);
  assert.throws(() => featureDeviation(featuresFrom([1, 2], 2)), /featureDeviation: features of 1 samples, wanted at least 2/);
  assert.throws(() => linearCka(constant, featuresFrom([1, 2, 3], 1)), /linearCka: features of 4 and of 3 samples/);
  assert.throws(() => featuresFrom([1, 2, 3], 2), /featuresFrom: 3 values, wanted a multiple of the width 2/);
});

test.run();
