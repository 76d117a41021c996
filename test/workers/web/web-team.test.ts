// Teams of Web Workers in a real page: the bits of the calling thread with any number of workers, and what is said and done when a worker
// cannot be loaded, throws, ends or hangs, and where a page may share no memory. PERPEND_TEST_BROWSER=firefox tries another browser.
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createTeam, DataLoader, digest, LocalPool, resnetV2, shapes } from "../../../ts/node.ts";
import { findChromium } from "../../report/chromium.ts";
import { home } from "../../runtimes/stage.ts";
import { found as programOnPath } from "../../runtimes/path.ts";
import { visit, type BrowserKind } from "../../runtimes/visit.ts";
import { pageOf, scripts } from "./page-scripts.ts";

interface Found {
  readonly digest: string;
  readonly workers: number;
  readonly notice: string | null;
  readonly faults: readonly string[];
}

const kind: BrowserKind = process.env["PERPEND_TEST_BROWSER"] === "firefox" ? "firefox" : "chromium";
const file = kind === "firefox" ? programOnPath("firefox-esr", "firefox") : findChromium();
const browser = join(home, "build/browser/");
const folders = { "/perpend/": browser, "/copy/": browser };

async function inPage<T>(work: string, isolated = true): Promise<T> {
  const text = await visit(kind, file ?? "", { pages: { ...scripts, "/": pageOf(work) }, folders, isolated }, 100);
  const { value, trouble } = JSON.parse(text) as { value: T; trouble?: string };
  if (trouble !== undefined) throw new Error(trouble);
  return value;
}

/** What Node comes to. */
async function inNode(): Promise<string> {
  const pool = new LocalPool({ createModel: () => resnetV2({ depth: 8, width: 8, classes: 10, seed: 7 }) });
  const loader = new DataLoader(shapes({ count: 192, seed: 3 }), { batchSize: 32, shuffle: true, seed: 1 });
  for (let epoch = 0; epoch < 2; epoch++) for await (const batch of loader.epoch(epoch)) await pool.step(batch, { lr: 0.05 });
  return digest(pool.model);
}

const test = suite("web team");
const check = file === undefined ? test.skip : test;
if (file === undefined) console.log(`skipped: teams of Web Workers: no ${kind}`);
const expected = await inNode();

check("pages and workers that lead teams of 1, 2 and 4 come to the bits of Node", async () => {
  const found = await inPage<readonly Found[]>(`
    const leader = new Worker("/app/leader.js", { type: "module" });
    const led = new Promise((done, fail) => { leader.onmessage = ({ data }) => done(data); leader.onerror = fail; });
    const out = [await t.alone()];
    for (const workers of [1, 2, 4]) out.push(await t.train(await t.ofModule(workers)));
    return [...out, await led];`);
  assert.equal(
    found.map(({ workers }) => workers),
    [0, 1, 2, 4, 2],
  );
  for (const { digest: each, notice, workers } of found) {
    assert.is(each, expected, `${workers} workers`);
    assert.is(notice, null);
  }
});

check("workers that fail are replaced, to the same bits", async () => {
  for (const [explode, pattern] of [
    ["uncaught", /^crash: .*exploded on purpose/],
    ["close", /^exit: ended by itself/],
    ["hang", /^hang: no answer for/],
  ] as const) {
    const { digest: found, faults } = await inPage<Found>(`return t.train(await t.withFault("${explode}"));`);
    assert.is(found, expected, explode);
    assert.ok(
      faults.some((fault) => pattern.test(fault)),
      `${explode}: ${faults.join(", ") || "no faults"}`,
    );
  }
});

check("what cannot be loaded or made is named, with its address", async () => {
  const [worker, program, copy, outside, thrown] = await inPage<readonly string[]>(`return [
    await said(() => t.withWorker("/nowhere/worker.js")),
    await said(() => t.withModule("/nowhere/program.js")),
    await said(() => t.withModule("/app/other-copy.js")),
    await said(async () => t.joinHere()),
    await said(async () => t.train(await t.withFault("throw"))),
  ];`);
  assert.match(worker, /worker 0 could not begin: http:\/\/localhost:\d+\/nowhere\/worker\.js could not be loaded/);
  assert.match(program, /http:\/\/localhost:\d+\/nowhere\/program\.js/);
  assert.match(copy, /another copy of perpend/);
  assert.match(outside, /joinTeam: called outside a Web Worker/);
  assert.match(thrown, "nothing");
});

check("a page that may share no memory trains alone, to the same bits, and says why", async () => {
  const { digest: found, notice, workers } = await inPage<Found>("return t.train(await t.ofModule(3));", false);
  assert.is(found, expected);
  assert.is(workers, 0);
  assert.match(notice ?? "", /not cross-origin isolated.*Cross-Origin-Opener-Policy: same-origin/);
});

test("Node's own team comes to these bits, too", async () => {
  const team = await createTeam({ module: new URL("./node-program.ts", import.meta.url), workers: 2 });
  const loader = new DataLoader(shapes({ count: 192, seed: 3 }), { batchSize: 32, shuffle: true, seed: 1 });
  for (let epoch = 0; epoch < 2; epoch++) for await (const batch of loader.epoch(epoch)) await team.step(batch, { lr: 0.05 });
  assert.is(digest(team.model), expected);
  await team.close();
});

test.run();
