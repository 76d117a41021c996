// Central differences of a whole model in float64. Where a ReLU changes side between two evaluations, or a window its largest value, the
// loss has a kink: such points are noticed by the signs of all activations, drawn again and counted.
import * as assert from "uvu/assert";
import type { Backend, Buffer } from "../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../ts/backend/reference.ts";

const STEP = 1e-5;

export interface SignedBackend extends Backend {
  /** A number that tells which side every ReLU was on, and what every max pool took, since the last call. */
  side(): number;
}

/** The float64 backend, watching plain and fused ReLUs and max pools. */
export function signedBackend(): SignedBackend {
  const backend = createReferenceBackend();
  let hash = 0;
  const run: Backend["run"] = (kernel, operands, numbers) => {
    backend.run(kernel, operands, numbers);
    const fused = kernel.name === "batch_norm_f32" && (numbers as Record<string, number>).relu === 1;
    const pooled = kernel.name === "max_pool2d_f32";
    if (!fused && !pooled && kernel.name !== "relu_f32") return;
    const operand = (operands as Record<string, Buffer | { readonly buffer: Buffer }>)[pooled ? "index" : "y"];
    for (const value of backend.readSync!("buffer" in operand ? operand.buffer : operand)) {
      const side = pooled ? value : value > 0 ? 0x9e3779b9 : 0x7f4a7c15;
      hash = (Math.imul(hash, 0x01000193) ^ side) >>> 0;
    }
  };
  return {
    ...backend,
    run,
    side: () => {
      const seen = hash;
      hash = 0;
      return seen;
    },
  };
}

/** A tensor whose values are moved, one at a time. */
export interface Moved {
  readonly name: string;
  readonly values: Float64Array;
  readonly write: (values: Float64Array) => void;
  readonly gradient: ArrayLike<number>;
}

export interface Checked {
  readonly points: number;
  readonly redrawn: number;
  readonly worst: number;
}

function largestOf(values: ArrayLike<number>): number {
  return Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/**
 * Compares gradients with Richardson's central differences at up to `places` places of each tensor. Errors are relative to the
 * tensor's largest gradient, or to 1 % of the largest of all where that is more.
 */
export function checkGradients(
  tensors: readonly Moved[],
  {
    side,
    loss,
    places,
    draw,
    tolerance,
  }: { side: () => number; loss: () => number; places: number; draw: () => number; tolerance: number },
): Checked {
  side();
  loss();
  const home = side();
  const overall = tensors.reduce((most, { gradient }) => Math.max(most, largestOf(gradient)), 0);
  let [points, redrawn, worst] = [0, 0, 0];
  for (const { name, values, write, gradient } of tensors) {
    const scale = Math.max(largestOf(gradient), 0.01 * overall);
    /** The error at one place; null where a ReLU changes side. */
    const errorAt = (index: number): number | null => {
      const at = values[index];
      let kink = false;
      const moved = (by: number): number => {
        values[index] = at + by;
        write(values);
        const value = loss();
        if (side() !== home) kink = true;
        return value;
      };
      const wide = (moved(2 * STEP) - moved(-2 * STEP)) / (4 * STEP);
      const narrow = (moved(STEP) - moved(-STEP)) / (2 * STEP);
      values[index] = at;
      write(values);
      return kink ? null : Math.abs((4 * narrow - wide) / 3 - gradient[index]) / scale;
    };
    for (let place = 0; place < Math.min(places, values.length); place++) {
      let index = values.length <= places ? place : Math.floor(draw() * values.length);
      let error = errorAt(index);
      for (let attempt = 0; error === null; attempt++) {
        assert.ok(attempt < 20, `${name}: an activation changes side at every point`);
        redrawn++;
        index = Math.floor(draw() * values.length);
        error = errorAt(index);
      }
      assert.ok(error < tolerance, `${name}[${index}]: gradient ${gradient[index]}, error ${error} of the largest, wanted ${tolerance}`);
      if (error > worst) worst = error;
      points++;
    }
  }
  return { points, redrawn, worst };
}
