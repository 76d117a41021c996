// Known-bad logs, and known-bad things that a checkpoint says of its run.
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withBackend } from "../../ts/autograd/index.ts";
import { createDryBackend } from "../../ts/backend/index.ts";
import { aboutOf, describeData } from "../../ts/cli/settings/checkpoint-about.ts";
import { openCheckpoint, readLog } from "../../ts/cli/run/run-folder.ts";
import { resolveSettings } from "../../ts/cli/settings/settings.ts";
import { createModel } from "../../ts/cli/settings/training-program.ts";
import { shapes } from "../../ts/data/index.ts";
import { uninitialized } from "../../ts/nn/index.ts";
import { checkpointBytes } from "../../ts/train/node/checkpoint-file.ts";
import type { Json, JsonObject } from "../../ts/train/index.ts";
import { parseLog } from "../../ts/train/log.ts";
import type { StoredTensor } from "../../ts/train/safetensors.ts";
import type { BadFile } from "./bad-file.ts";

const step = '{"type":"step","epoch":1,"step":1,"loss":1,"accuracy":1,"learningRate":1,"imagesPerSecond":1}';

const logs: readonly (readonly [name: string, line: string | Uint8Array, error: RegExp])[] = [
  ["nonsense", "nonsense", /"n" in line 2 at byte \d+, wanted a JSON value/],
  ["an event of another kind", '{"type":"exec","command":"rm"}', /event type "exec" in line 2/],
  ["a kind of a prototype", '{"type":"constructor"}', /event type "constructor" in line 2/],
  ["a step number beyond 2^53", step.replace('"step":1', '"step":9007199254740993'), /step\.step is 9007199254740992 in line 2/],
  ["a loss of 1e999", step.replace('"loss":1', '"loss":1e999'), /1e999 in line 2/],
  ["a loss that is text", step.replace('"loss":1', '"loss":"<script>"'), /step\.loss is "<script>" in line 2/],
  ["a key twice", step.replace('"epoch":1', '"epoch":1,"epoch":2'), /key "epoch" a second time in line 2/],
  ["__proto__", step.replace('"epoch":1', '"epoch":1,"__proto__":{"polluted":1}'), /a key named __proto__ in line 2/],
  ["100,000 lists in each other", `{"type":"step","epoch":${"[".repeat(1e5)}`, /one level more in line 2/],
  [
    "an image from elsewhere",
    '{"type":"samples","images":["http://evil/x.png"],"labels":[1],"predictions":[1],"probabilities":[1]}',
    /samples\.images\.0 is "http/,
  ],
  [
    "an image that is a script",
    '{"type":"samples","images":["data:image/svg+xml;base64,AA"],"labels":[1],"predictions":[1],"probabilities":[1]}',
    /samples\.images\.0/,
  ],
  ["colors of a terminal", '{"type":"\\u001b[31m"}', /event type "\\\\?u001b\[31m" in line 2/],
  ["bytes that are no text", Uint8Array.of(0x7b, 0xff, 0x7d), /not UTF-8 in line 2/],
];

const settings = resolveSettings({ model: "resnetv2_8", width: 4 });
const about = { name: "run", settings, data: describeData(shapes({ count: 4 })) };
const options = { ...settings, classes: 10, channels: 3, observeEvery: 0 };
const entries = withBackend(createDryBackend(), () => uninitialized(() => createModel(options))).entries();
const tensors = new Map<string, StoredTensor>(
  entries.map(({ key, shape }) => [key, { shape: [...shape], values: new Float32Array(shape.reduce((a, b) => a * b, 1)) }]),
);
aboutOf({ tensors, state: about as JsonObject }, "good");

const changed = (part: "settings" | "data", change: { readonly [key: string]: Json }): JsonObject =>
  ({ ...about, [part]: { ...about[part], ...change } }) as JsonObject;
const abouts: readonly (readonly [name: string, state: JsonObject, error: RegExp])[] = [
  ["no settings", {}, /without settings/],
  ["settings that are a list", { ...about, settings: [] } as JsonObject, /settings.* wanted/],
  ["an unknown model", changed("settings", { model: "../../evil.js" }), /settings\.model "\.\.\/\.\.\/evil\.js"/],
  [
    "a million channels",
    changed("settings", { width: 2 ** 20 }),
    /tensor stem\.conv\.weight of shape \[4,3,3,3\], wanted \[1048576,3,3,3\]/,
  ],
  ["2^40 channels", changed("settings", { width: 2 ** 40 }), /settings\.width 1099511627776/],
  ["a model that is deeper than its tensors", changed("settings", { model: "resnetv2_1001" }), /no tensor for \d+ of \d+ keys/],
  ["a batch of -1", changed("settings", { batchSize: -1 }), /settings\.batchSize -1/],
  ["half a shard", changed("settings", { shards: 0.5 }), /settings\.shards 0\.5/],
  [
    "a name that is a path",
    { ...about, name: "../../home" } as JsonObject,
    /name "\.\.\/\.\.\/home", wanted the name of a folder|name "\.\.\/\.\.\/home"/,
  ],
  ["the name ..", { ...about, name: ".." } as JsonObject, /name "\.\."/],
  ["a name that clears the screen", { ...about, name: "\u001b[2J" } as JsonObject, /name "\\u001b\[2J"/],
  ["an image a million pixels wide", changed("data", { width: 1e6 }), /data\.width 1000000/],
  ["no class", changed("data", { classNames: [] }), /data\.classNames 0/],
  ["a class that rings the bell", changed("data", { classNames: [...Array.from({ length: 9 }, String), "\u0007"] }), /data\.classNames\.9/],
  ["a class too many", changed("data", { classNames: Array.from({ length: 11 }, String) }), /tensor head\.fc\.weight of shape \[10,/],
  ["a deviation of 0", changed("data", { std: [1, 1, 0] }), /data\.std\.2 0/],
  ["means of one channel", changed("data", { mean: [0.5] }), /a mean and a std for each channel/],
];

const folders: readonly BadFile[] = [
  {
    name: "a log that is a link to another file",
    read: (dir) => {
      symlinkSync("/etc/hostname", join(dir, "log.jsonl"));
      return readLog(join(dir, "log.jsonl"));
    },
    error: /a link that leads to \/etc\/hostname|no such file/,
  },
  {
    name: "a log that is not there",
    read: (dir) => readLog(join(dir, "log.jsonl")),
    error: /no such file, wanted the log\.jsonl of a run/,
  },
  {
    name: "a run whose best checkpoint is a link to another file",
    read: (dir) => {
      mkdirSync(join(dir, "checkpoints"));
      writeFileSync(join(dir, "elsewhere"), checkpointBytes({ tensors, state: about as JsonObject }).subarray(0, 1000));
      symlinkSync(join(dir, "elsewhere"), join(dir, "checkpoints", "best.safetensors"));
      return openCheckpoint("--checkpoint", dir, "best");
    },
    error: /best\.safetensors: .*; no other checkpoint beside it is whole/,
  },
];

export const badRuns: readonly BadFile[] = [
  ...logs.map(([name, line, error]) => ({
    name: `log: ${name}`,
    read: () => parseLog(Buffer.concat([Buffer.from(`${step}\n`), Buffer.from(line), Buffer.from(`\n${step}\n`)]), "f"),
    error,
  })),
  ...abouts.map(([name, state, error]) => ({ name: `about: ${name}`, read: () => aboutOf({ tensors, state }, "f"), error })),
  ...folders,
];
