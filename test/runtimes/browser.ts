// Opens a page with the built package in a headless browser, from a server on this machine, and waits for what the page sends back.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Answer, Request } from "./request.ts";
import { home } from "./stage.ts";

const TYPES: Readonly<Record<string, string>> = { ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

/** Packages that the built package imports, by the address that the page loads them from. */
function importMap(): Record<string, string> {
  const address = (name: string): string => fileURLToPath(import.meta.resolve(name)).replace(/^.*[\\/]node_modules[\\/]/, "/node_modules/");
  return Object.fromEntries(["@assemblyscript/loader", "valibot"].map((name) => [name, address(name)]));
}

const page = (): string =>
  `<!doctype html><script type="importmap">${JSON.stringify({ imports: importMap() })}</script>` +
  `<script type="module" src="/build/test/runtimes/page.js"></script>`;

function serve(request: Request, answered: (text: string) => void): Server {
  const files = (url: string, response: ServerResponse): void => {
    const { pathname } = new URL(url, "http://localhost");
    const send = (type: string, body: string | Buffer): void => {
      // With these a page may share memory with its workers; without them some browsers have no shared memory at all.
      response.writeHead(200, {
        "content-type": type,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
      });
      response.end(body);
    };
    if (pathname === "/") return send("text/html", page());
    if (pathname === "/request") return send("application/json", JSON.stringify(request));
    if (!/^\/(build|node_modules)\//.test(pathname)) return void response.writeHead(404).end();
    send(TYPES[extname(pathname)] ?? "application/octet-stream", readFileSync(join(home, pathname)));
  };
  return createServer((incoming: IncomingMessage, response) => {
    const { url = "/", method } = incoming;
    if (method === "POST") {
      let text = "";
      incoming.setEncoding("utf8").on("data", (part: string) => (text += part));
      incoming.on("end", () => {
        response.end();
        answered(text);
      });
      return;
    }
    try {
      files(url, response);
    } catch {
      response.writeHead(404).end();
    }
  });
}

const ARGUMENTS = {
  chromium: (profile: string): string[] => [
    ...["--headless=new", "--no-sandbox", "--no-first-run", `--user-data-dir=${profile}`],
    ...["background-networking", "component-update", "sync", "gpu", "extensions", "default-apps"].map((what) => `--disable-${what}`),
  ],
  firefox: (profile: string): string[] => ["--headless", "--no-remote", "--profile", profile],
} as const;

export type BrowserKind = keyof typeof ARGUMENTS;

/** Asks the page. Errors: a browser that ends, or says nothing in `limit` seconds; whatever goes wrong in the page. */
export async function askBrowser(kind: BrowserKind, file: string, request: Request, limit = 120): Promise<Answer> {
  const profile = mkdtempSync(join(tmpdir(), `perpend-${kind}-`));
  let answered: (text: string) => void = () => undefined;
  const answer = new Promise<string>((done) => (answered = done));
  const server = serve(request, answered);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = `http://localhost:${(server.address() as AddressInfo).port}/`;
  const child = spawn(file, [...ARGUMENTS[kind](profile), address], {
    stdio: "ignore",
    detached: true, // a process group of its own: a browser is many processes
    env: { ...process.env, HOME: profile },
  });
  const ended = new Promise<void>((done) => {
    child.once("close", () => done());
    child.once("error", () => done());
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    const text = await Promise.race([
      answer,
      ended.then(() => `${kind} ended before its page answered`),
      new Promise<string>((done) => (timer = setTimeout(() => done(`${kind} said nothing for ${limit} s`), 1000 * limit))),
    ]);
    if (!text.startsWith("{")) throw new Error(`browser: ${text}, wanted an answer`);
    return JSON.parse(text) as Answer;
  } finally {
    clearTimeout(timer);
    try {
      if (child.pid !== undefined) process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL");
    } catch {
      // it has ended
    }
    await ended;
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
