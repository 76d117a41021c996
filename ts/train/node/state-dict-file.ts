// State dicts in safetensors files.
import { readRegular } from "../../data/node/read-file.ts";
import type { StateDict } from "../../nn/index.ts";
import { decodeStateDict, encodeStateDict } from "../state-file.ts";
import { MOST_FILE_BYTES, writeFileAtomic } from "./atomic-file.ts";

/** The values in a safetensors file, for model.loadStateDict(). Throws FormatError, as decodeStateDict. */
export async function readStateDict(path: string): Promise<StateDict> {
  return decodeStateDict(await readRegular(path, { what: "a safetensors file", most: MOST_FILE_BYTES }), path);
}

/** Writes model.stateDict() to a safetensors file, which is the old one or the new one at any time. Throws WriteError. */
export async function writeStateDict(path: string, dict: StateDict): Promise<void> {
  await writeFileAtomic(path, encodeStateDict(dict));
}
