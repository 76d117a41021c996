// What a model is made of: every layer in the order of a forward pass, with the shape it gives, its parameters and its work.
// FLOPs are 2 for each multiply-add of convolutions, linear layers and attention on one input, as papers count; norms, activations and sums are
// left out. On a model made on the dry backend nothing is computed.
import { empty, scope, sizeOf, withBackend, withGrad, type Shape } from "../autograd/index.ts";
import { AttentionHeads, Conv2d, Layer, Linear, type Module } from "../nn/index.ts";

export interface SummaryRow {
  /** Path in the model, as in its state's keys. */
  readonly path: string;
  /** What it is, e.g. `Conv2d 3x3, stride 2`. */
  readonly layer: string;
  /** Shape of its output without the batch. */
  readonly output: Shape;
  /** Its own parameters; a layer that is called twice has them in its first row. */
  readonly parameters: number;
  readonly flops: number;
}

export interface ModelSummary {
  readonly rows: readonly SummaryRow[];
  /** Shape of one input. */
  readonly input: Shape;
  readonly parameters: number;
  /** Values that are kept but not trained: running statistics. */
  readonly otherState: number;
  /** FLOPs of a forward pass on one input. */
  readonly flops: number;
  /** Bytes that one input keeps in memory between the forward and the backward pass. */
  readonly activationBytes: number;
}

function describe(module: Module): string {
  const name = module.constructor.name;
  if (module instanceof Linear) return `${name} ${module.weight.shape[1]} to ${module.weight.shape[0]}`;
  if (!(module instanceof Conv2d)) return name;
  const [rows, columns] = module.weight.shape;
  const { stride = 1, groups = 1 } = module.options;
  const strides = String(stride);
  return `${name} ${rows}x${columns}${strides === "1" || strides === "1,1" ? "" : `, stride ${strides}`}${groups > 1 ? `, ${groups} groups` : ""}`;
}

/** Multiply-adds of one call: each output value takes one of each weight it sees. */
function multiplyAdds(module: Module, output: Shape): number {
  if (module instanceof Conv2d) return (sizeOf(output) / module.weight.shape[3]) * module.weight.size;
  if (module instanceof Linear) return (sizeOf(output) / module.weight.shape[0]) * module.weight.size;
  // Two products of each token with all others.
  if (module instanceof AttentionHeads) return 2 * sizeOf(output) * output[0];
  return 0;
}

/** Number of parameters of each module's own, by its path. */
function parametersByOwner(model: Module): Map<string, number> {
  const paths = new Set([...model.namedModules()].map(([path]) => path));
  const owned = new Map<string, number>();
  for (const [key, { size }] of model.namedParameters()) {
    let path = key;
    do path = path.slice(0, Math.max(0, path.lastIndexOf(".")));
    while (!paths.has(path));
    owned.set(path, (owned.get(path) ?? 0) + size);
  }
  return owned;
}

/** Runs `model` once, in evaluation, on a batch of one input of the given shape, and says what it is made of. The model stays as it is. */
export function summarizeModel(model: Layer, input: Shape): ModelSummary {
  const backend = model.parameters()[0]?.backend;
  if (backend === undefined) throw new Error("summarizeModel: a model without parameters, wanted at least one");
  const rows: SummaryRow[] = [];
  const owned = parametersByOwner(model);
  const watched: Layer[] = [];
  // How many rows there were when each call under way began.
  const calls: number[] = [];
  for (const [path, module] of model.namedModules()) {
    if (!(module instanceof Layer) || watched.includes(module)) continue;
    watched.push(module);
    const forward = module.forward.bind(module);
    module.forward = (x) => {
      calls.push(rows.length);
      const y = forward(x);
      // Rows made meanwhile are those of its parts.
      const isLeaf = calls.pop() === rows.length;
      const parameters = owned.get(path) ?? 0;
      owned.delete(path);
      const output = y.shape.slice(1);
      if (isLeaf || parameters > 0)
        rows.push({ path, layer: describe(module), output, parameters, flops: 2 * multiplyAdds(module, output) });
      return y;
    };
  }
  const wasTraining = model.training;
  try {
    model.eval();
    const activationBytes = withBackend(backend, () =>
      scope(() =>
        withGrad(() => {
          const before = backend.memoryUse().bytes;
          const x = empty([1, ...input], backend);
          backend.fill(x.buffer, 0);
          model.forward(x);
          return backend.memoryUse().bytes - before;
        }),
      ),
    );
    const variables = model.namedVariables().map(([, variable]) => variable);
    const parameters = model.parameters().reduce((sum, { size }) => sum + size, 0);
    return {
      rows,
      input,
      parameters,
      otherState: variables.reduce((sum, { size }) => sum + size, 0) - parameters,
      flops: rows.reduce((sum, { flops }) => sum + flops, 0),
      activationBytes,
    };
  } finally {
    // The prototype's forward shows again.
    for (const module of watched) Reflect.deleteProperty(module, "forward");
    model.train(wasTraining);
  }
}

const thousands = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ",");
const millions = (value: number): string => (value === 0 ? "" : (value / 1e6).toFixed(2));

/** A summary as a table of text, with the sums below it. */
export function formatSummary({ rows, input, parameters, otherState, flops, activationBytes }: ModelSummary): string {
  const head = ["layer", "", "output", "parameters", "MFLOP"];
  const cells = rows.map((row) => [
    row.path,
    row.layer,
    row.output.join("x"),
    row.parameters === 0 ? "" : thousands(row.parameters),
    millions(row.flops),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...cells].map((line) => line[column].length)));
  const line = (texts: readonly string[]): string =>
    texts.map((text, column) => (column < 3 ? text.padEnd(widths[column]) : text.padStart(widths[column]))).join("  ");
  const other = otherState > 0 ? ` and ${thousands(otherState)} running statistics` : "";
  return [
    line(head),
    ...cells.map(line),
    "",
    `input        ${input.join("x")}`,
    `parameters   ${thousands(parameters)}${other}, ${((4 * (parameters + otherState)) / 1e6).toFixed(2)} MB`,
    `forward      ${(flops / 1e6).toFixed(1)} MFLOP an image (2 a multiply-add); a training step takes about 3 times as many`,
    `activations  ${(activationBytes / 1e6).toFixed(2)} MB an image in training`,
  ]
    .map((text) => text.trimEnd())
    .join("\n");
}
