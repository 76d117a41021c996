import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FormatError } from "../../ts/data/format-error.ts";
import type { RunEvent } from "../../ts/train/events.ts";
import { formatEvent, MOST_LINE_BYTES, parseLog } from "../../ts/train/log.ts";

const test = suite("train log");

const events: readonly RunEvent[] = [
  {
    type: "run-start",
    name: "orthogonal",
    recipe: { model: "resnetv2_20", skip: { kind: "orthogonal", eps: 1e-6 }, milestones: [1, 2], ema: null },
    model: "resnetv2_20",
    parameters: 272_474,
    machine: { cpu: "c", cores: 2, memoryBytes: 1, platform: "linux", architecture: "x64", runtime: "node 20", engine: "v8 11" },
    versions: { perpend: "0.1.0" },
    shards: 24,
    workers: 2,
    seed: 7,
    epochs: 2,
    stepsPerEpoch: 10,
    classes: ["<b>", "cat"],
  },
  { type: "step", epoch: 1, step: 1, loss: NaN, accuracy: 0.5, learningRate: 0.1, imagesPerSecond: Infinity, gradNorm: -Infinity },
  { type: "diagnostics", step: 1, blocks: [block(0)] },
  { type: "evaluate", epoch: 1, step: 10, split: "test", loss: 1, top1: 0.5, top5: 0.9, confusion: [[1, 2], [3, 4]] }, // prettier-ignore
  { type: "samples", images: ["data:image/png;base64,AAAA"], labels: [1], predictions: [0], probabilities: [0.75] },
  { type: "checkpoint", path: "runs/a/checkpoint-10.safetensors", step: 10 },
  { type: "fault", kind: "exit", worker: 1, step: 2, attempt: 1, seconds: 0.2, message: "exited with code 3" },
  { type: "nonfinite", epoch: 1, batch: 2, skipped: true, step: 3, batches: 1, what: "gradient", name: "head.fc.weight", value: NaN, op: "conv2d", first: Infinity, layer: "stem.conv", shards: [1, 2], samples: [7], before: "head.fc.bias", learningRate: 0.1 }, // prettier-ignore
  { type: "nonfinite", epoch: 1, batch: 2, skipped: false, step: 3, batches: 1, what: "loss", value: -Infinity, device: true, learningRate: 0.1 }, // prettier-ignore
  { type: "run-end", digest: "0123456789abcdef".repeat(4), seconds: 12.5, steps: 20, reason: "finished" },
];

function block(index: number) {
  return { index, streamNorm2: 1, parallelNorm2: 2, orthogonalNorm2: 3, rhoParallel: 4, rhoOrthogonal: 5, cosine: -0.5 };
}

const text = events.map((event) => `${formatEvent(event)}\n`).join("");

test("reads back every kind of event as written", () => {
  const log = parseLog(text, "log.jsonl");
  assert.equal(log.events, events);
  assert.is(log.truncatedLine, undefined);
});

test("a log cut at any byte reads back the whole lines before the cut and tells the line cut short", () => {
  const bytes = new TextEncoder().encode(text);
  for (let end = 0; end < bytes.length; end++) {
    const part = new TextDecoder().decode(bytes.subarray(0, end));
    const whole = part.split("\n").length - 1;
    const log = parseLog(part, "log.jsonl");
    const atEdge = bytes[end] === 0x0a;
    assert.equal(log.events, events.slice(0, atEdge ? whole + 1 : whole), `cut at ${end}`);
    assert.is(log.truncatedLine, atEdge || part === "" || part.endsWith("\n") ? undefined : whole + 1, `cut at ${end}`);
  }
});

test("a bad line is named by file and line, with what is and what is wanted", () => {
  const bad: [string, RegExp][] = [
    ["{", /^run\/log\.jsonl: the end in line 2 at byte \d+, wanted a string$/],
    ["nonsense", /^run\/log\.jsonl: "n" in line 2 at byte 74, wanted a JSON value$/],
    ["[]", /^run\/log\.jsonl: no event in line 2 at byte 74, wanted run-start, step/],
    ["null", /no event in line 2/],
    ['{"type":"stop"}', /event type "stop" in line 2 at byte 74, wanted run-start, step/],
    ['{"type":"__proto__"}', /event type "__proto__" in line 2/],
    ['{"type":"checkpoint","path":3,"step":1}', /checkpoint\.path is 3 in line 2 at byte 74, wanted string$/],
    ['{"type":"checkpoint","path":"p","step":-1}', /checkpoint\.step is -1 in line 2 at byte 74, wanted >=0$/],
    ['{"type":"checkpoint","path":"p","step":1.5}', /checkpoint\.step is 1\.5/],
    ['{"type":"checkpoint","path":"p"}', /checkpoint\.step is undefined in line 2 at byte 74, wanted "step"$/],
    [
      '{"type":"checkpoint","type":"checkpoint","path":"p","step":1}',
      /key "type" a second time in line 2 at byte 95, wanted each key once$/,
    ],
    ['{"type":"checkpoint","__proto__":{"a":1},"path":"p","step":1}', /a key named __proto__ in line 2 at byte 95/],
    [`{"type":"checkpoint","path":"p","step":1,"more":${"[".repeat(50_000)}`, /one level more in line 2/],
    ['{"type":"run-end","digest":"ABC","seconds":1,"steps":1,"reason":"finished"}', /run-end\.digest is "ABC"/],
    ['{"type":"samples","images":["http://x/y.png"],"labels":[1],"predictions":[1],"probabilities":[1]}', /samples\.images\.0 is/],
    ['{"type":"samples","images":[],"labels":[1],"predictions":[],"probabilities":[]}', /as many labels/],
    ['{"type":"evaluate","epoch":1,"split":"test","loss":1,"top1":1,"top5":1,"confusion":[[1,2]]}', /as many columns as rows/],
  ];
  for (const [line, message] of bad) {
    let error: unknown;
    try {
      parseLog(`${formatEvent(events[5])}\n${line}\n${formatEvent(events[5])}\n`, "run/log.jsonl");
    } catch (caught) {
      error = caught;
    }
    assert.instance(error, FormatError, line);
    if (error instanceof FormatError) {
      assert.match(error.message, message);
      assert.is(error.file, "run/log.jsonl");
    }
  }
});

test("takes bytes as it takes text, and refuses what is not UTF-8 and a line beyond all measure", () => {
  const bytes = new TextEncoder().encode(text);
  assert.equal(parseLog(bytes, "log.jsonl"), parseLog(text, "log.jsonl"));
  const spoiled = bytes.slice();
  spoiled[20] = 0xff;
  const refusal = (log: Uint8Array): string => {
    try {
      parseLog(log, "l");
    } catch (error) {
      if (error instanceof FormatError) return error.message;
      throw error;
    }
    return "accepted";
  };
  assert.is(refusal(spoiled), "l: a byte that is not UTF-8 in line 1 at byte 20, wanted UTF-8 text");
  const long = new Uint8Array(MOST_LINE_BYTES + 2).fill(0x78);
  long[long.length - 1] = 0x0a;
  assert.is(refusal(long), `l: ${MOST_LINE_BYTES + 1} bytes in line 1 at byte 0, wanted at most ${MOST_LINE_BYTES}`);
});

test.run();
