// The examples as they stand, run from their files on a model that their script makes: each server answers what a predictor here says. Of
// Deno and workerd only what is installed is asked.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { transformSync } from "esbuild";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { makeModel } from "../../examples/make-model.ts";
import { createPredictor } from "../../ts/serve/index.ts";
import { makePng } from "../cli/png-maker.ts";
import { deno, executableOf, workerd } from "../runtimes/packages.ts";
import { inference, pictures } from "./trained.ts";

const test = suite("examples");

const path = (address: string): string => fileURLToPath(new URL(`../../${address}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "perpend-examples-"));
const model = join(folder, "model.safetensors");
makeModel(model, { samples: 100, epochs: 1 });

const [picture] = pictures(1);
const { pixels } = picture;
const png = makePng({ width: 32, height: 32, depth: 8, color: 2, sample: (x, y, c) => pixels[3 * (32 * y + x) + c] });
const [wanted] = createPredictor(readFileSync(model), { kernels: inference }).predict([picture]);

type Ask = (address: string, init?: { method: string; body?: Uint8Array; headers?: Record<string, string> }) => Promise<Response>;

async function serves(ask: Ask): Promise<void> {
  const post = (body: Uint8Array, type: string): Promise<Response> => ask("/", { method: "POST", body, headers: { "content-type": type } });
  assert.equal(await (await ask("/health")).json(), { status: "ok" });
  for (const [body, type] of [
    [Uint8Array.from(png), "image/png"],
    [new TextEncoder().encode(JSON.stringify({ width: 32, height: 32, pixels: [...pixels] })), "application/json"],
  ] as const) {
    const response = await post(body, type);
    assert.equal(await response.json(), JSON.parse(JSON.stringify({ classes: wanted })), type);
  }
  assert.is((await post(Uint8Array.from(png).slice(0, -9), "image/png")).status, 400);
  assert.is((await post(new Uint8Array(3_000_000), "application/json")).status, 413);
  assert.is((await ask("/", { method: "PUT" })).status, 405);
  assert.is((await ask("/nothing")).status, 404);
}

/** Starts a server, asks it at the address that it prints, and stops it. */
async function served(command: string, args: readonly string[], environment: Record<string, string> = {}): Promise<void> {
  const child: ChildProcess = spawn(command, args, { env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  try {
    const address = await new Promise<string>((resolve, reject) => {
      let said = "";
      const hear = (part: Buffer): void => {
        said += String(part);
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
        if (found) resolve(found[0]);
      };
      child.stdout?.on("data", hear);
      child.stderr?.on("data", hear);
      child.once("error", reject);
      child.once("close", () => reject(new Error(`${command} ended: ${said}`)));
    });
    await serves((where, init) => fetch(`${address}${where}`, init as RequestInit));
  } finally {
    child.removeAllListeners("close");
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGTERM");
    await ended;
  }
}

test("serve-node", () => served(process.execPath, ["--import", "tsx", path("examples/serve-node/server.ts"), model], { PORT: "0" }));

test("fine-tune", async () => {
  const tuned = join(folder, "tuned.safetensors");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", path("examples/fine-tune/fine-tune.ts"), model, tuned],
    { encoding: "utf8" },
  );
  assert.is(status, 0, stderr);
  const [before, after] = [...stdout.matchAll(/(\d+\.\d) %/g)].map(([, percent]) => Number(percent));
  assert.ok(after > before, stdout);
  const [found] = createPredictor(readFileSync(tuned), { kernels: inference }).predict([picture]);
  assert.not.equal(found, wanted);
});

function where(title: string, file: string, run: () => Promise<void>): void {
  if (existsSync(file)) return void test(title, run);
  console.log(`skipped: ${title}: not installed; node --import tsx test/runtimes/install.ts puts it there`);
  test.skip(title, () => undefined);
}

where("serve-deno", executableOf(deno), () => {
  const rights = ["--no-prompt", "--allow-read", "--allow-net"];
  return served(executableOf(deno), [
    "run",
    ...rights,
    "-c",
    path("examples/serve-deno/deno.json"),
    path("examples/serve-deno/server.ts"),
    model,
    "0",
  ]);
});

interface Miniflare {
  dispatchFetch(address: string, init?: object): Promise<Response>;
  dispose(): Promise<void>;
}

where("serve-workerd", executableOf(workerd), async () => {
  const { Miniflare: Start } = (await import(pathToFileURL(executableOf(workerd)).href)) as {
    Miniflare: new (options: object) => Miniflare;
  };
  const source = readFileSync(path("examples/serve-workerd/worker.ts"), "utf8");
  const config = readFileSync(path("examples/serve-workerd/config.capnp"), "utf8");
  const kinds: Readonly<Record<string, string>> = { esModule: "ESModule", wasm: "CompiledWasm", data: "Data" };
  const files = [...config.matchAll(/\(name = "([^"]+)", (\w+) = embed "([^"]+)"\)/g)];
  assert.is(files.length, 4);
  const modules = files.map(([, name, kind, file]) => {
    const contents =
      name === "worker.js"
        ? transformSync(source, { loader: "ts" }).code
        : readFileSync(name === "model.safetensors" ? model : path(`examples/serve-workerd/${file}`));
    return { type: kinds[kind], path: join(folder, name), contents };
  });
  const flare = new Start({ modulesRoot: folder, modules, compatibilityDate: /compatibilityDate = "([^"]+)"/.exec(config)?.[1] });
  try {
    await serves((address, init) => flare.dispatchFetch(`http://localhost${address}`, init));
  } finally {
    await flare.dispose();
  }
});

test.after(() => rmSync(folder, { recursive: true }));
test.run();
