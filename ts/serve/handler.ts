// A predictor behind HTTP, for every server that speaks of Request and Response: Deno, workerd, Bun, and Node through node/serve.ts.
//   POST /         JSON pixels, image/png or, with a decoder, image/jpeg; ?top=3 for so many classes
//   GET  /         what the model takes and what its classes are
//   GET  /health   {"status":"ok"}
import { FormatError } from "../data/format-error.ts";
import { checkJpeg } from "../data/jpeg-check.ts";
import { isPng, sizeCheck, type Picture } from "../data/picture.ts";
import type { Fail } from "../data/png.ts";
import { parsePictures } from "./json-pictures.ts";
import type { Predictor } from "./predictor.ts";
import { dropBody, readBody } from "./request-body.ts";
import { errorResponse, jsonResponse, RequestError } from "./request-error.ts";
import { unpackPng } from "./unpack.ts";

export interface HandlerOptions {
  /** Bytes of a body at most, 2 MiB by default; counted as they come. */
  readonly maxBytes?: number;
  /** Pixels of a picture at most, 4 million by default. */
  readonly maxPixels?: number;
  /** Pictures in a request at most, 32 by default. */
  readonly maxImages?: number;
  /** Seconds that a body may take to come, 10 by default. */
  readonly maxSeconds?: number;
  /** Requests that have a body and are under way at the same time at most, 64 by default; more are told to come again. */
  readonly maxAtOnce?: number;
  /** Decodes a JPEG whose segments are sound; without it none is taken. */
  readonly decodeJpeg?: (bytes: Uint8Array) => Picture | Promise<Picture>;
  /** Told of errors that are not the request's fault; whoever asked is told nothing of them. */
  readonly onError?: (error: unknown) => void;
}

export type Handler = (request: Request) => Promise<Response>;

const MOST_CLASSES = 1000;

const fail: Fail = (offset, found, wanted) => {
  throw new FormatError({ file: "body", offset, found, wanted });
};

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
    onError = () => {},
  }: HandlerOptions = {},
): Handler {
  for (const [what, value] of Object.entries({ maxBytes, maxPixels, maxImages, maxSeconds, maxAtOnce })) within(what, value);
  const { classNames, height, width, channels } = predictor.data;
  const accepts = ["application/json", "image/png", ...(decodeJpeg ? ["image/jpeg"] : [])];
  const about = { model: predictor.model, input: { width, height, channels }, accepts, classes: classNames };
  const checkSize = sizeCheck(maxPixels, fail);
  let under = 0;

  const picturesOf = async (type: string, body: Uint8Array): Promise<ReturnType<typeof parsePictures>> => {
    if (type === "application/json") return parsePictures(body, { maxImages, maxPixels });
    if (type === "image/png") {
      if (!isPng(body)) fail(0, "no PNG", "one, as content-type says");
      return { pictures: [await unpackPng(body, checkSize, fail)], several: false };
    }
    if (body[0] !== 0xff || body[1] !== 0xd8) fail(0, "no JPEG", "one, as content-type says");
    checkJpeg(body, checkSize, fail);
    return { pictures: [await decodeJpeg!(body)], several: false };
  };

  const predict = async (request: Request, url: URL): Promise<Response> => {
    const type = (request.headers.get("content-type") ?? "").split(";")[0].trim().toLowerCase();
    if (!accepts.includes(type))
      throw new RequestError(415, `content-type: ${type === "" ? "none" : type}, wanted ${accepts.join(", ")}`, {
        accept: accepts.join(", "),
      });
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

  return async (request) => {
    try {
      return await answer(request);
    } catch (error) {
      if (error instanceof RequestError) return errorResponse(error);
      if (error instanceof FormatError) {
        const { offset, found, wanted } = error;
        return errorResponse(new RequestError(400, new FormatError({ file: "body", offset, found, wanted }).message));
      }
      onError(error);
      return errorResponse(new RequestError(500, "the prediction failed"));
    } finally {
      if (!request.bodyUsed) dropBody(request);
    }
  };
}
