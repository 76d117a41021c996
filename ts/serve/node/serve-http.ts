// A handler of Request and Response as an HTTP server of Node's. Bodies that nobody wants are read and thrown away, up to a limit, so that
// who sends one sees the answer instead of a broken connection.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Handler } from "../handler.ts";

export interface ServeOptions {
  /** 0, by default, is any free one. */
  readonly port?: number;
  /** By default only this machine is served. */
  readonly host?: string;
}

export interface HttpServer {
  /** `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Takes no more requests, and waits for those under way. */
  close(): Promise<void>;
}

/** Bytes of an unwanted body that are read before its connection is cut. */
const MOST_UNWANTED = 64 * 2 ** 20;
/** Milliseconds for a request to come, headers and body. */
const REQUEST_TIMEOUT = 30_000;

function discard(message: IncomingMessage): void {
  let bytes = 0;
  message.removeAllListeners("data");
  message.on("data", (chunk: Uint8Array) => {
    bytes += chunk.byteLength;
    if (bytes > MOST_UNWANTED) message.destroy();
  });
  message.resume();
}

function bodyOf(message: IncomingMessage): ReadableStream<Uint8Array> {
  let ended = false;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      message.on("data", (chunk: Uint8Array) => {
        controller.enqueue(chunk);
        if ((controller.desiredSize ?? 0) <= 0) message.pause();
      });
      message.once("end", () => {
        if (!ended) controller.close();
        ended = true;
      });
      // Also where the other side went away in the middle.
      message.once("close", () => {
        if (!ended) controller.error(new Error("serveHttp: a body that was cut off, wanted all of it"));
        ended = true;
      });
      message.once("error", () => {});
      message.pause();
    },
    pull() {
      message.resume();
    },
    cancel() {
      ended = true;
      discard(message);
    },
  });
}

function requestOf(message: IncomingMessage): Request {
  const { method = "GET", url = "/", rawHeaders } = message;
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at], rawHeaders[at + 1]);
  const hasBody = method !== "GET" && method !== "HEAD";
  // The host's name is of no interest, and may be anything.
  const address = `http://localhost${url.startsWith("/") ? url : "/"}`;
  return new Request(address, { method, headers, ...(hasBody && { body: bodyOf(message), duplex: "half" }) } as RequestInit);
}

async function answer(handler: Handler, message: IncomingMessage, reply: ServerResponse): Promise<void> {
  let request: Request;
  try {
    request = requestOf(message);
  } catch {
    // A method or an address that Request refuses.
    discard(message);
    reply.writeHead(400).end();
    return;
  }
  const response = await handler(request);
  const body = new Uint8Array(await response.arrayBuffer());
  // What HEAD is answered with would be longer, and 204 has no length at all.
  const length = message.method === "HEAD" || response.status === 204 ? {} : { "content-length": body.length };
  reply.writeHead(response.status, { ...Object.fromEntries(response.headers), ...length });
  reply.end(message.method === "HEAD" ? undefined : body);
}

/** One piece of work a turn of the event loop: between two predictions new connections are taken, of which a turn accepts one. */
function inTurn(): (work: () => void) => void {
  const waiting: (() => void)[] = [];
  const turn = (): void => {
    waiting.shift()?.();
    if (waiting.length > 0) setImmediate(turn);
  };
  return (work) => {
    if (waiting.push(work) === 1) setImmediate(turn);
  };
}

/** Serves a handler over HTTP. Error: a port that cannot be had. */
export async function serveHttp(handler: Handler, { port = 0, host = "127.0.0.1" }: ServeOptions = {}): Promise<HttpServer> {
  const take = inTurn();
  const server = createServer((message, reply) => {
    message.on("error", () => {});
    reply.on("error", () => {});
    take(() => {
      if (!message.destroyed) answer(handler, message, reply).catch(() => reply.destroy());
    });
  });
  server.requestTimeout = REQUEST_TIMEOUT;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const { port: found, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${host}]` : host}:${found}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeIdleConnections();
      }),
  };
}
