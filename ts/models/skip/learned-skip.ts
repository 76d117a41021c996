// What skips with learned numbers share: each number is a parameter of one value, [1], with a start of its own.
import type { Tensor } from "../../autograd/index.ts";
import { Module, Variable, type StateEntry } from "../../nn/index.ts";
import type { Skip, SkipKind, StepContext } from "./skip.ts";

export abstract class LearnedSkip extends Module implements Skip {
  private readonly starts: Readonly<Record<string, number>>;
  private readonly variables: Readonly<Record<string, Variable>>;

  constructor(starts: Readonly<Record<string, number>>) {
    super();
    this.starts = starts;
    this.variables = Object.fromEntries(Object.keys(starts).map((name) => [name, new Variable([1])]));
    this.reset();
  }

  /** A parameter by its name. */
  protected learned(name: string): Variable {
    return this.variables[name];
  }

  override reset(): void {
    for (const [name, { backend, buffer }] of Object.entries(this.variables)) backend.fill(buffer, this.starts[name]);
  }

  protected override own(): StateEntry[] {
    return Object.entries(this.variables).map(([key, variable]) => ({ key, variable, shape: [1] }));
  }

  abstract join(stream: Tensor, branch: () => Tensor, context: StepContext): Tensor;
}

/** Errors: a start that is no finite number. */
export function checkStart(who: string, name: string, start: number): void {
  if (!Number.isFinite(start)) throw new Error(`${who}: ${name} ${start} at the start, wanted a finite number`);
}

/** Error: a kind that does not read its stream, inside one that is about the stream. */
export function wantStream(who: string, kind: SkipKind | undefined): void {
  if (!kind?.ignoresStream && !kind?.ignoresStreamAtTimes) return;
  const when = kind.ignoresStream ? "" : " in all blocks and steps";
  throw new Error(`${who}: around "${kind.label}", which does not read its stream${when}, wanted a skip that does`);
}

/** What is said of the stream of a kind that is sometimes one, sometimes another. */
export function eitherStream(...kinds: readonly SkipKind[]): Pick<SkipKind, "ignoresStream" | "ignoresStreamAtTimes"> {
  if (kinds.every(({ ignoresStream }) => ignoresStream)) return { ignoresStream: true };
  return kinds.some(({ ignoresStream, ignoresStreamAtTimes }) => ignoresStream || ignoresStreamAtTimes) ? { ignoresStreamAtTimes: true } : {}; // prettier-ignore
}
