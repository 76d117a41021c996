// The module in headless Chromium: on its software adapter it trains as Node's CPU does; without an adapter it says what is missing.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { currentBackend } from "../../ts/node.ts";
import { findChromium } from "../report/chromium.ts";
import { losses } from "./steps.ts";

interface Told {
  readonly about?: { readonly software: boolean };
  readonly losses?: readonly number[];
  readonly error?: string;
}

/** Serves a page that runs `script`, on an address that browsers trust. */
function serve(script: string): Promise<Server> {
  const server = createServer(({ url }, response) => {
    const isScript = url === "/page.js";
    response.writeHead(isScript || url === "/" ? 200 : 404, { "content-type": isScript ? "text/javascript" : "text/html" });
    response.end(isScript ? script : `<!doctype html><title></title><script type="module" src="/page.js"></script>`);
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

async function ask(executablePath: string, server: Server, flags: readonly string[]): Promise<Told> {
  const quiet = ["background-networking", "component-update", "sync", "gpu", "quic"].map((what) => `--disable-${what}`);
  const browser = await chromium.launch({ executablePath, headless: true, args: ["--no-sandbox", "--no-first-run", ...quiet, ...flags] });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction(() => document.title !== "", null, { timeout: 90_000 });
    return JSON.parse(await page.title()) as Told;
  } finally {
    await browser.close();
  }
}

const test = suite("webgpu/browser");
const executable = findChromium();

if (executable === undefined) {
  console.log("skipped: webgpu/browser: no Chromium here");
  test.skip("trains in a browser", () => undefined);
} else {
  let server: Server;
  test.before(async () => {
    const { outputFiles } = await build({
      ...{ entryPoints: [new URL("./page.ts", import.meta.url).pathname], bundle: true, write: false, logLevel: "warning" },
      ...{ format: "esm", platform: "browser", target: "es2022" },
    });
    server = await serve(outputFiles[0].text);
  });
  test.after(() => void server.close());

  test("trains on the browser's adapter as the CPU does", async () => {
    const told = await ask(executable, server, ["--enable-unsafe-webgpu"]);
    assert.is(told.error, undefined);
    const wanted = await losses(currentBackend());
    assert.is(wanted.length, 3);
    wanted.forEach((loss, step) =>
      assert.ok(Math.abs(told.losses![step] - loss) < 1e-4, `step ${step + 1}: ${told.losses![step]}, wanted ${loss} within 1e-4`),
    );
  });

  test("says what is missing where there is no adapter", async () => {
    const { error } = await ask(executable, server, []);
    assert.match(error ?? "nothing", /^unavailable: webgpu: .*no adapter/);
  });
}

test.run();
