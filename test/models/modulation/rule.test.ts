// Factors by the ratio of mean squares, and a chain of them from the top layer down.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ErrorChain, LEAST_MEAN_SQUARE, ModulationRule } from "../../../ts/models/modulation/rule.ts";

const test = suite("models/modulation/rule");

for (const [tau, above, q, factor] of [
  [2, 1, 1, 1],
  // At tau itself the two still match, in both directions.
  [2, 2, 1, 1],
  [2, 1, 2, 1],
  [2, 4, 1, 2],
  [2, 1, 4, 0.5],
  [2, 9e-12, 1e-12, 3],
  [1, 4.41, 4, 1.05],
  [1, 4, 4, 1],
  [1.5, 4.41, 4, 1],
  [Infinity, 1e20, 1e-20, 1],
  // Clamped to 0.1 and 10.
  [2, 1, 1e-4, 10],
  [2, 1e-4, 1, 0.1],
] as const)
  test(`tau ${tau}, ${above} above ${q}: factor ${factor}`, () => {
    assert.ok(Math.abs(new ModulationRule({ tau }).factor(above, q) - factor) < 1e-15);
  });

test("a clamp of one's own", () => {
  const rule = new ModulationRule({ clamp: [0.5, 1] });
  assert.is(rule.factor(100, 1), 1);
  assert.is(rule.factor(1, 100), 0.5);
});

test("a chain compares with the error that the layer above got, after its factor", () => {
  const chain = new ErrorChain(new ModulationRule());
  assert.is(chain.next(1), 1, "the top layer");
  assert.is(chain.next(0.0625), 4, "brought up to 1");
  assert.is(chain.next(0.75), 1, "near 1: left");
  assert.is(chain.next(0.0075), 10, "0.75 / 0.0075, clamped or not");
  assert.ok(Math.abs(chain.next(0.75e-4) - 10) < 1e-12);
  // The factor of 10 left 0.0075, which is what the next one is compared with.
  assert.is(chain.next(0.0075), 1);
});

test("with tau 1 all errors become as large as the top one", () => {
  const chain = new ErrorChain(new ModulationRule({ tau: 1 }));
  for (const q of [0.5, 0.3, 2, 0.011, 40]) assert.ok(Math.abs(chain.next(q) ** 2 * q - 0.5) < 1e-15);
});

test("errors too small or not finite are left alone and are nothing to compare with", () => {
  const chain = new ErrorChain(new ModulationRule());
  for (const q of [0, LEAST_MEAN_SQUARE / 2, NaN, Infinity]) assert.is(chain.next(q), 1);
  assert.is(chain.next(4), 1, "the first that counts");
  assert.is(chain.next(0), 1);
  assert.is(chain.next(NaN), 1);
  assert.is(chain.next(1), 2, "compared with 4");
});

test("without a rule nothing is modulated", () => {
  const chain = new ErrorChain(null);
  for (const q of [1, 1e-6, 1e6]) assert.is(chain.next(q), 1);
});

test("impossible rules are refused", () => {
  for (const tau of [0.5, 0, -1, NaN]) assert.throws(() => new ModulationRule({ tau }), /modulation: tau .*, wanted at least 1/);
  for (const clamp of [
    [0, 10],
    [2, 10],
    [0.1, 0.9],
    [0.1, Infinity],
    [NaN, 10],
  ] as const)
    assert.throws(() => new ModulationRule({ clamp }), /modulation: factors clamped to .* wanted above 0 to 1, and 1 to a finite one/);
});

test.run();
