// inference.wasm: the kernels that models of every name call when they predict, no others, and the bits of strict.wasm.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { noGrad, scope, softmax, tensor, withBackend, type Backend } from "../../ts/autograd/index.ts";
import { createDryBackend, createWasmBackend } from "../../ts/backend/index.ts";
import type { DefinedKernel } from "../../ts/definitions/definition.ts";
import type { Numbers, Role } from "../../ts/kernels/kernel.ts";
import { MODEL_NAMES, namedModel, SKIP_NAMES, SKIP_OVER } from "../../ts/models/named.ts";
import { uninitialized } from "../../ts/nn/index.ts";
import { normals } from "../autograd/normals.ts";
import { families } from "../kernels/families.ts";
import { loadFamily } from "../kernels/harness.ts";
import { inference, strict } from "./trained.ts";

const test = suite("inference kernels");

const exported = WebAssembly.Module.exports(inference).map(({ name }) => name);

test("are those that predictors call", () => {
  const called = new Set<string>();
  const dry = createDryBackend();
  const backend: Backend = {
    ...dry,
    run: (kernel, operands, numbers) => {
      called.add(kernel.name);
      dry.run(kernel, operands, numbers);
    },
  };
  for (const model of MODEL_NAMES)
    for (const skip of SKIP_NAMES)
      for (const skipOver of skip === "orthogonal" ? SKIP_OVER : [null])
        // Two of the deepest kinds of units say what a thousand do.
        if (model !== "resnetv2_1001" && model !== "resnetv2_110")
          withBackend(backend, () => {
            const options = { classes: 10, channels: 3, imageSize: [8, 8] as const };
            const net = uninitialized(() => namedModel({ model, width: 24, skip, skipOver, skipEps: null }, options)).eval();
            scope(() => noGrad(() => softmax(net.forward(tensor(new Float32Array(192), [1, 8, 8, 3])))));
          });
  assert.equal([...called].sort(), [...exported].sort());
});

/** What a kernel writes, as bits. */
function outcome(backend: Backend, kernel: DefinedKernel, numbers: Numbers<readonly string[]>): Uint32Array[] {
  const draw = normals(7);
  const lengths: { readonly [buffer: string]: number } = kernel.lengths(numbers);
  const buffers = Object.fromEntries(
    kernel.order.map((key) => {
      const buffer = backend.allocate(Math.max(1, lengths[key]));
      const fill = (kernel.fill as { readonly [buffer: string]: (at: number, normal: number, numbers: object) => number } | undefined)?.[
        key
      ];
      backend.write(
        buffer,
        Float32Array.from({ length: lengths[key] }, (_, at) => (fill ? fill(at, draw(), numbers) : draw())),
      );
      return [key, buffer];
    }),
  );
  backend.run(kernel, buffers, numbers);
  const written = kernel.order.filter((key) => !((kernel.buffers as Record<string, Role>)[key] ?? "in").startsWith("in?"));
  return written.map((key) => {
    const values = backend.readSync!(buffers[key]) as Float32Array;
    return new Uint32Array(values.buffer, values.byteOffset, values.length);
  });
}

let compared = 0;
for (const family of families)
  for (const kernel of (await loadFamily(family)) ?? [])
    if (exported.includes(kernel.name))
      test(`${kernel.name}: the bits of strict.wasm`, () => {
        compared++;
        const [small, whole] = [createWasmBackend(inference), createWasmBackend(strict)];
        for (const numbers of kernel.samples)
          assert.equal(outcome(small, kernel, numbers), outcome(whole, kernel, numbers), JSON.stringify(numbers));
      });

test("all of them were compared", () => assert.is(compared, exported.length));

test.run();
