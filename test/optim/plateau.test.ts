// The rate after each measure, as PyTorch 1.13 has it (torch.optim.lr_scheduler.ReduceLROnPlateau from a rate of 0.5).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { plateau, type PlateauOptions } from "../../ts/optim/index.ts";

const test = suite("optim/plateau");

// 0.89996 is less than 0.9, but not by a share of 1e-4.
const losses = [1, 0.9, 0.95, 0.91, 0.89996, 0.92, 0.8, 0.85, 0.84, 0.83, NaN, 0.7, 0.7, 0.7, 0.7, 0.7];
const cases: [string, Omit<PlateauOptions, "lr">, number[], number[]][] = [
  [
    "losses",
    { factor: 0.5, patience: 2 },
    losses,
    [0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.25, 0.125, 0.125, 0.125, 0.125, 0.125, 0.0625, 0.0625],
  ],
  [
    "a pause after a fall, a least rate",
    { factor: 0.5, patience: 1, cooldown: 2, minLr: 0.1 },
    losses,
    [0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.25, 0.125, 0.125, 0.125, 0.125, 0.125, 0.1, 0.1, 0.1],
  ],
  [
    "accuracies",
    { mode: "max", patience: 1, threshold: 0.05 },
    [0.1, 0.3, 0.3, 0.2, 0.35, 0.35, 0.35, 0.35],
    [0.5, 0.5, 0.5, 0.05, 0.05, 0.05, 0.005000000000000001, 0.005000000000000001],
  ],
];

for (const [name, options, measures, wanted] of cases)
  test(name, () => {
    const rate = plateau({ lr: 0.5, ...options });
    assert.equal(measures.map(rate), wanted);
  });

test("errors", () => {
  assert.throws(() => plateau({ lr: -1 }), /^plateau: lr -1, wanted at least 0$/);
  assert.throws(() => plateau({ lr: 1, factor: 1 }), /^plateau: factor 1, wanted above 0 and below 1$/);
  assert.throws(() => plateau({ lr: 1, mode: "least" as "min" }), /^plateau: mode least, wanted min or max$/);
  assert.throws(() => plateau({ lr: 1, ...({ min_lr: 1 } as object) }), /^plateau: option min_lr, wanted lr, factor, /);
});

test.run();
