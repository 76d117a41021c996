// Runs a kernel and its scalar definition on the same inputs and compares every bit of the outputs (any NaN equals any other).
import type { DefinedKernel } from "../../../ts/definitions/definition.ts";
import { layoutsOf, runPlaced, type Contents, type Layout, type Sizes, type Wasm } from "../harness.ts";
import type { Scalar } from "./scalar.ts";

/** The word of a memory that says which tile of matrix products runs: two rows, or four. */
export const TILE_WORD = 17;

/** What the scalar definition gives, with or without the optional buffers. Outputs start as NaN. */
function expected({ kernel, run }: Scalar, inputs: Contents, numbers: Sizes, withOptional: boolean): Record<string, Float32Array | null> {
  const lengths = kernel.lengths(numbers);
  const buffers: Record<string, Float32Array | null> = {};
  for (const name of kernel.order) {
    const isAbsent = kernel.buffers[name].endsWith("?") && !withOptional;
    buffers[name] = isAbsent ? null : (inputs[name]?.slice() ?? new Float32Array(lengths[name]).fill(NaN));
  }
  run(buffers, numbers);
  return buffers;
}

const left = new Float32Array(1);
const right = new Float32Array(1);
const leftBits = new Uint32Array(left.buffer);
const rightBits = new Uint32Array(right.buffer);

function compare(outputs: Readonly<Record<string, Float32Array>>, wanted: Readonly<Record<string, Float32Array | null>>): void {
  for (const [name, output] of Object.entries(outputs)) {
    const values = wanted[name];
    if (values === null || values.length !== output.length) throw new Error(`${name} has no scalar definition`);
    for (let i = 0; i < values.length; i++) {
      left[0] = output[i];
      right[0] = values[i];
      if (leftBits[0] === rightBits[0] || (output[i] !== output[i] && values[i] !== values[i])) continue;
      const bits = [leftBits, rightBits].map((word) => word[0].toString(16).padStart(8, "0"));
      throw new Error(`${name}[${i}] is ${output[i]} (${bits[0]}), the scalar definition gives ${values[i]} (${bits[1]})`);
    }
  }
}

/** Layouts that a case is run in: all, or one after the other from case to case. */
export function layoutsFor(kernel: DefinedKernel, which: "all" | number): readonly Layout[] {
  const all = layoutsOf(kernel);
  return which === "all" ? all : [all[which % all.length]];
}

/** Compares one case in the given layouts with both tiles; returns the number of calls. */
export function checkBits(wasm: Wasm, given: Scalar, inputs: Contents, numbers: Sizes, layouts: readonly Layout[], tiles = [0, 1]): number {
  const { kernel } = given;
  const made = new Map<boolean, Record<string, Float32Array | null>>();
  let calls = 0;
  for (const layout of layouts) {
    const wanted = made.get(layout.withOptional) ?? expected(given, inputs, numbers, layout.withOptional);
    made.set(layout.withOptional, wanted);
    for (const tile of tiles) {
      wasm.words[TILE_WORD] = tile;
      try {
        compare(runPlaced(wasm, kernel, inputs, numbers, layout), wanted);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        throw new Error(`${kernel.name} ${JSON.stringify(numbers)} ${JSON.stringify(layout)} tile ${tile}: ${message}`);
      } finally {
        wasm.words[TILE_WORD] = 0;
      }
      calls++;
    }
  }
  return calls;
}
