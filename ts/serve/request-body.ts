// The bytes of a request's body, counted as they come: what its header says of its length is not believed, and nobody waits for ever.
import { joinBytes } from "../data/join-bytes.ts";
import { RequestError } from "./request-error.ts";

export interface BodyLimits {
  readonly maxBytes: number;
  readonly maxSeconds: number;
}

const tooLarge = (bytes: string, most: number): RequestError => new RequestError(413, `body: ${bytes} bytes, wanted at most ${most}`);

/** Lets a body go that nobody will read. */
export function dropBody(request: Request): void {
  if (request.body !== null && !request.body.locked) request.body.cancel().catch(() => {});
}

/** Reads a body. Throws RequestError: too long, too slow, cut off. */
export async function readBody(request: Request, { maxBytes, maxSeconds }: BodyLimits): Promise<Uint8Array<ArrayBuffer>> {
  const stated = Number(request.headers.get("content-length") ?? 0);
  if (stated > maxBytes) {
    dropBody(request);
    throw tooLarge(String(stated), maxBytes);
  }
  if (request.body === null) return new Uint8Array(0);
  const reader = request.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `body: not whole after ${maxSeconds} seconds, wanted it sooner`;
    timer = setTimeout(() => reject(new RequestError(408, message, { connection: "close" })), 1000 * maxSeconds);
  });
  try {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) break;
      length += value.byteLength;
      if (length > maxBytes) throw tooLarge(`more than ${maxBytes}`, maxBytes);
      parts.push(value);
    }
    return joinBytes(parts);
  } catch (error) {
    reader.cancel().catch(() => {});
    if (error instanceof RequestError) throw error;
    throw new RequestError(400, "body: cut off, wanted all of it", { connection: "close" });
  } finally {
    clearTimeout(timer);
  }
}
