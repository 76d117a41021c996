// The chain of digests: goes on after a stop as if there had been none, notices every change, and is read back as it was written.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { chainAfter, hexOf, numberOf, stateVariables, type DigestBegin, type StepDigest } from "../../ts/train/digest-chain.ts";
import { formatDigest, parseDigests } from "../../ts/train/digest-log.ts";
import { CONTRACT, DataLoader, LocalPool, shapes, Trainer, type Checkpoint, type TraceRequest } from "../../ts/node.ts";
import * as program from "../workers/program.ts";

const test = suite("digest chain");
const train = shapes({ count: 32, seed: 3 });

interface Recorded {
  readonly begins: readonly DigestBegin[];
  readonly steps: readonly StepDigest[];
  readonly end: Checkpoint;
}

interface Plan {
  readonly to: number;
  readonly from?: Checkpoint;
  readonly trace?: TraceRequest;
  readonly off?: boolean;
  readonly accept?: boolean;
}

/** Steps of a small run: clipped, averaged, in batches of two. */
async function run({ to, from, trace, off = false, accept = false }: Plan): Promise<Recorded> {
  const found: (DigestBegin | StepDigest)[] = [];
  const trainer = new Trainer({
    pool: new LocalPool(program, { options: { optimizer: "adamw" }, emaDecay: 0.9 }),
    train: new DataLoader(train, { batchSize: 8, shuffle: true, seed: 4 }),
    classes: 10,
    epochs: 4,
    accumulate: 2,
    clipGrad: 0.5,
    maxSteps: to,
    ...(!off && { digests: { record: (digest) => found.push(digest), ...(trace && { trace: () => trace }) } }),
  });
  if (from) trainer.resume(from, { acceptContract: accept });
  for await (const _event of trainer.fit());
  return {
    begins: found.filter((digest) => "begin" in digest),
    steps: found.filter((digest) => "step" in digest),
    end: trainer.checkpoint(),
  };
}

/** What every level records. */
const bare = ({ step, loss, correct, size, gradNorm, state, chain }: StepDigest) => ({ step, loss, correct, size, gradNorm, state, chain });

const whole = await run({ to: 8 });

test("one digest a step, each a link of the chain", () => {
  assert.equal(whole.begins.map(({ begin, contract }) => [begin, contract]), [[0, CONTRACT]]); // prettier-ignore
  assert.equal(whole.steps.map(({ step }) => step), [1, 2, 3, 4, 5, 6, 7, 8]); // prettier-ignore
  let { chain } = whole.begins[0];
  for (const step of whole.steps) {
    chain = chainAfter(chain, step);
    assert.is(step.chain, chain);
    assert.ok(Number.isFinite(numberOf(step.loss)) && numberOf(step.gradNorm ?? "") > 0);
    assert.not.ok("gradients" in step || "forward" in step);
  }
  assert.is(new Set(whole.steps.flatMap(({ state, chain: link }) => [state, link])).size, 16);
  assert.is(whole.end.state["chain"], chain);
});

test("stopped and taken up at other levels, it is that of the uninterrupted run", async () => {
  for (const at of [1, 5]) {
    const before = await run({ to: at, trace: { level: "shard" } });
    const after = await run({ to: 8, from: before.end, trace: { level: "layer" } });
    assert.equal([...before.steps, ...after.steps].map(bare), whole.steps.map(bare), `${at}`);
    assert.equal(after.begins, [{ begin: at, contract: CONTRACT, state: before.steps[at - 1].state, chain: before.steps[at - 1].chain }]);
    assert.ok(before.steps.every(({ forward, gradients, values }) => forward && gradients && values));
    assert.ok(after.steps.every(({ forward, gradients, values }) => !forward && gradients && values));
  }
});

test("without a chain in the checkpoint, or with one of another contract, it begins anew: the same states, other links", async () => {
  const quiet = await run({ to: 3, off: true });
  assert.not.ok("chain" in quiet.end.state);
  const { tensors, state } = (await run({ to: 3 })).end;
  const other: Checkpoint = { tensors, state: { ...state, contract: "1" } };
  for (const from of [quiet.end, other]) {
    const after = await run({ to: 5, from, accept: true });
    assert.equal(after.steps.map((step) => step.state), whole.steps.slice(3, 5).map((step) => step.state)); // prettier-ignore
    assert.is.not(after.steps[0].chain, whole.steps[3].chain);
    assert.is(after.begins[0].state, whole.steps[2].state);
  }
});

test("the smallest change of any variable is another state", async () => {
  const pool = new LocalPool(program, { emaDecay: 0.9 });
  const { DigestChain } = await import("../../ts/train/digest-chain.ts");
  const chain = new DigestChain(pool);
  const { state } = chain.begin(0);
  assert.is(chain.begin(0).state, state);
  let changed = 0;
  for (const [name, variable] of stateVariables(pool)) {
    const values = variable.toArray();
    const [first] = values;
    // The last bit of the first element.
    const bits = new Uint32Array(new Float32Array([first]).buffer);
    bits[0] ^= 1;
    values[0] = new Float32Array(bits.buffer)[0];
    variable.backend.write(variable.buffer, values);
    assert.is.not(chain.begin(0).state, state, name);
    values[0] = first;
    variable.backend.write(variable.buffer, values);
    assert.is(chain.begin(0).state, state, name);
    changed++;
  }
  const names = stateVariables(pool).map(([name]) => name);
  assert.is(changed, names.length);
  assert.is(new Set(names).size, names.length);
  for (const name of ["head.fc.weight", "optimizer.momentum_buffer.head.fc.weight", "ema.head.fc.weight", "norm.running_mean"])
    assert.ok(names.includes(name), name);
});

test("numbers and lines come back as they were", async () => {
  for (const value of [0, -0, 1, -1.5, 5e-324, 1.7976931348623157e308, Infinity, 2.3271234])
    assert.ok(Object.is(numberOf(hexOf(value)), value));
  assert.is(hexOf(1), "3ff0000000000000");
  const { begins, steps } = await run({ to: 2, trace: { level: "shard" } });
  const lines = [...begins, ...steps].map(formatDigest);
  const bytes = new TextEncoder().encode(`${lines.join("\n")}\n{"step":3,"lo`);
  const log = parseDigests(bytes, "digests");
  assert.equal(log.entries, [...begins, ...steps]);
  assert.equal([...log.steps.keys()], [1, 2]);
  assert.equal(log.begins, begins);
});

test("lines that are no digests are refused with file, line and byte", () => {
  const good = formatDigest(whole.steps[0]);
  const cases: [line: string, message: RegExp][] = [
    ["{}", /^d: step undefined in line 2 at byte \d+, wanted a digest: "?step"?$/],
    [good.replace(/"state":"./, '"state":"x'), /^d: state "x.* in line 2 at byte \d+, wanted a digest: 64 hex digits$/],
    [good.replace('"step":1', '"step":-1'), /^d: step -1 in line 2 at byte \d+, wanted/],
    [`{"__proto__":1,${good.slice(1)}`, /^d: .* in line 2/],
    ["null", /^d: what null in line 2/],
  ];
  for (const [line, message] of cases)
    assert.throws(() => parseDigests(new TextEncoder().encode(`${good}\n${line}\n`), "d"), (error: Error) => message.test(error.message) || assert.unreachable(error.message)); // prettier-ignore
});

test.run();
