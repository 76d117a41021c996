// A model behind HTTP, asked from this process while it runs in another: cold start to the first prediction, requests a second and their
// latency with so many under way, and the same while others send malformed, oversized and broken requests. ResNet-20 on 32x32 pixels.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withBackend } from "../ts/autograd/index.ts";
import { createReferenceBackend } from "../ts/backend/index.ts";
import { resolveSettings } from "../ts/cli/settings/settings.ts";
import { describeData } from "../ts/data/description.ts";
import { shapes } from "../ts/data/index.ts";
import { namedModel } from "../ts/models/named.ts";
import { encodeCheckpoint } from "../ts/train/index.ts";
import { makePng } from "../test/cli/png-maker.ts";
import { load, type Load, type Sent } from "./suite/http-load.ts";
import { serverKinds, type Server, type ServerKind } from "./suite/servers.ts";
import { isChosen, progress, type Findings, type Plan } from "./suite/plan.ts";
import { measured, type Measured } from "./suite/rows.ts";
import { median, quantile, spread } from "./suite/statistics.ts";

const NAME = "resnet20_32x32";
const AT_ONCE = [1, 4, 16, 64] as const;
/** Under way at the same time where good and bad requests come. */
const MIXED = { good: 16, bad: 4 } as const;

/** A checkpoint of ResNet-20 as it begins: speed does not depend on the weights. */
function checkpoint(): Uint8Array {
  const settings = resolveSettings({ model: "resnetv2_20" });
  const state = withBackend(createReferenceBackend(), () =>
    namedModel(settings, { classes: 10, channels: 3, imageSize: [32, 32] }).stateDict(),
  );
  const tensors = Object.entries(state).map(([key, { shape, values }]) => [key, { shape, values: Float32Array.from(values) }] as const);
  return encodeCheckpoint({ tensors: new Map(tensors), state: { settings, data: describeData(shapes({ count: 1 })) } });
}

const pixels = Uint8Array.from(shapes({ count: 1 }).get(0).image);
const png: Sent = {
  type: "image/png",
  body: Uint8Array.from(makePng({ width: 32, height: 32, depth: 8, color: 2, sample: (x, y, c) => pixels[3 * (32 * y + x) + c] })),
};
const text = new TextEncoder();
const json: Sent = { type: "application/json", body: text.encode(JSON.stringify({ width: 32, height: 32, pixels: [...pixels] })) };
const BAD: readonly Sent[] = [
  { type: "application/json", body: text.encode('{"width":32,"height":32,"pixels":[0,1') },
  { type: "application/json", body: text.encode("[".repeat(100_000)) },
  { type: "application/json", body: new Uint8Array(3_000_000).fill(0x20) },
  { type: "image/png", body: png.body.slice(0, -20) },
  { type: "image/png", body: new Uint8Array(10_000) },
  { type: "text/html", body: text.encode("<p>") },
  { ...json, cut: true },
];

interface Well {
  readonly failures: readonly string[];
  readonly bytes: number;
  /** Of CPU time. */
  readonly cpuMs: number;
}

async function well({ child }: Server): Promise<Well> {
  const answer = new Promise((resolve) => child.once("message", resolve));
  child.send("well?");
  return (await answer) as Well;
}

async function stop({ child }: Server): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

function rowsOf(name: string, { received, seconds }: Load, answer: string, cpuMs: number): Measured[] {
  const wrong = received.filter(({ status, text: found }) => status !== 200 || found !== answer);
  if (wrong.length > 0)
    throw new Error(`bench serving: ${wrong.length} of ${received.length} good requests got ${wrong[0].status}, wanted the answer`);
  const times = received.map(({ ms }) => ms);
  const latency = (what: string, value: number): Measured =>
    measured({ name: `${what}_${name}`, unit: "ms", value, best: Math.min(...times), spread: spread(times) });
  return [
    measured({ name: `requests_${name}`, unit: "requests/s", value: received.length / seconds }),
    ...(cpuMs > 0 ? [measured({ name: `server_cpu_a_request_${name}`, unit: "ms", value: cpuMs / received.length })] : []),
    latency("latency_p50", median(times)),
    latency("latency_p99", quantile(times, 0.99)),
  ];
}

