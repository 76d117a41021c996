// Differentiable operations: an op is its forward, the gradients of its inputs and the samples it is checked on, in one place. vjp
// returns a function an input, so that a gradient nobody needs costs nothing; nothing inside forward or vjp is recorded.
//   const square = defineOp("square", {
//     forward: ([x]) => multiply(x, x),
//     vjp: (dy, _y, [x]) => [() => multiply(dy, affine(x, 2, 0))],
//     samples: [{ inputs: [[2, 3]], attributes: {} }] });
import { shapeText, Tensor, type InputGradient, type Shape } from "./tensor.ts";
import { alias, isRecording, noGrad, scope } from "./scope.ts";
import { sliceSamples, type BatchSlice } from "./slice.ts";
import { tell } from "./watch.ts";

/** What an op is given: tensors, with null for an optional one that is absent. */
export type Inputs = readonly (Tensor | null)[];

export type Gradients = readonly (InputGradient | null)[];

export interface Forward {
  readonly value: Tensor;
  /** Tensors that vjp needs and that are no inputs. */
  readonly saved?: readonly Tensor[];
  /** Batch of the result, where it is not that of the first input that is of a batch; null for a sum over the batch. */
  readonly batch?: BatchSlice | null;
}

export interface OpSample<A> {
  /** Shapes of the inputs; null for an absent one. */
  readonly inputs: readonly (Shape | null)[];
  readonly attributes: A;
  /** Makes values of an input from a standard normal deviate, where plain deviates are outside the op's domain. */
  readonly fill?: (input: number, index: number, normal: number) => number;
  /** Inputs without a gradient (indices, masks). */
  readonly constant?: readonly number[];
}

export interface OpSpec<I extends Inputs, A> {
  readonly forward: (inputs: I, attributes: A) => Tensor | Forward;
  readonly vjp: (dy: Tensor, y: Tensor, inputs: I, attributes: A, saved: readonly Tensor[]) => Gradients;
  /** What the gradient test runs. */
  readonly samples: readonly OpSample<A>[];
}

export interface Op<I extends Inputs, A> {
  (inputs: I, attributes: A): Tensor;
  readonly opName: string;
  readonly spec: OpSpec<I, A>;
}

/** The batch of the first input that is of one. */
export function batchOf(inputs: Inputs): BatchSlice | null {
  for (const input of inputs) if (input !== null && input.batch !== null) return input.batch;
  return null;
}

/** For a result of `name` whose first axis no longer holds the samples of x's batch: no batch. Error: where threads share the batch. */
export function leaveBatch(name: string, { batch, shape }: Pick<Tensor, "batch" | "shape">): null {
  if (batch !== null && batch.exchange !== null)
    throw new Error(`${name}: moves the samples of a batch in ${shapeText(shape)}, wanted them left on axis 0 where threads share a batch`);
  return null;
}

/** Declares an operation with its gradient; see the head of this file for an example. */
export function defineOp<I extends Inputs, A>(name: string, spec: OpSpec<I, A>): Op<I, A> {
  const apply = (inputs: I, attributes: A): Tensor => {
    const made: Forward = scope(() =>
      noGrad(() => {
        const result = spec.forward(inputs, attributes);
        const forward = result instanceof Tensor ? { value: result } : { ...result };
        // An identity may return its input: the tape needs a tensor of its own.
        return inputs.includes(forward.value) ? { ...forward, value: alias(forward.value) } : forward;
      }),
    );
    const { value, saved = [] } = made;
    const batch = made.batch === undefined ? batchOf(inputs) : made.batch;
    value.batch = batch === null || value.shape[0] === sliceSamples(batch) ? batch : leaveBatch(name, { batch, shape: value.shape });
    tell(name, value, inputs);
    const own = saved.filter((tensor) => tensor !== value && !inputs.includes(tensor));
    if (isRecording() && inputs.some((input) => input?.requiresGrad)) {
      value.requiresGrad = true;
      value.node = {
        name,
        inputs,
        saved: own,
        spent: false,
        backward: (dy, y) => spec.vjp(dy, y, inputs, attributes, saved),
      };
    } else for (const tensor of own) tensor.dispose();
    return value;
  };
  return Object.assign(apply, { opName: name, spec });
}
