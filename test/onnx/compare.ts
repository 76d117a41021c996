// Runs ONNX vectors on both backends and compares: what was compared, what was left out and why, the largest error.
import type { Backend } from "../../ts/autograd/index.ts";
import { missing, run, type Vector } from "./graph.ts";
import { Absent } from "./operator.ts";
import type { Value } from "./protobuf.ts";

export interface Findings {
  readonly compared: string[];
  /** Names by the reason. */
  readonly skipped: Map<string, string[]>;
  readonly failed: string[];
  readonly operators: Set<string>;
  /** Largest error by backend, in the unit of the bound. */
  readonly worst: Record<string, number>;
}

/** Types that come out of perpend: its own, and the whole numbers and truth values that it holds as floats. */
const ours: readonly string[] = ["float", "double", "bool"];
const ofIndices: readonly string[] = ["ArgMax", "ArgMin"];

function reasonAgainst({ model, inputs, outputs }: Vector): string | null {
  const absent = missing(model);
  if (absent !== null) return absent;
  const isTensor = ({ shape, data }: Value): boolean => shape.reduce((product, length) => product * length, 1) === data.length;
  if (outputs.length < model.outputs.length || ![...inputs, ...outputs].every(isTensor)) return "values that are no tensors of numbers";
  const types = ["float", "double", "bool", "int64", "int32", "uint8", "int8", "int16", "uint16", "uint32", "uint64"];
  const odd = inputs.map(({ type }) => type).find((type) => !types.includes(type));
  if (odd !== undefined) return `elements of type ${odd}`;
  const type = outputs[0].type;
  return ours.includes(type) || ofIndices.includes(model.nodes[0].op) ? null : `elements of type ${type}`;
}

/** Error in units of: 1e-6 of the largest value of the output, and 1e-6 of the value itself. Where a value is not finite it must be equal. */
function errorOf(got: ArrayLike<number>, wanted: Float64Array): number {
  let largest = 0;
  for (const value of wanted) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  let worst = 0;
  for (let i = 0; i < wanted.length; i++) {
    if (Object.is(got[i], wanted[i]) || got[i] === wanted[i]) continue;
    const error = Math.abs(got[i] - wanted[i]) / (1e-6 * (largest + Math.abs(wanted[i])));
    worst = error >= 0 ? Math.max(worst, error) : Infinity;
  }
  return worst;
}

/** Compares all vectors, those of float64 in float64 alone; a failure names the output and the error. */
export function compareAll(vectors: readonly Vector[], backends: readonly Backend[], bound: number): Findings {
  const findings: Findings = { compared: [], skipped: new Map(), failed: [], operators: new Set(), worst: {} };
  const skip = (reason: string, name: string): void => {
    findings.skipped.set(reason, [...(findings.skipped.get(reason) ?? []), name]);
  };
  for (const vector of vectors) {
    const reason = reasonAgainst(vector);
    if (reason !== null) {
      skip(reason, vector.name);
      continue;
    }
    try {
      const isWide = [...vector.inputs, ...vector.outputs].some(({ type }) => type === "double");
      for (const backend of backends.filter(({ elementBytes }) => !isWide || elementBytes === 8)) {
        const outputs = run(vector.model, vector.inputs, backend);
        vector.outputs.forEach(({ shape, data }, index) => {
          const output = outputs[index];
          if (output === undefined && index > 0) return;
          if (output === undefined) throw new Error("no first output");
          if (output[0].join() !== shape.join()) throw new Error(`output ${index} is [${output[0].join()}], wanted [${shape.join()}]`);
          const error = errorOf(output[1], data);
          findings.worst[backend.name] = Math.max(findings.worst[backend.name] ?? 0, error);
          if (!(error <= bound)) throw new Error(`output ${index} on ${backend.name} is wrong by ${error} units`);
        });
      }
      findings.compared.push(vector.name);
      for (const { op } of vector.model.nodes) findings.operators.add(op);
    } catch (error) {
      if (error instanceof Absent) skip(`${vector.model.nodes[0].op} with ${error.message}`, vector.name);
      else findings.failed.push(`${vector.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return findings;
}
