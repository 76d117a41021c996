// Serves the page of the laboratory, to this computer alone unless told otherwise, and the events of a run to those who look on. Only files
// that lay in the folder when it began are served, each under its own name, so that no path leads out of it.
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isIP, type AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { extname, join } from "node:path";
import type { RunEvent } from "../train/index.ts";
import { formatEvent } from "../train/log.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/** With these a page may share memory with its workers; nothing that it holds leaves it for another site. */
const SECURITY: Readonly<Record<string, string>> = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-cache",
};

const OWN = "default-src 'none'; connect-src 'self'; worker-src 'self'; img-src 'self' data: blob:; style-src 'self'; manifest-src 'self'";
/** What scripts may do: kernels are compiled in workers, and the report's charts are drawn by code that vega makes. */
function policyOf(name: string): string {
  const more = name === "report.js" ? " 'unsafe-eval'" : name.endsWith(".html") ? "" : " 'wasm-unsafe-eval'";
  return `${OWN}; script-src 'self'${more}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}

/** Hosts that mean this computer; another name that leads here is somebody's trick. */
const OWN_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;
const ALONE = "127.0.0.1";

/** Whether a request asks for this server under a name of its own. No trick leads a browser here by a number instead of a name. */
function isOwnName(asked: string, host: string): boolean {
  if (OWN_HOST.test(asked)) return true;
  const name = asked.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  return host !== ALONE && (name === host || isIP(name) !== 0);
}

/** Where others find this computer. */
function addressesOf(host: string): string[] {
  if (host === ALONE) return ["localhost"];
  if (host !== "0.0.0.0" && host !== "::") return [isIP(host) === 6 ? `[${host}]` : host];
  const others = Object.values(networkInterfaces()).flatMap((found = []) =>
    found.filter((each) => !each.internal && each.family === "IPv4"),
  );
  return ["localhost", ...others.map(({ address }) => address)];
}

export const LAB_PORT = 7270;

/** Time in which pages read to the end when the server ends, in milliseconds. */
const GRACE = 500;

export interface LabOptions {
  /** The built page. */
  readonly folder: string;
  /** Where to listen; by default LAB_PORT, or a free one where that is taken. */
  readonly port?: number;
  /** Who is served: `127.0.0.1`, this computer alone, by default; `0.0.0.0` for all who reach it. */
  readonly host?: string;
  /** Whether there is a run to look on at. */
  readonly live?: boolean;
}

export interface LabServer {
  readonly address: string;
  /** The same for other computers; none where this one alone is served. */
  readonly others: readonly string[];
  /** Shows an event to all who look on, and to those who come later. */
  publish(event: RunEvent): void;
  /** Tells those who look on that nothing more will come, and ends. */
  close(): Promise<void>;
}

interface Page {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

function readPages(folder: string, live: boolean): Map<string, Page> {
  let names: readonly string[];
  try {
    names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
  } catch {
    names = [];
  }
  if (!names.includes("index.html")) throw new Error(`lab: no page in ${folder}, wanted a built one; run npm run build`);
  const pages = new Map<string, Page>();
  for (const name of names) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const read = readFileSync(join(folder, name));
    const mark = '<meta name="perpend-run" content="events" />\n    <title>';
    const body = live && name === "index.html" ? Buffer.from(read.toString("utf8").replace("<title>", () => mark)) : read;
    pages.set(name, { body, headers: { ...SECURITY, "content-type": type, "content-security-policy": policyOf(name) } });
  }
  return pages;
}

/** The name of the file that a path asks for; null for what is none. */
function fileOf(url: string): string | null {
  const path = url.split("?", 1)[0];
  try {
    return path === "/" ? "index.html" : decodeURIComponent(path.slice(1));
  } catch {
    return null;
  }
}

/** What was shown so far, and those who look on. */
class Audience {
  /** Tells this run's events from those of one that was here before. */
  private readonly mark = `${process.pid}-${Math.floor(performance.timeOrigin)}`;
  private readonly lines: string[] = [];
  private readonly responses = new Set<ServerResponse>();
  private over = false;

  publish(event: RunEvent): void {
    // Of samples the newest alone; they are large.
    if (event.type === "samples") {
      const before = this.lines.findIndex((line) => line.startsWith('{"type":"samples"'));
      if (before >= 0) this.lines[before] = "";
    }
    this.lines.push(formatEvent(event));
    for (const response of this.responses) this.send(response, this.lines.length - 1);
  }

  private send(response: ServerResponse, index: number): void {
    const line = this.lines[index];
    if (line !== "") response.write(`id: ${this.mark}.${index}\ndata: ${line}\n\n`);
  }

  /** Sends what comes after the event of this id, which an interrupted page has seen; all of it to others. */
  join(response: ServerResponse, seen: string | undefined): void {
    const [mark, index] = (seen ?? "").split(".");
    const last = mark === this.mark && /^\d{1,9}$/.test(index ?? "") ? Number(index) : -1;
    response.writeHead(200, { ...SECURITY, "content-type": "text/event-stream; charset=utf-8" });
    response.write("retry: 1000\n\n");
    for (let next = last + 1; next < this.lines.length; next++) this.send(response, next);
    if (this.over) return void response.end("event: over\ndata: \n\n");
    this.responses.add(response);
    response.on("close", () => this.responses.delete(response));
  }

  end(): void {
    this.over = true;
    for (const response of this.responses) response.end("event: over\ndata: \n\n");
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Starts the server. Errors: no page that was built, a port that is taken, a host that is not this computer's. */
export async function serveLab({ folder, port, host = ALONE, live = false }: LabOptions): Promise<LabServer> {
  const pages = readPages(folder, live);
  const audience = new Audience();
  const answer = ({ url = "/", method, headers }: IncomingMessage, response: ServerResponse): void => {
    const refuse = (status: number, text: string): void => {
      response.writeHead(status, {
        ...SECURITY,
        "content-type": "text/plain; charset=utf-8",
        ...(status === 405 && { allow: "GET, HEAD" }),
      });
      response.end(`${text}\n`);
    };
    if (!isOwnName(headers.host ?? "", host)) return refuse(421, "asked under another name, wanted localhost");
    if (method !== "GET" && method !== "HEAD") return refuse(405, "wanted GET");
    const name = fileOf(url);
    if (live && name === "events") return audience.join(response, headers["last-event-id"]?.toString());
    const page = name === null ? undefined : pages.get(name);
    if (page === undefined) return refuse(404, "no such file");
    response.writeHead(200, { ...page.headers, "content-length": page.body.length });
    response.end(method === "HEAD" ? undefined : page.body);
  };
  const server = createServer(answer);
  try {
    await listen(server, port ?? LAB_PORT, host);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
      throw new Error(`lab: host ${host}: ${code}, wanted an address of this computer; 0.0.0.0 means all`, { cause: error });
    if (port !== undefined) throw new Error(`lab: port ${port}: ${code ?? String(error)}, wanted one that is free`, { cause: error });
    await listen(server, 0, host);
  }
  const [address, ...others] = addressesOf(host).map((name) => `http://${name}:${(server.address() as AddressInfo).port}/`);
  return {
    address,
    others,
    publish: (event) => audience.publish(event),
    close: async () => {
      audience.end();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        // Browsers hold connections open.
        setTimeout(() => server.closeAllConnections(), GRACE).unref();
      });
    },
  };
}
