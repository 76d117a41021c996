// A server on this machine for one page, which posts what came out to /answer.
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".html": "text/html",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

export interface SiteFiles {
  /** Contents by path: "/", "/request.json". */
  readonly pages: Readonly<Record<string, string>>;
  /** Folders by the path they are found under, which ends in "/". */
  readonly folders: Readonly<Record<string, string>>;
  /** Without it, pages may share no memory with their workers. */
  readonly isolated?: boolean;
}

export interface Site {
  readonly address: string;
  /** What the page posts first. */
  readonly answer: Promise<string>;
  close(): void;
}

const ISOLATION = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

function respond({ pages, folders, isolated = true }: SiteFiles, { url = "/" }: IncomingMessage, response: ServerResponse): void {
  const path = decodeURIComponent(new URL(url, "http://localhost").pathname);
  const send = (type: string, body: string | Buffer): void => {
    response.writeHead(200, { "content-type": type, ...(isolated && ISOLATION) });
    response.end(body);
  };
  const page = pages[path];
  if (page !== undefined) return send(TYPES[extname(path)] ?? "text/html", page);
  const under = Object.keys(folders).find((prefix) => path.startsWith(prefix));
  if (under === undefined || path.includes("..")) return void response.writeHead(404).end();
  send(TYPES[extname(path)] ?? "application/octet-stream", readFileSync(join(folders[under], path.slice(under.length))));
}

export async function openSite(files: SiteFiles): Promise<Site> {
  let answered: (text: string) => void = () => undefined;
  const answer = new Promise<string>((done) => (answered = done));
  const server = createServer((request, response) => {
    if (request.method === "POST") {
      let text = "";
      request.setEncoding("utf8").on("data", (part: string) => (text += part));
      request.on("end", () => {
        response.end();
        answered(text);
      });
      return;
    }
    try {
      respond(files, request, response);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    address: `http://localhost:${(server.address() as AddressInfo).port}/`,
    answer,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
