// Changed JSON, logs, and what checkpoints say of runs. About 60 minutes with PERPEND_LONG=1.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { aboutOf, describeData, type About } from "../../ts/cli/settings/checkpoint-about.ts";
import { resolveSettings } from "../../ts/cli/settings/settings.ts";
import { shapes } from "../../ts/data/index.ts";
import { withBackend } from "../../ts/autograd/index.ts";
import { createDryBackend } from "../../ts/backend/index.ts";
import { uninitialized } from "../../ts/nn/index.ts";
import { createModel } from "../../ts/cli/settings/training-program.ts";
import type { JsonObject } from "../../ts/train/index.ts";
import type { DigestBegin, StepDigest } from "../../ts/train/digest-chain.ts";
import { formatDigest, parseDigests, type DigestLog } from "../../ts/train/digest-log.ts";
import { formatEvent, parseLog, type Log } from "../../ts/train/log.ts";
import type { StoredTensor } from "../../ts/train/safetensors.ts";
import { parseStrictJson, plainJson, plainObject, type StrictJson } from "../../ts/train/strict-json.ts";
import { fakeRun } from "../report/fake-run.ts";
import { fuzz, rounds } from "./harness.ts";

const test = suite("fuzz text");
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const tokens = ['"__proto__":', '"constructor":', "null", "true", "1e999", "-0", "NaN", "\\ud800", "\\u0000", "[[[[", "]]", "{", "}", '"', ",", "1e-400", "\u2028", "/*"]; // prettier-ignore

const texts = [
  "0",
  "[]",
  '{"a":[1,-2.5e3,true,false,null,"é😀\\n\\u00e9"],"b":{"c":{},"d":[[],{}]}}',
  '  [ {"x" : "" } , [ ] ]  ',
  '"\\ud83d\\ude00"',
];

test("strict JSON: what it takes JSON.parse takes too, to the same value", () =>
  fuzz(
    {
      name: "strict JSON",
      seeds: texts.map(utf8),
      read: (bytes, file) => parseStrictJson(bytes, { file, at: 0 }),
      // As text: to compare objects that have a key `constructor` confuses.
      check: (result: StrictJson, bytes) => {
        const theirs: unknown = JSON.parse(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
        assert.ok(JSON.stringify(plainJson(result)) === JSON.stringify(theirs));
      },
      tokens,
      refusesCuts: false, // a number cut short is a number
    },
    rounds(30_000),
  ));

const pictures = { images: ["data:image/png;base64,AAAA"], labels: [1], predictions: [2], probabilities: [0.5] };
const run = fakeRun({ epochs: 1, stepsPerEpoch: 2, blocks: 2 }).map((event) =>
  event.type === "samples" ? { ...event, ...pictures } : event,
);
const logs = [run, run.slice(0, 3), run.slice(-2)].map((events) => utf8(events.map((event) => `${formatEvent(event)}\n`).join("")));

test("logs: what is taken comes back the same when it is written and read again", () =>
  fuzz({
    name: "logs",
    seeds: logs,
    read: (bytes, file) => parseLog(bytes, file),
    check: ({ events }: Log) => {
      const written = events.map((event) => `${formatEvent(event)}\n`).join("");
      const again = parseLog(written, "again");
      assert.ok(again.events.map((event) => `${formatEvent(event)}\n`).join("") === written);
    },
    tokens: [...tokens, "\n", '"type":"step"', '"type":"run-end"', '"step":'],
    refusesCuts: false, // a line cut short is what a killed process leaves
  }));

const hex = (length: number): string => "0123456789abcdef".repeat(4).slice(0, length);
const digests: readonly (DigestBegin | StepDigest)[] = [
  { begin: 0, contract: "1", state: hex(64), chain: hex(64) },
  { step: 1, loss: hex(16), correct: 3, size: 8, state: hex(64), chain: hex(64) },
  {
    step: 2,
    loss: hex(16),
    correct: 4,
    size: 8,
    gradNorm: hex(16),
    state: hex(64),
    chain: hex(64),
    values: [{ name: "stem.conv.weight", digest: hex(16) }],
    gradients: [{ key: "stem.conv.weight", sum: hex(16), parts: ["-", [hex(16)]] }],
    forward: [{ op: "conv2d", layer: "stem.conv", digests: [hex(16), "-"] }],
  },
];

test("digests: what is taken comes back the same", () =>
  fuzz({
    name: "digests",
    seeds: [digests, digests.slice(0, 2)].map((entries) => utf8(entries.map((entry) => `${formatDigest(entry)}\n`).join(""))),
    read: (bytes, file) => parseDigests(bytes, file),
    check: ({ entries: read }: DigestLog) => {
      const written = read.map((entry) => `${formatDigest(entry)}\n`).join("");
      assert.ok(
        parseDigests(utf8(written), "again")
          .entries.map((entry) => `${formatDigest(entry)}\n`)
          .join("") === written,
      );
    },
    tokens: [...tokens, "\n", '"step":', '"begin":', "-", '[["a","b"]]'],
    refusesCuts: false,
  }));

const settings = resolveSettings({ model: "resnetv2_8", width: 4 });
const about = {
  name: "run",
  command: "perpend train",
  settings,
  data: describeData(shapes({ count: 4 })),
  versions: { kernels: "strict 0" },
};
const options = { ...settings, classes: 10, channels: 3, observeEvery: 0 };
const entries = withBackend(createDryBackend(), () => uninitialized(() => createModel(options))).entries();
const tensors = new Map<string, StoredTensor>(entries.map(({ key, shape }) => [key, { shape: [...shape], values: new Float32Array(0) }]));
const others = [{ ...about, settings: resolveSettings({ model: "resnetv2_8", width: 4, opt: "adamw", sched: "multistep", clipGrad: 1 }) }];

test("what a checkpoint says of a run", () =>
  fuzz(
    {
      name: "abouts",
      seeds: [about, ...others].map((each) => utf8(JSON.stringify(each))),
      read: (bytes, file) => {
        const state = parseStrictJson(bytes, { file });
        const plain: JsonObject = state instanceof Map ? plainObject(state as ReadonlyMap<string, StrictJson>) : {};
        return aboutOf({ tensors, state: plain }, file);
      },
      check: (read: About) => {
        assert.not.match(read.name, /[/\\\u0000-\u001f]/);
        assert.is(read.settings.width, 4);
        assert.is(read.data.mean.length, read.data.channels);
        for (const name of read.data.classNames) assert.not.match(name, /[\u0000-\u001f\u007f-\u009f]/);
      },
      tokens: [...tokens, "..", "../../x", "\\u001b[2J", "2147483648", '"width":1e9,'],
    },
    rounds(10_000, 1_000_000),
  ));

test.run();
