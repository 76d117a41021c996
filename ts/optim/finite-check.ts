// Looks for NaN and infinities in buffers: a pass of 0.1 ns a value, which steps can afford for all that they change.
import type { Backend, Buffer } from "../autograd/index.ts";
import { nonfinite } from "../kernels/reduce.ts";

/** A value that is NaN or infinite. */
export interface NonFiniteElement {
  readonly index: number;
  readonly value: number;
}

export class FiniteCheck {
  private readonly backend: Backend;
  private readonly count: Buffer;

  /** Error: a backend that answers only later. */
  constructor(backend: Backend) {
    if (!backend.readSync) throw new Error(`finite check: the ${backend.name} backend answers later, wanted one that has values at once`);
    this.backend = backend;
    this.count = backend.allocate(1);
  }

  private values(buffer: Buffer): ArrayLike<number> {
    return this.backend.readSync!(buffer);
  }

  /** The first of `length` values that is not finite; null where all are. */
  first(buffer: Buffer, length: number): NonFiniteElement | null {
    this.backend.run(nonfinite, { x: buffer, y: this.count }, { length });
    if (this.values(this.count)[0] === 0) return null;
    const values = this.values(buffer);
    let index = 0;
    while (index < length && Number.isFinite(values[index])) index++;
    return { index, value: values[index] };
  }

  dispose(): void {
    this.backend.free(this.count);
  }
}
