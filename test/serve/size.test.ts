// Sizes of what users send over the wire, after minification and brotli: the core that trains and saves, a predictor as a bundler leaves it,
// and the predictor of build/serve.js with its kernels. What nobody uses is left out, and what is used is there.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type * as Serve from "../../ts/serve/index.ts";
import { bundleServe } from "../../ts/serve/node/bundle.ts";
import { inference } from "./trained.ts";

const test = suite("size");

const KB = 1000;
const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "perpend-size-"));
const compressed = (bytes: Uint8Array): number => brotliCompressSync(bytes).length;
const wasm = (name: string): number => compressed(readFileSync(join(root, `build/${name}.wasm`)));

/** A program as esbuild makes it of the sources. */
async function bundled(program: string): Promise<{ readonly text: string; readonly bytes: Uint8Array; readonly files: readonly string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: root, loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2022",
    legalComments: "none",
    metafile: true,
    write: false,
  });
  const inputs = Object.values(metafile.outputs)[0].inputs;
  const files = Object.keys(inputs).filter((file) => inputs[file].bytesInOutput > 0);
  return { text: outputFiles[0].text, bytes: outputFiles[0].contents, files };
}

function fits(what: string, size: number, most: number): void {
  console.log(`${what}: ${(size / KB).toFixed(1)} kB compressed`);
  assert.ok(size < most * KB, `${what}: ${size} bytes, wanted below ${most * KB}`);
  assert.ok(size > (most * KB) / 4, `${what}: ${size} bytes, which is too little to be all of it`);
}

test("the core and its kernels are below 90 kB", async () => {
  const { bytes, files } = await bundled(`export {
    resnetV2, orthogonal, additive, none, DataLoader, arrayDataset, SGD, Adam, AdamW, schedule, parameterGroups, LocalPool, Trainer,
    tensor, crossEntropy, softmax, backward, scope, keep, noGrad, setBackend, createWasmBackend, encodeCheckpoint, decodeCheckpoint,
  } from "./ts/index.ts";`);
  assert.ok(files.includes("ts/train/trainer.ts") && files.includes("ts/data/augment.ts"));
  fits("core and strict.wasm", compressed(bytes) + wasm("strict"), 90);
});

test("a predictor alone is below 40 kB of JavaScript", async () => {
  const { bytes, files } = await bundled(`export { createPredictor } from "./ts/serve/index.ts";`);
  const unwanted = /^ts\/(?:optim|metrics|cli|report|recipes)\/|trainer|augment|methods|handler|png/;
  assert.equal(
    files.filter((file) => unwanted.test(file)),
    [],
  );
  fits("createPredictor", compressed(bytes), 40);
});

test("the predictor of build/serve.js and its kernels are below 40 kB together, and work", async () => {
  const file = join(folder, "predictor.mjs");
  await bundleServe(file, "{ createPredictor }");
  const text = readFileSync(file, "utf8");
  assert.not.match(text, /(?:^|;)import[ {*"]/);
  fits("createPredictor and inference.wasm", compressed(readFileSync(file)) + wasm("inference"), 40);
  const { createPredictor } = (await import(pathToFileURL(file).href)) as typeof Serve;
  assert.throws(() => createPredictor(new Uint8Array(8), { kernels: inference }), /checkpoint: a header of 0 bytes/);
});

test("methods of tensors are in every program that imports the whole", async () => {
  const program = `import { tensor, setBackend, createReferenceBackend } from "./ts/index.ts";
    setBackend(createReferenceBackend());
    export const found = tensor([1, 2]).add(3).toArray().join();`;
  const { text } = await bundled(program);
  const { found } = (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as { found: string };
  assert.is(found, "4,5");
});

test.after(() => rmSync(folder, { recursive: true }));
test.run();
