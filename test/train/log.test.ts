import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RunEvent } from "../../ts/train/events.ts";
import { LogError, formatEvent, parseLog } from "../../ts/train/log.ts";

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
    ["{", /^run\/log\.jsonl:2: no JSON, wanted one event a line$/],
    ["[]", /^run\/log\.jsonl:2: no event, wanted run-start, step/],
    ["null", /:2: no event/],
    ['{"type":"stop"}', /:2: event type "stop", wanted run-start, step/],
    ['{"type":"__proto__"}', /:2: event type "__proto__"/],
    ['{"type":"checkpoint","path":3,"step":1}', /:2: checkpoint\.path is 3, wanted string$/],
    ['{"type":"checkpoint","path":"p","step":-1}', /:2: checkpoint\.step is -1, wanted >=0$/],
    ['{"type":"checkpoint","path":"p","step":1.5}', /:2: checkpoint\.step is 1\.5/],
    ['{"type":"checkpoint","path":"p"}', /:2: checkpoint\.step is undefined, wanted "step"$/],
    ['{"type":"run-end","digest":"ABC","seconds":1,"steps":1,"reason":"finished"}', /:2: run-end\.digest is "ABC"/],
    ['{"type":"samples","images":["http://x/y.png"],"labels":[1],"predictions":[1],"probabilities":[1]}', /:2: samples\.images\.0 is/],
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
    assert.instance(error, LogError, line);
    if (error instanceof LogError) {
      assert.match(error.message, message);
      assert.is(error.line, 2);
      assert.is(error.file, "run/log.jsonl");
    }
  }
});

test("a key that JSON gives twice or named __proto__ reaches no prototype", () => {
  const start = formatEvent(events[0]).replace('"recipe":{', '"recipe":{"__proto__":{"polluted":1},');
  parseLog(`${start}\n`, "log.jsonl");
  assert.is(({} as Record<string, unknown>)["polluted"], undefined);
});

test.run();
