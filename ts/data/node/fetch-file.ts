// Fetches one file of known size and checksum over HTTP(S), going on where an earlier try stopped: the bytes so far are in
// <path>.part. Uses node:http because fetch unpacks what a server labels as gzip-encoded, as some do with .gz files.

import { createHash } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { setTimeout as delay } from "node:timers/promises";

const REDIRECTS = 5;
/** Tries in a row that bring nothing new. */
const IDLE_TRIES = 4;

export interface Progress {
  readonly phase: "download" | "check" | "unpack";
  readonly file: string;
  /** Bytes of `total` done. */
  readonly done: number;
  readonly total: number;
}

export interface FetchOptions {
  /** Who asks, for errors. */
  readonly who: string;
  readonly url: string;
  /** Where the file goes. */
  readonly path: string;
  readonly bytes: number;
  readonly md5: string;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
  /** Milliseconds without data after which a connection counts as dead, and between tries. */
  readonly idle?: number;
  readonly pause?: number;
}

/** What trying again cannot mend. */
class FinalError extends Error {}

/** The size of a file, 0 where there is none. */
async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}

function respond(options: FetchOptions, url: URL, from: number): Promise<IncomingMessage> {
  const { signal, idle = 30_000 } = options;
  const request = url.protocol === "https:" ? httpsRequest : url.protocol === "http:" ? httpRequest : null;
  if (!request) throw new FinalError(`${options.who}: ${url.href} is ${url.protocol}//, wanted https:// or http://`);
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = { "accept-encoding": "identity", "user-agent": "perpend" };
    if (from > 0) headers.range = `bytes=${from}-`;
    const asked = request(url, { headers, ...(signal && { signal }) }, resolve);
    asked.setTimeout(idle, () => asked.destroy(new Error(`nothing came for ${idle / 1000} s`)));
    asked.on("error", reject);
    asked.end();
  });
}

async function follow(options: FetchOptions, from: number): Promise<IncomingMessage> {
  let url = new URL(options.url);
  for (let hop = 0; hop <= REDIRECTS; hop++) {
    const response = await respond(options, url, from);
    const { statusCode = 0 } = response;
    if (![301, 302, 303, 307, 308].includes(statusCode) || !response.headers.location) return response;
    response.resume();
    const next = new URL(response.headers.location, url);
    if (url.protocol === "https:" && next.protocol !== "https:") {
      throw new FinalError(`${options.who}: ${url.href} leads to ${next.href}, wanted https`);
    }
    url = next;
  }
  throw new FinalError(`${options.who}: ${options.url} leads on more than ${REDIRECTS} times`);
}

/** One request for the bytes from `from` on, appended to the part. */
async function fetchOnce(options: FetchOptions, part: string, from: number): Promise<void> {
  // Open before the answer comes: what a connection brought before it broke is lost unless it is read at once.
  const handle = await open(part, constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0));
  try {
    await receive(options, part, from, handle);
  } finally {
    await handle.close();
  }
}

async function receive(options: FetchOptions, part: string, from: number, handle: FileHandle): Promise<void> {
  const { who, url, path, bytes, onProgress } = options;
  const response = await follow(options, from);
  const { statusCode = 0, statusMessage = "" } = response;
  if (statusCode !== 200 && statusCode !== 206) {
    response.resume();
    if (statusCode === 416) return rm(part, { force: true }); // the part is not a beginning of this file
    const message = `${who}: ${url} answers ${statusCode} ${statusMessage}, wanted the file`;
    throw statusCode >= 500 || statusCode === 429 ? new Error(message) : new FinalError(message);
  }
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers["content-range"] ?? "");
  const start = statusCode === 206 ? Number(range?.[1] ?? NaN) : 0; // 200: a server without ranges begins anew
  const length = response.headers["content-length"];
  const total = statusCode === 206 ? range?.[2] : length;
  if (start !== 0 && start !== from) {
    response.destroy();
    throw new FinalError(`${who}: ${url} sends bytes from ${start} on, wanted from ${from}`);
  }
  if (total !== undefined && total !== "*" && Number(total) !== bytes) {
    response.destroy();
    throw new FinalError(`${who}: ${url} has ${total} bytes, wanted ${bytes}`);
  }
  if (start === 0 && from > 0) await handle.truncate(0);
  let done = start;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    if (done + chunk.length > bytes) throw new FinalError(`${who}: ${url} sends more than ${bytes} bytes`);
    await write(handle, chunk, done, who, part);
    done += chunk.length;
    onProgress?.({ phase: "download", file: path, done, total: bytes });
  }
}

async function write(handle: FileHandle, chunk: Uint8Array, at: number, who: string, path: string): Promise<void> {
  try {
    for (let from = 0; from < chunk.length;) from += (await handle.write(chunk, from, chunk.length - from, at + from)).bytesWritten;
  } catch (error) {
    throw new FinalError(`${who}: cannot write ${path}: ${reason(error)}`, { cause: error });
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

/** Requests until the part has all bytes; a connection that breaks is taken up again where it broke. */
async function complete(options: FetchOptions, part: string): Promise<void> {
  const { who, url, bytes, signal, pause = 500 } = options;
  for (let idle = 0; ;) {
    signal?.throwIfAborted();
    const before = await sizeOf(part);
    if (before === bytes) return;
    if (before > bytes) await rm(part);
    let why = "the connection ends";
    try {
      await fetchOnce(options, part, before > bytes ? 0 : before);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof FinalError) throw error;
      why = reason(error);
    }
    const now = await sizeOf(part);
    if (now === bytes) return;
    idle = now > before ? 0 : idle + 1;
    if (idle >= IDLE_TRIES) {
      throw new Error(`${who}: ${url} stops after ${now} of ${bytes} bytes (${why}); run it again to go on from there`);
    }
    await delay(pause * idle, undefined, signal ? { signal } : {});
  }
}

/** The MD5 of a file of options.bytes bytes. */
export async function md5Of(path: string, options: Pick<FetchOptions, "bytes" | "onProgress" | "signal">): Promise<string> {
  const hash = createHash("md5");
  let done = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, ...(options.signal && { signal: options.signal }) })) {
    hash.update(chunk);
    done += chunk.length;
    options.onProgress?.({ phase: "check", file: path, done, total: options.bytes });
  }
  return hash.digest("hex");
}

/** Brings the file to `path`, checked; at most the missing bytes are fetched. A part with a wrong checksum is thrown away. */
export async function fetchFile(options: FetchOptions): Promise<void> {
  const { who, url, path, md5 } = options;
  const part = `${path}.part`;
  for (let resumed = (await sizeOf(part)) > 0; ; resumed = false) {
    await complete(options, part);
    const found = await md5Of(part, options);
    if (found === md5) return rename(part, path);
    await rm(part);
    // A part left by an earlier run may be of another file: begin anew, once.
    if (!resumed) throw new Error(`${who}: ${url} has MD5 ${found}, wanted ${md5}`);
  }
}
