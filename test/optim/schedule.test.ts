// Learning rates by step against PyTorch's schedulers and timm's formulas, and what each does at its ends.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { schedule, type Schedule } from "../../ts/optim/index.ts";
import { golden } from "../golden/numbers.ts";

const test = suite("optim/schedule");
const cases = golden<Record<string, number[]>>("schedules.json");

const ours: Record<string, Schedule> = {
  step: schedule.stepDecay({ lr: 0.5, every: 7, gamma: 0.3 }),
  "multi-step": schedule.multiStep({ lr: 0.1, milestones: [8, 12, 30, 77], gamma: 0.2 }),
  cosine: schedule.cosine({ lr: 0.2, total: 100, minLr: 0.003 }),
  polynomial: schedule.polynomial({ lr: 0.1, total: 96 }),
  "polynomial 2.5": schedule.polynomial({ lr: 0.1, total: 96, power: 2.5 }),
  "one-cycle": schedule.oneCycle({ lr: 0.4, total: 101 }),
  "one-cycle 0.21": schedule.oneCycle({ lr: 0.4, total: 133, rise: 0.21, divFactor: 10, finalDivFactor: 100 }),
  "one-cycle linear": schedule.oneCycle({ lr: 1, total: 110, rise: 0.4, anneal: "linear" }),
  "warm-up": schedule.constant({ lr: 0.3, warmup: 12, warmupLr: 0.075 }),
  "warm-up cosine": schedule.cosine({ lr: 0.3, total: 100, minLr: 0.01, warmup: 12, warmupLr: 0.075 }),
  "timm cosine": schedule.cosine({ lr: 0.2, total: 100, minLr: 1e-3, warmup: 5, warmupLr: 1e-4 }),
  "timm polynomial": schedule.polynomial({ lr: 0.2, total: 100, minLr: 1e-3, power: 0.5, warmup: 5, warmupLr: 1e-4 }),
};

let compared = 0;

test("every golden schedule has one of ours", () => {
  assert.equal(Object.keys(ours).sort(), Object.keys(cases).sort());
});

for (const [name, rates] of Object.entries(cases))
  test(name, () => {
    assert.ok(rates.length >= 100);
    const largest = Math.max(...rates);
    rates.forEach((wanted, step) => {
      const got = ours[name](step);
      assert.ok(Math.abs(got - wanted) < 1e-13 * largest, `step ${step}: ${got}, wanted ${wanted}`);
      compared++;
    });
  });

test("counts", () => {
  assert.ok(compared >= 100 * Object.keys(ours).length);
  console.log(`\nschedules: ${Object.keys(ours).length} compared with PyTorch and timm, ${compared} rates`);
});

test("a warm-up is a line from its start to the rate, for every kind", () => {
  const warm = { lr: 0.4, warmup: 8, warmupLr: 0.04 };
  for (const kind of [
    schedule.constant(warm),
    schedule.stepDecay({ ...warm, every: 20 }),
    schedule.multiStep({ ...warm, milestones: [20] }),
    schedule.cosine({ ...warm, total: 30 }),
    schedule.polynomial({ ...warm, total: 30, power: 2 }),
  ]) {
    for (let step = 0; step <= 8; step++) assert.ok(Math.abs(kind(step) - (0.04 + (0.36 * step) / 8)) < 1e-15, `step ${step}`);
    assert.ok(kind(29) <= 0.4);
  }
  assert.is(schedule.constant({ lr: 0.1, warmup: 4 })(0), 0);
  assert.is(schedule.constant({ lr: 0.1 })(0), 0.1);
});

test("decays end at their least rate and stay there", () => {
  const options = { lr: 0.2, total: 20, minLr: 0.01, warmup: 3 };
  for (const kind of [schedule.cosine(options), schedule.polynomial({ ...options, power: 3 })]) {
    assert.ok(Math.abs(kind(20) - 0.01) < 1e-17);
    assert.is(kind(1000), kind(20));
    for (let step = 4; step <= 20; step++) assert.ok(kind(step) < kind(step - 1));
  }
  const cycle = schedule.oneCycle({ lr: 0.4, total: 30 });
  assert.ok(Math.abs(cycle(29) - 0.4 / 25 / 1e4) < 1e-18);
  assert.is(cycle(100), cycle(29));
  assert.ok(Math.abs(cycle(8) - 0.4) < 1e-15, "the peak is at 0.3 * 30 - 1");
});

test("a run of one step, or all warm-up, has finite rates", () => {
  for (const kind of [
    schedule.cosine({ lr: 0.1, total: 1 }),
    schedule.cosine({ lr: 0.1, total: 5, warmup: 5 }),
    schedule.polynomial({ lr: 0.1, total: 0 }),
    schedule.oneCycle({ lr: 0.1, total: 1 }),
    schedule.oneCycle({ lr: 0.1, total: 2 }),
  ])
    for (let step = 0; step < 10; step++) assert.ok(kind(step) >= 0 && kind(step) <= 0.1, `step ${step}: ${kind(step)}`);
});

test("errors", () => {
  assert.throws(() => schedule.constant({ lr: -1 }), /schedule: lr -1, warm-up 0, wanted at least 0 each/);
  assert.throws(() => schedule.cosine({ lr: 0.1, total: 3, warmup: -1 }), /warm-up -1/);
  assert.throws(() => schedule.stepDecay({ lr: 0.1, every: 0 }), /stepDecay: every 0 steps, wanted at least 1/);
  assert.throws(() => schedule.oneCycle({ lr: 0.1, total: 3, rise: 1 }), /oneCycle: rise 1, wanted between 0 and 1/);
});

test("a decay without an end is an error, not a rate of NaN", () => {
  const endless = { lr: 1 } as Parameters<typeof schedule.cosine>[0];
  assert.throws(() => schedule.cosine(endless)(3), /^schedule: total undefined, wanted the steps of the run$/);
  assert.throws(() => schedule.polynomial(endless)(3), /^schedule: total undefined, wanted the steps of the run$/);
});

test.run();
