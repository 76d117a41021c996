// A checkpoint in a file: its header is read and checked before memory is taken for the tensors. Hashes by Node's own SHA-256.
import { createHash } from "node:crypto";
import { openRegular, readInto, type RegularFile } from "../../data/node/read-file.ts";
import { FormatError } from "../../data/format-error.ts";
import { decodeCheckpoint, decodeCheckpointHeader, encodeCheckpoint, type Checkpoint } from "../checkpoint-format.ts";
import { LENGTH_BYTES, safetensorsHeaderEnd } from "../safetensors.ts";
import { MOST_FILE_BYTES } from "./atomic-file.ts";

const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The bytes of a checkpoint, as encodeCheckpoint gives them. */
export function checkpointBytes(checkpoint: Checkpoint): Uint8Array {
  return encodeCheckpoint(checkpoint, hash);
}

/** A checkpoint from its bytes, every hash checked. Throws FormatError. */
export function parseCheckpoint(bytes: Uint8Array, file: string): Checkpoint {
  return decodeCheckpoint(bytes, file, hash);
}

async function readStart(file: RegularFile, bytes: number): Promise<Uint8Array> {
  const start = new Uint8Array(Math.min(bytes, file.size));
  return start.subarray(0, await readInto(file, start));
}

/** The checkpoint in a file, every hash checked. Throws FormatError. */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const file = await openRegular(path, { what: "a checkpoint" });
  try {
    const { size } = file;
    if (size > MOST_FILE_BYTES)
      throw new FormatError({ file: path, offset: -1, found: `${size} bytes`, wanted: `at most ${MOST_FILE_BYTES}` });
    const end = safetensorsHeaderEnd(await readStart(file, LENGTH_BYTES), path, size);
    decodeCheckpointHeader(await readStart(file, end), path, { fileBytes: size, hash });
    return parseCheckpoint(await readStart(file, size), path);
  } finally {
    await file.handle.close();
  }
}
