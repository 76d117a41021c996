// Whether a file has the tensors of a model, before memory is taken for it.
import { withBackend } from "../autograd/index.ts";
import { createDryBackend } from "../backend/index.ts";
import { FormatError } from "../data/format-error.ts";
import { uninitialized, type Module } from "../nn/index.ts";
import type { StoredTensor } from "../train/safetensors.ts";

/** `a, b, c, ...`. */
const listed = (keys: readonly string[]): string => keys.slice(0, 3).join(", ") + (keys.length > 3 ? ", ..." : "");

/** The keys of the model that `make` makes. Throws FormatError: a key without a tensor, or with one of another shape. */
export function checkTensors(
  make: () => Module,
  tensors: ReadonlyMap<string, StoredTensor>,
  { file, model }: { readonly file: string; readonly model: string },
): ReadonlySet<string> {
  const refuse = (found: string, wanted: string): never => {
    throw new FormatError({ file, offset: -1, found, wanted: `${wanted} of ${model}` });
  };
  const entries = withBackend(createDryBackend(), () => {
    try {
      return uninitialized(make).entries();
    } catch (error) {
      return refuse(`settings that make no model (${error instanceof Error ? error.message : String(error)})`, "those");
    }
  });
  const missing = entries.filter(({ key }) => !tensors.has(key)).map(({ key }) => key);
  if (missing.length > 0) refuse(`no tensor for ${missing.length} of ${entries.length} keys (${listed(missing)})`, "those");
  for (const { key, shape } of entries) {
    const given = tensors.get(key)?.shape ?? [];
    if (given.join() !== shape.join()) refuse(`tensor ${key} of shape [${given.join(",")}]`, `[${shape.join(",")}], that`);
  }
  return new Set(entries.map(({ key }) => key));
}
