// Predictions by trained models in Node: with an HTTP server, JPEG, and Node's own SHA-256.
import { createHash } from "node:crypto";
import type { Checkpoint } from "../../train/checkpoint-format.ts";
import { createPredictor as create, type Predictor, type PredictorOptions } from "../predictor.ts";

export * from "../index.ts";
export { decodeJpeg } from "./decode-jpeg.ts";
export { serveHttp, type HttpServer, type ServeOptions } from "./serve-http.ts";

/** A predictor of a checkpoint of `perpend train`. Throws FormatError, as loadTrainedModel. */
export function createPredictor(checkpoint: Uint8Array | Checkpoint, options: PredictorOptions = {}): Predictor {
  return create(checkpoint, { hash: (bytes) => createHash("sha256").update(bytes).digest("hex"), ...options });
}
