import { suite } from "uvu";
import * as assert from "uvu/assert";
import { lacksEvaluation, missingDigests, missingEvents, rangesText, type Range } from "../../../ts/cli/run/missing.ts";
import { chainAfter, chainOfBegin } from "../../../ts/train/digest-chain.ts";
import type { DigestEntry } from "../../../ts/train/digest-log.ts";
import type { JsonObject, RunEvent } from "../../../ts/train/index.ts";

const test = suite("missing");
const EPOCH = 10;

const at = (step: number, epoch = Math.floor(step / EPOCH)): JsonObject => ({ optimizerSteps: step, epoch, batch: step % EPOCH });
const range = (from: number, to = from): Range => ({ from, to });

/** A log from one start to another, with an evaluation after every so many epochs. */
function session(from: number, to: number, interval = 1, every = 1): RunEvent[] {
  const start = { type: "run-start", stepsPerEpoch: EPOCH, ...(from > 0 && { resumedFrom: from }) } as RunEvent;
  const rest: RunEvent[] = [];
  for (let step = from + 1; step <= to; step++) {
    const epoch = Math.ceil(step / EPOCH);
    if (step % interval === 0) rest.push({ type: "step", step, epoch } as RunEvent);
    if (step % (EPOCH * every) === 0) rest.push({ type: "evaluate", step, epoch, split: "test" } as RunEvent);
  }
  return [start, ...rest];
}

const without = (events: readonly RunEvent[], type: string, ...steps: readonly number[]): RunEvent[] =>
  events.filter((event) => event.type !== type || !("step" in event) || !steps.includes(event.step ?? -1));
const NONE = { steps: [], epochs: [] };

test("logs of any interval have no holes", () => {
  for (const interval of [1, 2, 3, 7, 25, 1000])
    for (const every of [1, 2, 3]) {
      const one = session(0, 53, interval, every);
      assert.equal(missingEvents(one, at(53)), NONE);
      assert.equal(missingEvents([...one, ...session(53, 90, 4, 2)], at(90)), NONE);
      assert.equal(missingEvents([...one, ...session(53, 60), ...session(60, 77, 5, 3)], at(77)), NONE);
    }
  // It goes on in a folder of its own.
  assert.equal(missingEvents(session(40, 60), at(60)), NONE);
  // Evaluated in mid-epoch because it was to end there.
  const ended = [...session(0, 45, 1, 2), { type: "evaluate", step: 45, epoch: 5, split: "test" } as RunEvent];
  assert.equal(missingEvents([...ended, ...session(45, 80, 1, 2)], at(80)), NONE);
  assert.equal(missingEvents([], at(0)), NONE);
});

test("what is missing of a log", () => {
  const log = session(0, 50);
  assert.equal(missingEvents([], at(25)), { steps: [range(1, 25)], epochs: [range(1, 2)] });
  assert.equal(missingEvents(without(log, "step", 4, 7, 8, 50), at(50)).steps, [range(4), range(7, 8), range(50)]);
  assert.equal(missingEvents(without(log, "evaluate", 20), at(50)), { steps: [], epochs: [range(2)] });
  // That of the last epoch can be made up for, unless steps came after it.
  assert.equal(missingEvents(without(log, "evaluate", 50), at(50)), NONE);
  assert.equal(missingEvents(without(session(0, 55), "evaluate", 50), at(55)).epochs, [range(5)]);
  assert.equal(missingEvents(without(session(0, 50, 5), "step", 20), at(50)).steps, [range(20)]);
  assert.equal(missingEvents([...session(0, 30), ...session(36, 50)], at(50)).steps, [range(31, 36)]);
  assert.is(rangesText("step", [range(4)]), "step 4");
  assert.is(rangesText("step", [range(4), range(7, 8), range(50)]), "steps 4, 7 to 8 and 50");
});

test("an epoch that ended and was not evaluated", () => {
  const log = session(0, 20);
  assert.not(lacksEvaluation(log, at(20)));
  assert.ok(lacksEvaluation(without(log, "evaluate", 20), at(20)));
  assert.not(lacksEvaluation(without(log, "evaluate", 20), at(20), 3));
  assert.not(lacksEvaluation(session(0, 15), at(15)));
  assert.not(lacksEvaluation([], at(20)));
  assert.not(lacksEvaluation([session(20, 20)[0]], at(20)));
});

/** Digests of steps, as a run writes them. */
function digests(from: number, to: number, before?: string): DigestEntry[] {
  const begin = { begin: from, contract: "1", state: "a".repeat(64) };
  let chain = before ?? chainOfBegin(begin);
  const entries: DigestEntry[] = [{ ...begin, chain }];
  for (let step = from + 1; step <= to; step++) {
    const digest = { step, loss: "0".repeat(16), correct: 1, size: 2, state: "b".repeat(64) };
    chain = chainAfter(chain, digest);
    entries.push({ ...digest, chain });
  }
  return entries;
}
const chainOf = (entries: readonly DigestEntry[]): string => entries[entries.length - 1].chain;

test("what is missing of digests", () => {
  const all = digests(0, 20);
  const state = (step: number, chain?: string): JsonObject => ({ ...at(step), ...(chain !== undefined && { chain }) });
  const last = chainOf(all);
  assert.equal(missingDigests(all, state(20, last)), []);
  assert.equal(missingDigests([...all, ...digests(20, 30, last)], state(30, chainOf(digests(20, 30, last)))), []);
  // Nothing was recorded from step 20 to 25, then again, or not.
  assert.equal(missingDigests([...all, ...digests(25, 30)], state(30, chainOf(digests(25, 30)))), []);
  assert.equal(missingDigests(all, state(30)), []);
  assert.equal(missingDigests([], state(30)), []);
  // A run from elsewhere.
  assert.equal(missingDigests(digests(20, 30, last), state(30, chainOf(digests(20, 30, last)))), []);
  const skip = { skipped: 20, batches: 1, after: 20, what: "loss" as const };
  const passed: DigestEntry[] = [...all, { ...skip, chain: chainAfter(last, skip) }];
  assert.equal(missingDigests(passed, state(20, chainOf(passed))), []);

  assert.equal(missingDigests([], state(20, last)), [range(1, 20)]);
  assert.equal(missingDigests(all.slice(0, 16), state(20, last)), [range(16, 20)]);
  assert.equal(missingDigests([...all.slice(0, 4), ...all.slice(6)], state(20, last)), [range(4, 5)]);
  assert.equal(missingDigests(all.slice(3), state(20, last)), [range(1, 2)]);
  const more = digests(25, 30, "c".repeat(64));
  assert.equal(missingDigests([...all, ...more], state(30, chainOf(more))), [range(21, 25)]);
});

test.run();
