// Recomputation: what a part of a forward pass makes is freed after it and made again when backward() comes by, on the same tape, so
// that gradients add up in the same order, to the same bits.
//   checkpoint(() => block.forward(x))
// What must happen once, or costs threads a meeting (statistics of a batch, a measurement, a draw that counts its calls), goes through
// remembered(); the second time it gives the first result.
import { alias, collect, eachTensor, isRecording, keep, noGrad, release, scope, withBackend, withGrad } from "./scope.ts";
import { shapeText, Tensor, type Segment } from "./tensor.ts";

/** Results of remembered() in one run of a segment's work. */
interface Memory {
  readonly entries: unknown[];
  /** The entry to give next; null in the first run, which adds entries. */
  next: number | null;
  /** Of the segment around. */
  readonly outer: Memory | null;
}

let memory: Memory | null = null;

function withMemory<T>(used: Memory | null, work: () => T): T {
  const before = memory;
  memory = used;
  try {
    return work();
  } finally {
    memory = before;
  }
}

const shared = <T>(value: T): T => (value instanceof Tensor ? (alias(value) as T) : value);

/**
 * Runs `work`, which is not recorded; when a checkpoint() around it is run again, gives the first result (a tensor, or a value that is
 * none) instead.
 */
export function remembered<T>(work: () => T): T {
  const own = memory;
  if (own === null) return noGrad(work);
  let outermost = own;
  while (outermost.outer !== null) outermost = outermost.outer;
  // What work itself remembers is part of its result.
  const result =
    outermost.next === null
      ? withMemory(null, () => scope(() => noGrad(() => shared(work()))))
      : shared(outermost.entries[outermost.next++] as T);
  for (let at: Memory | null = own; at !== null; at = at.outer)
    if (at.next === null) at.entries.push(result instanceof Tensor ? keep(alias(result)) : result);
  return result;
}

/** The segment whose work runs for the first time. */
let making: Checkpoint | null = null;
/** The segment that backward() is in; it and those around it have their memory. */
let live: Checkpoint | null = null;

class Checkpoint implements Segment {
  private readonly work: () => unknown;
  private readonly around: Checkpoint | null = making;
  private readonly entries: unknown[] = [];
  private readonly results = new Set<Tensor>();
  private made: readonly Tensor[] = [];

  constructor(work: () => unknown) {
    this.work = work;
  }

  /** The first run. */
  run(): unknown {
    try {
      const { result, made } = within(this, () => this.again(null));
      eachTensor(result, (tensor) => this.results.add(tensor));
      this.made = made;
      for (const { node } of made) if (node !== null) node.segment ??= this;
      this.free();
      return result;
    } finally {
      for (const entry of this.entries) if (entry instanceof Tensor) release(entry);
    }
  }

  private again(next: number | null): ReturnType<typeof collect> {
    return withMemory({ entries: this.entries, next, outer: next === null ? memory : null }, () => collect("checkpoint", this.work));
  }

  private free(): void {
    for (const tensor of this.made) if (!this.results.has(tensor)) tensor.drop();
  }

  private isWithin(other: Checkpoint): boolean {
    return this === other || (this.around?.isWithin(other) ?? false);
  }

  enter(): void {
    if (live?.isWithin(this)) {
      endUpTo(this);
      return;
    }
    if (this.around) this.around.enter();
    else endUpTo(null);
    this.restore();
    live = this; // eslint-disable-line @typescript-eslint/no-this-alias -- backward() is here now
  }

  leave(tensor: Tensor): void {
    if (!this.results.has(tensor)) tensor.drop();
    else this.around?.leave(tensor);
  }

  /** Frees what is left; returns the segment around. */
  end(): Checkpoint | null {
    this.free();
    return this.around;
  }

  private restore(): void {
    const { made } = withBackend(this.made[0].backend, () => withGrad(() => this.again(0)));
    const differs = made.findIndex((tensor, index) => shapeText(tensor.shape) !== shapeText(this.made[index]?.shape ?? []));
    if (differs >= 0 || made.length !== this.made.length)
      throw new Error(
        `checkpoint: ${this.made.length} tensors and ${made.length} when run again` +
          (differs < 0 || differs >= this.made.length
            ? ""
            : `, number ${differs} of shape ${shapeText(this.made[differs].shape)} and ${shapeText(made[differs].shape)}`) +
          ", wanted the same: what it makes must depend on tensors and variables alone; remembered() is for what does not",
      );
    made.forEach((tensor, index) => {
      const own = this.made[index];
      if (own.freed && !tensor.freed) own.revive(tensor);
      tensor.dispose();
    });
  }
}

function within<T>(segment: Checkpoint, work: () => T): T {
  const before = making;
  making = segment;
  try {
    return work();
  } finally {
    making = before;
  }
}

/** Frees what segments inside `segment` have made again. */
function endUpTo(segment: Checkpoint | null): void {
  while (live !== segment && live !== null) live = live.end();
}

/** Frees what segments have made again, when backward() ends. */
export function leaveSegments(): void {
  endUpTo(null);
}

/**
 * Runs `work` and returns its result (a tensor, or an array or plain object of them). Everything else that it makes is freed, and made
 * again in backward(): memory for the time of one more forward pass, gradients with the same bits. `work` is run twice and must do the
 * same both times; see remembered(). May be nested. Without recording it is a scope().
 */
export function checkpoint<T>(work: () => T): T {
  return isRecording() ? (new Checkpoint(work).run() as T) : scope(work);
}
