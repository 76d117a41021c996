// The architecture as data: what belongs to which area, who may import whom, and the limits of a file.
// ARCHITECTURE.md explains the same table in words.

/** Areas by path; the longest prefix counts. */
export const areas: Readonly<Record<string, string>> = {
  "assembly/": "assembly",
  "ts/contract.ts": "contract",
  "ts/math.ts": "math",
  "ts/options.ts": "options",
  "ts/own-files.ts": "own-files",
  "ts/sha256.ts": "sha256",
  "ts/random.ts": "random",
  "ts/shards.ts": "shards",
  "ts/kernels/": "kernels",
  "ts/definitions/": "definitions",
  "ts/kernel-path/": "kernel-path",
  "ts/backend/": "backend",
  "ts/backend/webgpu/": "backend/webgpu",
  "ts/autograd/": "autograd",
  "ts/nn/": "nn",
  "ts/metrics/": "metrics",
  "ts/models/": "models",
  "ts/optim/": "optim",
  "ts/data/": "data",
  "ts/data/node/": "data/node",
  "ts/train/": "train",
  "ts/train/node/": "train/node",
  "ts/report/": "report",
  "ts/recipes/": "recipes",
  "ts/serve/": "serve",
  "ts/serve/node/": "serve/node",
  "ts/cli/": "cli",
  // The part of the command line that any engine can load: what a run's settings are and what they make.
  "ts/cli/settings/": "settings",
  "ts/lab/": "lab",
  "ts/lab/node/": "lab/node",
  "ts/package/": "package",
  "ts/index.ts": "index",
  "ts/host.ts": "host",
  "ts/node.ts": "node",
  "ts/inspect.ts": "host",
  "ts/deno.ts": "host",
  "ts/bun.ts": "host",
  "ts/browser.ts": "browser",
  "ts/workerd.ts": "workerd",
  "ts/webgpu.ts": "webgpu",
  "ts/wasm-module.d.ts": "workerd",
  "workers/": "workers",
  "workers/node/": "workers/node",
  "workers/web/": "workers/web",
  "bench/": "bench",
  "test/": "test",
};

/** Leaves that every area but assembly and kernels may import. */
export const forAll: readonly string[] = ["contract", "math", "options", "sha256", "shards"];

/** Areas that may import every other one. */
export const roots: readonly string[] = ["cli", "bench", "test"];

/** What an area may import beside itself and the leaves. `type x` allows x in type imports only. Nothing points upward. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  assembly: [],
  contract: [],
  math: [],
  options: [],
  "own-files": [],
  sha256: [],
  shards: [],
  kernels: [],
  random: [],
  "kernel-path": ["kernels", "backend"],
  definitions: ["kernels"],
  backend: ["kernels", "definitions"],
  "backend/webgpu": ["backend", "kernels"],
  webgpu: ["backend/webgpu"],
  autograd: ["kernels", "type backend"],
  nn: ["autograd", "random"],
  optim: ["nn", "autograd", "kernels"],
  data: ["random"],
  "data/node": ["data", "random"],
  metrics: ["nn", "autograd"],
  models: ["nn", "autograd", "random"],
  train: ["nn", "optim", "data", "autograd", "backend", "random"],
  "train/node": ["train", "nn", "optim", "data", "data/node", "autograd", "backend", "random"],
  report: ["type train"],
  serve: ["models", "nn", "autograd", "backend", "data", "train"],
  "serve/node": ["serve", "data", "data/node", "type train"],
  recipes: ["models", "nn", "metrics", "optim", "autograd", "data", "train", "random"],
  settings: ["models", "nn", "optim", "autograd", "data", "train", "backend", "random", "serve"],
  lab: ["settings", "report", "models", "nn", "autograd", "data", "train", "backend", "random", "workers", "workers/web"],
  "lab/node": ["lab", "report"],
  package: [],
  workers: ["train", "optim", "nn", "autograd", "kernels", "data", "backend", "random"],
  "workers/node": ["workers", "own-files", "train", "train/node"],
  "workers/web": ["workers", "own-files", "train", "autograd", "backend"],
  index: ["kernels", "random", "backend", "autograd", "nn", "metrics", "models", "optim", "data", "train", "report", "recipes", "serve"],
  host: ["index", "own-files", "workers", "workers/node", "data/node", "train/node"],
  node: ["host", "backend", "kernel-path"],
  browser: ["index", "workers/web"],
  workerd: ["index"],
};

/** The dependencies and where each is at home. */
export const packages: Readonly<Record<string, readonly string[]>> = {
  "@assemblyscript/loader": ["backend"],
  valibot: ["train", "train/node", "settings", "cli"],
  vega: ["report"],
  "vega-lite": ["report"],
  piscina: ["workers/node"],
  commander: ["cli"],
  "@jsquash/jpeg": ["data/node"],
  "cli-progress": ["cli"],
  preact: ["lab"],
  uplot: ["lab"],
  esbuild: ["lab/node", "serve/node", "package"],
  typescript: ["serve/node"],
  picocolors: ["cli"],
};

/** Those that are needed to build the package alone: what a page uses of them is in the page. */
export const bundled: readonly string[] = ["preact", "uplot", "esbuild", "typescript"];

/** Packages that a browser or an edge runtime cannot load: never reachable from ts/index.ts. */
export const nodePackages: readonly string[] = ["piscina", "commander", "cli-progress", "picocolors"];

/** Areas that need Node's modules, which Deno and Bun have too: they may import `node:`, and nothing that is loaded elsewhere may reach them. */
export const nodeAreas: readonly string[] = [
  "host",
  "node",
  "kernel-path",
  "cli",
  "lab/node",
  "data/node",
  "train/node",
  "serve/node",
  "package",
  "workers/node",
  "bench",
  "test",
];

/** What is loaded where there is no Node. */
export const withoutNode: readonly string[] = ["ts/index.ts", "ts/browser.ts", "ts/workerd.ts", "workers/web/worker.ts"];

export const longestFile = 400;
/** Lines of the comment that opens a file. A recipe's states paper, commands, numbers and machine. */
export const longestHeader = 6;
export const longestRecipeHeader = 30;

/** Files of assembly/simd that the wasm exports though they are no kernel family. */
export const noFamily: readonly string[] = ["calibrate"];

/** Names that say nothing about what is inside. */
export const emptyNames: readonly string[] = ["util", "utils", "helper", "helpers", "common", "misc", "shared", "stuff"];

/** What may not stand in any file of the project; written so that this file does not hold it either. */
export const banned: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/(?<![\w.])\/(?:home|root|Users|work|mnt)\/\w/, "a path of one machine"],
  [/\b(?:registry\.(?:npmjs|yarnpkg)|npmmirror\.com|artifactor[y]|verdacci[o])\b/, "the host of a package registry"],
  [/"resolve[d]":/, "a download address in the lock file"],
];