/** Milliseconds from before the process until the first prediction is here, and those of CPU time that the server took. */
async function coldStarts(kind: ServerKind, folder: string, rounds: number): Promise<{ readonly times: number[]; readonly cpu: number[] }> {
  const times: number[] = [];
  const cpu: number[] = [];
  for (let round = 0; round < rounds; round++) {
    progress(round, rounds, `cold start, ${kind.name}`);
    const begin = performance.now();
    const server = await kind.start(folder);
    const { received } = await load(server.url, [png], { atOnce: 1, seconds: 0 });
    times.push(performance.now() - begin);
    if (kind.name === "node") cpu.push((await well(server)).cpuMs);
    await stop(server);
    if (received[0].status !== 200) throw new Error(`bench serving: ${received[0].status} for the first request, wanted 200`);
  }
  return { times, cpu };
}

/** Good requests while others send bad ones. */
async function mixed(server: Server, name: string, seconds: number, answer: string, notes: string[]): Promise<Measured[]> {
  const [good, bad] = await Promise.all([
    load(server.url, [png], { atOnce: MIXED.good, seconds }),
    load(server.url, BAD, { atOnce: MIXED.bad, seconds }),
  ]);
  const byStatus = new Map<number, number>();
  for (const { status } of bad.received) byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  const counts = [...byStatus].sort(([a], [b]) => a - b).map(([status, count]) => `${count} with ${status || "none (cut by the client)"}`);
  notes.push(`${name}: among them ${bad.received.length} bad requests, ${MIXED.bad} at a time, answered ${counts.join(", ")}.`);
  return rowsOf(name, good, answer, 0);
}

async function measureKind(kind: ServerKind, folder: string, plan: Plan, notes: string[]): Promise<Measured[]> {
  const seconds = plan.quick ? 1 : 5;
  const rows: Measured[] = [];
  const cold = `cold_start_${NAME}_${kind.name}`;
  if (isChosen(plan, cold)) {
    const { times, cpu } = await coldStarts(kind, folder, plan.rounds ?? (plan.quick ? 3 : 9));
    const row = (name: string, values: readonly number[]): Measured =>
      measured({ name, unit: "ms", value: median(values), best: Math.min(...values), spread: spread(values) });
    rows.push(row(cold, times));
    if (cpu.length > 0) rows.push(row(`${cold}_server_cpu`, cpu));
  }
  const server = await kind.start(folder);
  try {
    // Engines compile what is hot in the first seconds.
    const { received } = await load(server.url, [png], { atOnce: 4, seconds: plan.quick ? 0.5 : 2 });
    const answer = received[0].text;
    for (const [format, sent] of [
      ["png", png],
      ["json", json],
    ] as const)
      for (const atOnce of AT_ONCE) {
        const name = `${NAME}_${kind.name}_${format}_${atOnce}_at_once`;
        if (!isChosen(plan, name) || (kind.name !== "node" && (format === "json" || atOnce !== MIXED.good))) continue;
        const before = kind.name === "node" ? (await well(server)).cpuMs : 0;
        const found = await load(server.url, [sent], { atOnce, seconds });
        rows.push(...rowsOf(name, found, answer, kind.name === "node" ? (await well(server)).cpuMs - before : 0));
      }
    const name = `${NAME}_${kind.name}_png_${MIXED.good}_at_once_among_bad`;
    if (isChosen(plan, name)) rows.push(...(await mixed(server, name, seconds, answer, notes)));
    if (kind.name === "node") {
      const { failures, bytes } = await well(server);
      notes.push(`Errors of the server in Node: ${failures.length}. Its memory at the end: ${(bytes / 2 ** 20).toFixed(0)} MiB.`);
    }
  } finally {
    await stop(server);
  }
  return rows;
}

export async function measure(plan: Plan): Promise<Findings> {
  const folder = mkdtempSync(join(tmpdir(), "perpend-serving-"));
  writeFileSync(join(folder, "model.safetensors"), checkpoint());
  const rows: Measured[] = [];
  const notes: string[] = [];
  try {
    for (const kind of serverKinds)
      if (kind.missing !== "") notes.push(`skipped: ${kind.name}: ${kind.missing}`);
      else rows.push(...(await measureKind(kind, folder, plan, notes)));
  } finally {
    rmSync(folder, { recursive: true });
  }
  progress(1, 1, "");
  return { rows, notes };
}
