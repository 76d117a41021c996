// Compares a folder of ONNX vectors on both backends and prints the counts.
import { createReferenceBackend, createWasmBackend } from "../../ts/backend/index.ts";
import { readKernels } from "../../ts/node.ts";
import { compareAll } from "./compare.ts";
import { vectorsIn } from "./graph.ts";

/** In units of compare.ts: 5e-7 of the largest value of an output plus 5e-7 of the value. */
const BOUND = 0.5;

/** Compares what is in a folder; returns how many vectors were compared and what failed. */
export function compareFolder(title: string, path: string): { readonly compared: number; readonly failed: readonly string[] } {
  const backends = [createReferenceBackend(), createWasmBackend(new WebAssembly.Module(readKernels()))];
  const vectors = vectorsIn(path);
  const { compared, failed, operators, skipped, worst } = compareAll(vectors, backends, BOUND);
  const reasons = [...skipped].map(([reason, names]) => `${reason} ${names.length}`);
  const count = [...skipped.values()].flat().length;
  const errors = Object.entries(worst).map(([backend, error]) => `${backend} ${(error * 1e-6).toExponential(1)}`);
  console.log(
    `\nonnx ${title}: ${compared.length} vectors of ${operators.size} operators compared, largest errors ${errors.join(", ")}; ` +
      `${count} of ${vectors.length} skipped (${reasons.join(", ")})`,
  );
  const lost = vectors.length - compared.length - count - failed.length;
  return { compared: compared.length, failed: lost === 0 ? failed : [...failed, `${lost} vectors are nowhere`] };
}
