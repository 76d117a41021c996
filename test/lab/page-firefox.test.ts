// The page in Firefox, which nobody drives: a script beside the page presses the button and sends back what the page came to.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DEFAULTS, type LabSettings } from "../../ts/lab/fields.ts";
import { bundleLab } from "../../ts/lab/node/bundle.ts";
import { toHash } from "../../ts/lab/settings.ts";
import { expectedDigests } from "./browser.ts";

const SETTINGS: LabSettings = { ...DEFAULTS, trainSamples: 160, testSamples: 48, width: 4, batchSize: 16, epochs: 2 };
const firefox = ["/usr/bin/firefox-esr", "/usr/bin/firefox"].find((path) => existsSync(path));
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/** Presses the button and waits; must stand alone. */
const SCRIPT = `
const errors = [];
addEventListener("error", (event) => errors.push(event.message));
const pause = () => new Promise((resolve) => setTimeout(resolve, 100));
const texts = (selector) => [...document.querySelectorAll(selector)].map((each) => each.textContent);
while (!document.querySelector(".card")) await pause();
[...document.querySelectorAll("button")].find((each) => each.textContent === "Train").click();
while (!texts(".card .state").every((state) => state === "finished" || state === "failed")) await pause();
const body = JSON.stringify({ errors, isolated: crossOriginIsolated, failures: texts(".failure"), digests: texts(".digest dd") });
await fetch("answer", { method: "POST", body });`;

interface Answer {
  readonly errors: readonly string[];
  readonly isolated: boolean;
  readonly failures: readonly string[];
  readonly digests: readonly string[];
}

function serve(folder: string, answered: (answer: Answer) => void): Server {
  return createServer((incoming, response) => {
    if (incoming.method === "POST") {
      let text = "";
      incoming.setEncoding("utf8").on("data", (part: string) => (text += part));
      incoming.on("end", () => {
        response.end();
        answered(JSON.parse(text) as Answer);
      });
      return;
    }
    const name = new URL(incoming.url ?? "/", "http://localhost").pathname.slice(1) || "index.html";
    const headers = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
    try {
      const plain = name === "press.js" ? SCRIPT : readFileSync(join(folder, name));
      const body =
        name === "index.html" ? String(plain).replace("</head>", '<script type="module" src="press.js"></script></head>') : plain;
      response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream", ...headers }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
}

/** Opens the page and waits for its answer. Error: Firefox ends before. */
async function press(executable: string): Promise<Answer> {
  const folder = mkdtempSync(join(tmpdir(), "perpend-firefox-"));
  const [page, profile] = [join(folder, "page"), join(folder, "profile")];
  mkdirSync(profile);
  await bundleLab(page);
  let answered: (answer: Answer) => void = () => {};
  const answer = new Promise<Answer>((resolve) => (answered = resolve));
  const server = serve(page, answered);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://localhost:${(server.address() as AddressInfo).port}/#${toHash(SETTINGS)}`;
  const child = spawn(executable, ["--headless", "--no-remote", "--profile", profile, address], {
    stdio: "ignore",
    detached: true, // a process group of its own: a browser is many processes
    env: { ...process.env, HOME: folder },
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()).once("error", () => resolve()));
  try {
    return await Promise.race([
      answer,
      ended.then(() => {
        throw new Error("Firefox ended before its page answered");
      }),
    ]);
  } finally {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // it has ended
    }
    await ended;
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

const test = suite("lab page in Firefox");

if (firefox === undefined) test.skip("trains in Firefox (skipped: no Firefox on this machine)", () => undefined);
else
  test("isolated, without an error, to the same digests", async () => {
    const answer = await press(firefox);
    assert.equal(answer, { errors: [], isolated: true, failures: [], digests: await expectedDigests(SETTINGS) });
  });

test.run();
