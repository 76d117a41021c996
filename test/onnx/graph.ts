// Runs the nodes of an ONNX graph on a backend, one after the other, by the operators of ops.ts, and finds the vectors in a folder.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as t from "../../ts/autograd/index.ts";
import type { Backend, Tensor } from "../../ts/autograd/index.ts";
import { Absent, whole, type NodeContext, type Operator } from "./operator.ts";
import { operators } from "./ops.ts";
import { readModel, readTensor, type Attribute, type Model, type Node, type Value } from "./protobuf.ts";

const isValue = (attribute: Attribute | undefined): attribute is Value =>
  typeof attribute === "object" && attribute !== null && "data" in attribute;

const list = (values: readonly number[]): Tensor => t.tensor(Float64Array.from(values), [values.length]);

/** What graphs need to reckon with shapes; perpend does that outside of tensors. */
const ofShapes: Readonly<Record<string, Operator>> = {
  Constant: (_, { attributes }) => {
    const { value, value_float, value_int } = attributes;
    if (isValue(value)) return [t.tensor(value.data, value.shape)];
    const scalar = value_float ?? value_int;
    if (typeof scalar !== "number") throw new Absent("a constant of this kind");
    return [t.tensor(Float64Array.of(scalar), [])];
  },
  ConstantOfShape: (_, node) => {
    const shape = node.host(0) ?? [];
    const { value } = node.attributes;
    return [t.tensor(new Float64Array(t.sizeOf(shape)).fill(isValue(value) ? value.data[0] : 0), shape)];
  },
  Cast: ([x], node) => {
    const to = whole(node, "to", 1);
    return [to === 1 ? t.alias(x!) : t.tensor(node.host(0)!.map(to === 9 ? (value) => (value === 0 ? 0 : 1) : Math.trunc), x!.shape)];
  },
  Shape: ([x], node) => [list(x!.shape.slice(whole(node, "start", 0), "end" in node.attributes ? whole(node, "end", 0) : undefined))],
  Size: ([x]) => [t.tensor(Float64Array.of(x!.size), [])],
};

/** Why a model cannot be run, or null. */
export function missing(model: Model): string | null {
  for (const { op, domain } of model.nodes) {
    if (!["", "ai.onnx", "ai.onnx.preview.training"].includes(domain)) return `operators of ${domain}`;
    if (!Object.hasOwn(operators, op) && !Object.hasOwn(ofShapes, op)) return op;
  }
  return model.nodes.every(({ op }) => Object.hasOwn(ofShapes, op)) ? model.nodes.map(({ op }) => op).join(" ") : null;
}

function contextOf(node: Node, opset: number, values: ReadonlyMap<string, Tensor>): NodeContext {
  return {
    attributes: node.attributes,
    outputs: node.outputs,
    opset,
    host: (input) => {
      const value = values.get(node.inputs[input] ?? "");
      return value === undefined ? null : [...value.toArray()];
    },
    text: (name, otherwise) => {
      const value = node.attributes[name];
      return typeof value === "string" ? value : otherwise;
    },
  };
}

/** The graph's outputs as numbers, those that an operator leaves out undefined. */
export function run(
  model: Model,
  inputs: readonly Value[],
  backend: Backend,
): (readonly [shape: readonly number[], values: ArrayLike<number>] | undefined)[] {
  return t.withBackend(backend, () =>
    t.scope(() => {
      const values = new Map<string, Tensor>();
      const give = (name: string, { data, shape }: Value): unknown => values.set(name, t.tensor(data, shape));
      for (const value of model.initializers) give(value.name, value);
      const named = model.inputs.filter((name) => !values.has(name));
      inputs.forEach((value, index) => give(named[index], value));
      for (const node of model.nodes) {
        const operator = operators[node.op] ?? ofShapes[node.op];
        const given = node.inputs.map((name) => (name === "" ? null : (values.get(name) ?? null)));
        operator(given, contextOf(node, model.opset, values)).forEach((output, index) => values.set(node.outputs[index] ?? "", output));
      }
      return model.outputs.map((name) => {
        const value = values.get(name);
        return value && ([value.shape, value.toArray()] as const);
      });
    }),
  );
}

export interface Vector {
  readonly name: string;
  readonly model: Model;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

function tensors(folder: string, kind: string): Value[] {
  const found: Value[] = [];
  for (let i = 0; existsSync(join(folder, `${kind}_${i}.pb`)); i++) found.push(readTensor(readFileSync(join(folder, `${kind}_${i}.pb`))));
  return found;
}

/** Every set of data of every model below a folder. */
export function vectorsIn(root: string): Vector[] {
  return readdirSync(root)
    .filter((name) => existsSync(join(root, name, "model.onnx")))
    .sort()
    .flatMap((name) => {
      const model = readModel(readFileSync(join(root, name, "model.onnx")));
      const sets = readdirSync(join(root, name)).filter((set) => set.startsWith("test_data_set_"));
      return sets.sort().map((set, index) => {
        const folder = join(root, name, set);
        return {
          name: index === 0 ? name : `${name} ${index}`,
          model,
          inputs: tensors(folder, "input"),
          outputs: tensors(folder, "output"),
        };
      });
    });
}
