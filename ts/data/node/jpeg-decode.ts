// JPEG to 8-bit RGB by the decoder of @jsquash/jpeg (mozjpeg in WebAssembly), at once and on the calling thread. One decoder serves many
// pictures; one that failed, or whose memory grew for a large picture, is not used again.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import makeDecoder from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import type { Picture } from "../picture.ts";
import { checkJpeg } from "../jpeg-check.ts";
import type { Fail } from "../png.ts";

/** Pixels beyond which a decoder is given up after the picture. */
const KEPT_FOR = 4_000_000;

interface Decoder {
  decode(data: ArrayBuffer, turnAsExif: boolean): ImageData | null;
  /** What it said of the picture. */
  readonly complaints: string[];
}

type Receive = (instance: WebAssembly.Instance) => void;

let compiled: WebAssembly.Module | undefined;
let kept: Decoder | undefined;

function newDecoder(): Decoder {
  compiled ??= new WebAssembly.Module(readFileSync(createRequire(import.meta.url).resolve("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm")));
  const module = compiled;
  const complaints: string[] = [];
  // Emscripten's loader fills in this object; as the instance is made at once, it is complete on return.
  const filled = {
    noInitialRun: true,
    print: () => {},
    printErr: (text: string) => complaints.push(text),
    instantiateWasm: (imports: WebAssembly.Imports, receive: Receive) => {
      const instance = new WebAssembly.Instance(module, imports);
      receive(instance);
      return instance.exports;
    },
  };
  (makeDecoder as unknown as (options: object) => Promise<unknown>)(filled).catch(() => {});
  const { decode } = filled as unknown as Decoder;
  return { decode, complaints };
}

/** Decodes a JPEG whose segments are sound, turned as EXIF says. `checkSize` may refuse its size before. */
export function decodeJpeg(bytes: Uint8Array, checkSize: (width: number, height: number, at: number) => void, fail: Fail): Picture {
  const size = checkJpeg(bytes, checkSize, fail);
  const decoder = kept ?? newDecoder();
  const { complaints } = decoder;
  kept = undefined;
  const exitCode = process.exitCode;
  let image: ImageData | null;
  try {
    image = decoder.decode(Uint8Array.from(bytes).buffer, true);
  } catch (error) {
    // The decoder leaves by exit().
    process.exitCode = exitCode;
    return fail(-1, `no JPEG that can be decoded (${complaints[0] ?? (error as Error).message})`, "a sound one");
  }
  if (image === null) return fail(-1, "no JPEG that can be decoded", "a sound one");
  // The decoder fills in what is missing; half a picture is no picture here.
  if (complaints.length > 0) return fail(-1, `a damaged JPEG (${complaints[0]})`, "a sound one");
  const { width, height, data } = image;
  if (width * height !== size.width * size.height)
    return fail(-1, `${width}x${height} pixels after decoding`, `the ${size.width}x${size.height} of its header`);
  if (width * height <= KEPT_FOR) kept = decoder;
  const pixels = new Uint8Array(3 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    pixels[3 * pixel] = data[4 * pixel];
    pixels[3 * pixel + 1] = data[4 * pixel + 1];
    pixels[3 * pixel + 2] = data[4 * pixel + 2];
  }
  return { width, height, pixels };
}
