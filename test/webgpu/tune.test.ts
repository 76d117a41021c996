// Choosing by measurement: on a device that is made up, whose clock and values are known, and on the one that tests have.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createReferenceBackend, type Buffer } from "../../ts/node.ts";
import { kernelsOf } from "../../ts/backend/webgpu/table.ts";
import { callKey, tuned, type Call, type Choices, type Stand } from "../../ts/backend/webgpu/tune.ts";
import { DeviceError } from "../../ts/backend/webgpu/device-error.ts";
import type { Choice, Target } from "../../ts/backend/webgpu/source.ts";
import { add } from "../../ts/kernels/elementwise.ts";
import type { Operands } from "../../ts/backend/backend.ts";
import type { Kernel, Numbers } from "../../ts/kernels/kernel.ts";
import { missing, runProgram } from "./driver.ts";

const test = suite("webgpu/tune");

interface MadeUp {
  readonly choice: Choice;
  /** Milliseconds of a call, one after the other; the last one stays. */
  readonly ms: readonly number[];
  /** What its values are apart from the right ones. */
  readonly off?: number;
  readonly refused?: boolean;
}

const kernel = add as unknown as Kernel;
const call = (length: number, times = 1): Call => ({ kernel, numbers: { length }, given: kernel.order, times });

/** A device that does ways at known speeds. */
function standOf(ways: readonly MadeUp[]): Stand & { readonly runs: Map<string, number> } {
  const backend = createReferenceBackend();
  const runs = new Map<string, number>();
  let clock = 0;
  let errors: (object | null)[] = [];
  const dispatch = (_: Kernel, buffers: Readonly<Record<string, Buffer | null>>, numbers: Call["numbers"], target: Target): void => {
    const way = ways.find(({ choice }) => choice.tile === target.tile)!;
    const name = target.tile ?? "own";
    const index = runs.get(name) ?? 0;
    runs.set(name, index + 1);
    clock += way.ms[Math.min(index, way.ms.length - 1)];
    if (way.refused) errors[errors.length - 1] = {};
    const y = buffers["y"]!;
    backend.run(add, buffers as Operands<typeof add.buffers>, numbers as Numbers<typeof add.numbers>);
    if (way.off !== undefined) {
      const values = [...backend.readSync!(y)];
      values[3] += way.off;
      backend.write(y, values);
    }
  };
  const device = {
    pushErrorScope: () => void errors.push(null),
    popErrorScope: () => {
      const error = errors.at(-1) ?? null;
      errors = errors.slice(0, -1);
      return Promise.resolve(error);
    },
  } as unknown as GPUDevice;
  return {
    ...{ backend, device, target: {}, runs, dispatch },
    shaderOf: () => ({ passes: () => [], ways: () => ways.slice(1).map(({ choice }) => choice) }),
    flush: () => undefined,
    done: () => Promise.resolve(),
    now: () => clock,
  };
}

const own = { choice: {}, ms: [1] };

test("the fastest way is taken, and the gain is that of all calls", async () => {
  const stand = standOf([own, { choice: { tile: "huge" }, ms: [0.75] }, { choice: { tile: "large" }, ms: [0.5] }]);
  const { calls, choices, gain } = await tuned(stand, [call(8, 3), call(16)], {});
  assert.equal(choices, { "add_f32 8": { tile: "large" }, "add_f32 16": { tile: "large" } });
  assert.is(gain, 2);
  assert.equal(
    calls.map(({ times, before, after }) => ({ times, before, after })),
    [
      { times: 3, before: 1, after: 0.5 },
      { times: 1, before: 1, after: 0.5 },
    ],
  );
  assert.is(stand.backend.memoryUse().buffers, 0);
});

test("a way that is hardly faster is not taken, one that is far off not measured again", async () => {
  const stand = standOf([own, { choice: { tile: "huge" }, ms: [0.98] }, { choice: { tile: "large" }, ms: [9] }]);
  const { choices, gain } = await tuned(stand, [call(8)], {});
  assert.equal(choices, {});
  assert.is(gain, 1);
  assert.is(stand.runs.get("large"), 2);
  assert.ok(stand.runs.get("huge")! > 10);
});

test("a slow first measurement is not the last word", async () => {
  const slow = [1, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2, 0.5];
  const { choices } = await tuned(standOf([own, { choice: { tile: "huge" }, ms: slow }]), [call(8)], {});
  assert.equal(choices, { "add_f32 8": { tile: "huge" } });
});

test("a way with other values, with none, or that the device refuses is not taken", async () => {
  const wrong = [
    { choice: { tile: "huge" }, ms: [0.1], off: 0.1 },
    { choice: { tile: "large" }, ms: [0.1], off: NaN },
    { choice: { tile: "small" }, ms: [0.1], refused: true },
  ] as const satisfies readonly MadeUp[];
  const { choices } = await tuned(standOf([own, ...wrong, { choice: { tile: "tall16" }, ms: [0.9], off: 1e-5 }]), [call(8)], {});
  assert.equal(choices, { "add_f32 8": { tile: "tall16" } });
});

