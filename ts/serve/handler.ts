// A predictor behind HTTP, for every server that speaks of Request and Response: Deno, workerd, Bun, and Node through node/serve.ts.
//   POST /         JSON of pixels or of files in base64, image/png or, with a decoder, image/jpeg; ?top=3 for so many classes
//   GET  /         what the model takes and what its classes are
//   GET  /health   {"status":"ok"}
import { FormatError } from "../data/format-error.ts";
import { isPng, type Picture } from "../data/picture.ts";
import type { Fail } from "../data/png.ts";
import { answerPreflight, checkOrigins, sharingOf, type Origins } from "./cross-origin.ts";
import { decodeFile, isJpeg, type JpegDecoder } from "./encoded-picture.ts";
import { parsePictures } from "./json-pictures.ts";
import type { Predictor } from "./predictor.ts";
import { dropBody, readBody } from "./request-body.ts";
import { errorResponse, jsonResponse, RequestError } from "./request-error.ts";

export interface HandlerOptions {
  /** Bytes of a body at most, 2 MiB by default; counted as they come. */
  readonly maxBytes?: number;
  /** Pixels of a picture at most, and of all files in a JSON body together, 4 million by default. */
  readonly maxPixels?: number;
  /** Pictures in a request at most, 32 by default. */
  readonly maxImages?: number;
  /** Seconds that a body may take to come, 10 by default. */
  readonly maxSeconds?: number;
  /** Requests that have a body and are under way at the same time at most, 64 by default; more are told to come again. */
  readonly maxAtOnce?: number;
  /** Decodes a JPEG whose segments are sound; without it none is taken. */
  readonly decodeJpeg?: JpegDecoder;
  /** Sites whose pages may ask from a browser: `"*"`, or a list as `["https://example.org"]`. By default only those of the same origin. */
  readonly origins?: Origins;
  /** Told of errors that are not the request's fault; whoever asked is told nothing of them. */
  readonly onError?: (error: unknown) => void;
}

interface Asked {
  readonly pictures: readonly Picture[];
  /** They came as a list. */
  readonly several: boolean;
}

export type Handler = (request: Request) => Promise<Response>;

const MOST_CLASSES = 1000;

/** Names a place in the body: `body`, `body.images[2]`. */
const failAt =
  (path: string): Fail =>
  (offset, found, wanted) => {
    throw new FormatError({ file: `body${path}`, offset, found, wanted });
  };
const fail = failAt("");

function topOf(url: URL): { topK?: number } {
  const given = url.searchParams.get("top");
  if (given === null) return {};
  const top = /^\d{1,4}$/.test(given) ? Number(given) : 0;
  if (top < 1 || top > MOST_CLASSES)
    throw new RequestError(400, `top: ${JSON.stringify(given)}, wanted a whole number of 1 to ${MOST_CLASSES}`);
  return { topK: top };
}

const within = (what: string, value: number): number => {
  if (!(value > 0)) throw new Error(`createHandler: ${what} ${value}, wanted a number above 0`);
  return value;
};

/** Answers requests by a predictor. The promise never rejects. Errors: limits that are not above 0. */
export function createHandler(
  predictor: Predictor,
  {
    maxBytes = 2 * 1024 * 1024,
    maxPixels = 4_000_000,
    maxImages = 32,
    maxSeconds = 10,
    maxAtOnce = 64,
    decodeJpeg,
    origins = [],
    onError = () => {},
  }: HandlerOptions = {},
): Handler {
  for (const [what, value] of Object.entries({ maxBytes, maxPixels, maxImages, maxSeconds, maxAtOnce })) within(what, value);
  checkOrigins(origins);
  const { classNames, height, width, channels } = predictor.data;
  const accepts = ["application/json", "image/png", ...(decodeJpeg ? ["image/jpeg"] : [])];
  const about = { model: predictor.model, input: { width, height, channels }, accepts, classes: classNames };
  let under = 0;

  const jsonPictures = async (body: Uint8Array): Promise<Asked> => {
    const { entries, several } = parsePictures(body, { maxImages, maxPixels });
    const pictures: Picture[] = [];
    let left = maxPixels;
    for (const { path, content } of entries) {
      const picture = content instanceof Uint8Array ? await decodedAt(path, content, left) : content;
      if (content instanceof Uint8Array) left -= picture.width * picture.height;
      pictures.push(picture);
    }
    return { pictures, several };
  };

  const decodedAt = async (path: string, bytes: Uint8Array, most: number): Promise<Picture> => {
    try {
      return await decodeFile(bytes, most, decodeJpeg, failAt(path));
    } catch (error) {
      // A decoder names what it likes.
      if (error instanceof FormatError) failAt(path)(error.offset, error.found, error.wanted);
      throw error;
    }
  };

  const picturesOf = async (type: string, body: Uint8Array): Promise<Asked> => {
    if (type === "application/json") return jsonPictures(body);
    const isOne = type === "image/png" ? isPng(body) : isJpeg(body);
    if (!isOne) fail(0, type === "image/png" ? "no PNG" : "no JPEG", "one, as content-type says");
    return { pictures: [await decodedAt("", body, maxPixels)], several: false };
  };

  const predict = async (request: Request, url: URL): Promise<Response> => {
    const type = (request.headers.get("content-type") ?? "").split(";")[0].trim().toLowerCase();
    if (!accepts.includes(type))
      throw new RequestError(415, `content-type: ${type === "" ? "none" : type}, wanted ${accepts.join(", ")}`, {
        accept: accepts.join(", "),
      });
    const coding = (request.headers.get("content-encoding") ?? "identity").trim().toLowerCase();
    if (coding !== "identity")
      throw new RequestError(415, `content-encoding: ${coding}, wanted a body that is not packed`, { "accept-encoding": "identity" });
    const top = topOf(url);
    if (under >= maxAtOnce)
      throw new RequestError(503, `${under} requests under way, wanted at most ${maxAtOnce}; try again`, { "retry-after": "1" });
    under++;
    try {
      const { pictures, several } = await picturesOf(type, await readBody(request, { maxBytes, maxSeconds }));
      const found = predictor.predict(pictures, top).map((classes) => ({ classes }));
      return jsonResponse(several ? { images: found } : found[0]);
    } finally {
      under--;
    }
  };

  const answer = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const { method } = request;
    const isRoot = url.pathname === "/";
    if (!isRoot && url.pathname !== "/health") throw new RequestError(404, "no such path, wanted / or /health");
    if (isRoot && method === "POST") return predict(request, url);
    const allow = isRoot ? "GET, HEAD, POST" : "GET, HEAD";
    if (method !== "GET" && method !== "HEAD") throw new RequestError(405, `method: ${method}, wanted ${allow}`, { allow });
    const response = jsonResponse(isRoot ? about : { status: "ok" });
    return method === "HEAD" ? new Response(null, response) : response;
  };

  const answerOrSay = async (request: Request): Promise<Response> => {
    try {
      return await answer(request);
    } catch (error) {
      if (error instanceof RequestError) return errorResponse(error);
      if (error instanceof FormatError) return errorResponse(new RequestError(400, error.message));
      onError(error);
      return errorResponse(new RequestError(500, "the prediction failed"));
    } finally {
      if (!request.bodyUsed) dropBody(request);
    }
  };
  return async (request) => {
    const response = answerPreflight(request, origins) ?? (await answerOrSay(request));
    for (const [name, value] of Object.entries(sharingOf(request, origins))) response.headers.set(name, value);
    return response;
  };
}
