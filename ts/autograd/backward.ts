// Runs the tape backward. Gradients of leaves add up in tape order and stay with the leaf; all others are freed as soon as they
// are used. With a batch spread over threads the gradients of leaves stay in parts until the threads meet.
import { leaveSegments } from "./checkpoint.ts";
import { alias, empty, keep, noGrad, scope } from "./scope.ts";
import { addInto, finish } from "./shard-sum.ts";
import { ShardSum, shapeText, Tensor, type InputGradient, type TapeNode } from "./tensor.ts";

function sameShape(a: Tensor | ShardSum, b: Tensor): boolean {
  return a.shape.length === b.shape.length && a.shape.every((length, axis) => length === b.shape[axis]);
}

function addToLeaf(leaf: Tensor, part: Tensor | ShardSum): void {
  if (part instanceof ShardSum || leaf.pending !== null) {
    // Other threads hold the rest: keep the parts apart, in order.
    if (leaf.pending === null) leaf.pending = [];
    if (leaf.grad !== null) leaf.pending.push(leaf.grad);
    leaf.grad = null;
    if (part instanceof ShardSum) part.values.forEach((value) => value && keep(value));
    else keep(part);
    leaf.pending.push(part);
    return;
  }
  if (leaf.grad === null) leaf.grad = keep(part);
  else {
    addInto(leaf.grad, part);
    part.dispose();
  }
}

/** All nodes that the result depends on, latest first. */
function tapeOf(result: Tensor): Tensor[] {
  const seen = new Set<Tensor>([result]);
  const open = [result];
  while (open.length > 0) {
    const tensor = open.pop()!;
    if (tensor.node?.spent)
      throw new Error(
        `backward: ${tensor.node.name} of shape ${shapeText(tensor.shape)} was used up by an earlier backward(), wanted a new forward pass, ` +
          "or one backward() of the losses' sum",
      );
    for (const input of tensor.node?.inputs ?? [])
      if (input?.requiresGrad && !seen.has(input)) {
        seen.add(input);
        open.push(input);
      }
  }
  return [...seen].sort((a, b) => b.id - a.id);
}

export interface BackwardOptions {
  /** Gradient of some loss by this tensor; by default 1, for a tensor of one element. */
  readonly gradient?: Tensor;
  /** Not supported: gradients cannot be differentiated again. */
  readonly createGraph?: boolean;
}

/**
 * Adds d(result)/d(leaf) to `leaf.grad` of every leaf that requires a gradient. The tape of `result` is used up.
 * Errors: a result that depends on no such leaf, or of more than one element without `gradient`.
 */
export function backward(result: Tensor, { gradient, createGraph = false }: BackwardOptions = {}): void {
  if (createGraph) throw new Error("backward: createGraph was asked for, but second derivatives are not supported");
  if (!result.requiresGrad)
    throw new Error(
      "backward: the tensor depends on nothing that requires a gradient, wanted one that does (second derivatives are not supported: gradients themselves are not recorded)",
    );
  if (!gradient && result.size !== 1)
    throw new Error(`backward: a tensor of shape ${shapeText(result.shape)}, wanted one element or { gradient }`);
  if (gradient && !sameShape(gradient, result))
    throw new Error(`backward: gradient of shape ${shapeText(gradient.shape)} for ${shapeText(result.shape)}, wanted the same`);
  try {
    noGrad(() =>
      scope(() => {
        const gradients = new Map<Tensor, Tensor>();
        const seed = gradient ? alias(gradient) : empty(result.shape, result.backend);
        if (!gradient) result.backend.fill(seed.buffer, 1);
        seed.batch = result.batch;
        gradients.set(result, seed);
        /** The sum so far of an input's gradient, where the node may add to it: nobody else has its memory, nor does the node twice. */
        const sofar = ({ inputs }: TapeNode, position: number): Tensor | null => {
          const sum = gradients.get(inputs[position]!);
          return sum?.shared.references === 1 && inputs.indexOf(inputs[position]) === inputs.lastIndexOf(inputs[position]) ? sum : null;
        };
        const add = (input: Tensor, part: Tensor | ShardSum): void => {
          if (part === gradients.get(input)) return;
          if (!sameShape(part, input))
            throw new Error(
              `backward: a gradient of shape ${shapeText(part.shape)} for an input of ${shapeText(input.shape)}, wanted the same`,
            );
          if (input.node === null) {
            addToLeaf(input, part instanceof Tensor && part.shared.references > 1 ? copyOf(part) : part);
            return;
          }
          const whole = finish(part, input.backend);
          const before = gradients.get(input);
          if (before === undefined) {
            whole.batch = input.batch;
            gradients.set(input, whole);
          } else if (before.shared.references > 1) {
            const own = copyOf(before);
            own.batch = input.batch;
            before.dispose();
            gradients.set(input, addInto(own, whole));
            whole.dispose();
          } else {
            addInto(before, whole);
            whole.dispose();
          }
        };
        for (const tensor of tapeOf(result)) {
          const dy = gradients.get(tensor);
          if (dy === undefined) continue;
          gradients.delete(tensor);
          const node = tensor.node;
          if (node === null) {
            addToLeaf(tensor, dy.shared.references > 1 ? copyOf(dy) : dy);
            continue;
          }
          node.spent = true;
          node.segment?.enter();
          const thunks = node.backward(dy, tensor);
          const wanted = node.inputs.map((input, position) => (input?.requiresGrad ? thunks[position] : null));
          partsOf(wanted, (position) => sofar(node, position)).forEach((part, position) => {
            if (part !== null) add(node.inputs[position]!, part);
          });
          for (const saved of node.saved) saved.dispose();
          node.segment?.leave(tensor);
          dy.dispose();
        }
      }),
    );
  } finally {
    leaveSegments();
  }
}

function copyOf(tensor: Tensor): Tensor {
  const made = empty(tensor.shape, tensor.backend);
  tensor.backend.copy(tensor.backend.view(tensor.buffer, 0, tensor.size), made.backend.view(made.buffer, 0, made.size));
  tensor.dispose();
  return made;
}

/** Runs the gradients of one node in a scope, keeping only their results. */
function partsOf(
  wanted: readonly (InputGradient | null)[],
  sofar: (position: number) => Tensor | null,
): readonly (Tensor | ShardSum | null)[] {
  let parts: (Tensor | ShardSum | null)[] = [];
  scope(() => {
    parts = wanted.map((gradient, position) => gradient && gradient(sofar(position)));
    return parts.flatMap((part) => (part instanceof ShardSum ? part.values.filter((value) => value !== null) : (part ?? [])));
  });
  return parts;
}

/** The gradients of `result` by the given leaves; their `grad` fields stay as they were. */
export function gradients(result: Tensor, of: readonly Tensor[], options: BackwardOptions = {}): Tensor[] {
  if (of.some((tensor) => tensor.node !== null))
    throw new Error("gradients: a tensor that an operation made, wanted leaves (requiresGrad set on them)");
  const before = of.map((tensor) => tensor.grad);
  for (const tensor of of) tensor.grad = null;
  const found: Tensor[] = [];
  try {
    backward(result, options);
    const missing = of.findIndex(({ grad }) => grad === null);
    if (missing >= 0) throw new Error(`gradients: the result does not depend on tensor ${missing}, wanted one that it depends on`);
    found.push(...of.map(({ grad }) => grad!));
  } finally {
    of.forEach((tensor, index) => {
      if (found.length === 0) tensor.grad?.dispose();
      tensor.grad = before[index];
    });
  }
  return found;
}