test("a call that there is no memory for stays as it is, and the others are measured", async () => {
  const stand = standOf([own, { choice: { tile: "huge" }, ms: [0.5] }]);
  const allocate = (length: number): Buffer => {
    if (length > 16) throw new DeviceError("out-of-memory", "no room");
    return stand.backend.allocate(length);
  };
  const { calls, choices } = await tuned({ ...stand, backend: { ...stand.backend, allocate } }, [call(8), call(24), call(16)], {});
  assert.is(calls.length, 2);
  assert.equal(choices, { "add_f32 8": { tile: "huge" }, "add_f32 16": { tile: "huge" } });
  assert.is(stand.backend.memoryUse().buffers, 0);
});

test("frequent calls come first, and a signal ends it with what was found", async () => {
  const controller = new AbortController();
  const told: number[][] = [];
  const onCall = (index: number, count: number): void => {
    told.push([index, count]);
    if (index === 1) controller.abort();
  };
  const stand = standOf([own, { choice: { tile: "huge" }, ms: [0.5] }]);
  const { calls } = await tuned(stand, [call(8), call(16, 5), call(24, 2)], { onCall, signal: controller.signal });
  assert.equal(
    calls.map(({ numbers }) => numbers),
    [{ length: 16 }, { length: 24 }],
  );
  assert.equal(told, [
    [0, 3],
    [1, 3],
  ]);
});

test("products, convolutions and attention have ways, each another one than what they do by themselves", () => {
  const sizes = { n: 128, h: 32, w: 32, c: 128, k: 128 };
  const shader = kernelsOf()["conv2d_winograd_f32"];
  const ways = shader.ways!(sizes, { shareable: 32 });
  assert.is(new Set(ways.map((way) => JSON.stringify(way))).size, ways.length);
  const texts = [{}, ...ways].map((way) => JSON.stringify(shader.passes(sizes, { ...way }).map(({ source }) => source.name)));
  assert.is(new Set(texts).size, texts.length, "two ways are the same");
  for (const wanted of [{ winograd: true }, { fours: false }, { products: 32 }, { tile: "large" }])
    assert.ok(
      ways.some((way) => JSON.stringify(way) === JSON.stringify(wanted)),
      `${JSON.stringify(wanted)} is none of the ways`,
    );
  // What was asked for stays.
  const direct = shader.ways!(sizes, { winograd: false, tile: "small" });
  assert.equal(direct, [{ fours: false }]);
  for (const target of [{ winograd: true }, { half: true }]) {
    const others = shader.ways!(sizes, target);
    assert.ok(others.length > 0 && others.every(({ winograd }) => winograd === undefined));
  }
  assert.equal(shader.ways!({ ...sizes, n: 0 }, {}), []);
  assert.equal(Object.keys(kernelsOf()).filter((name) => kernelsOf()[name].ways !== undefined).length, 11);
  assert.is(callKey(kernel, { length: 3 }), "add_f32 3");
});

const why = missing();
if (why !== null) {
  console.log(`skipped: webgpu/tune on a device: ${why}`);
  test.skip("webgpu/tune on a device", () => undefined);
} else {
  test("a small net is tuned, trained, and trained with the same choices", () => {
    const { status, stdout, stderr } = runProgram("test/webgpu/tune-program.ts");
    assert.is(status, 0, stderr);
    const found = JSON.parse(stdout.trim().split("\n").at(-1)!) as {
      readonly cpu: number[];
      readonly after: number[];
      readonly again: number[];
      readonly told: number[][];
      readonly gain: number;
      readonly choices: Choices;
      readonly kept: Choices;
      readonly why: string[];
      readonly buffers: number;
      readonly stopped: number;
      readonly calls: { readonly kernel: string; readonly times: number; readonly before: number; readonly after: number }[];
    };
    assert.is(found.calls.length, found.told.length);
    for (const name of ["conv2d_f32", "conv2d_weight_gradient_f32", "gemm_nt_f32"])
      assert.ok(
        found.calls.some(({ kernel, times }) => kernel === name && times > 0),
        `${name} was not measured`,
      );
    for (const { before, after } of found.calls) assert.ok(after > 0 && after <= before);
    assert.ok(found.gain >= 1);
    assert.equal(found.kept, found.choices);
    found.cpu.forEach((loss, step) => assert.ok(Math.abs(loss - found.after[step]) < 1e-4, `${found.after[step]}, wanted ${loss}`));
    assert.equal(found.again, found.after);
    assert.equal(found.why, ["no step today", "no step today"]);
    assert.is(found.stopped, 0);
    assert.is(found.buffers, 0);
  });
}

test.run();
