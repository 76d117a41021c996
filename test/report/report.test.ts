import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { renderReport } from "../../ts/report/report.ts";
import { collectRun, type RunLog } from "../../ts/report/run-log.ts";
import type { RunStartEvent } from "../../ts/train/events.ts";
import { findChromium, openChromium } from "./chromium.ts";
import { fakeRun, type FakeRun } from "./fake-run.ts";

const test = suite("report");
const run = (options: FakeRun): RunLog => collectRun(fakeRun(options));
const evil = `</text><script>throw "x"</script><img src=x onerror="alert('1')">`;

/** Reports of every kind: one run, two, many with hostile names, and logs that hold little. */
const kinds: Record<string, () => RunLog[]> = {
  one: () => [run({ epochs: 6, stepsPerEpoch: 200, blocks: 54 })],
  two: () => [run({ skip: "additive", epochs: 4, stepsPerEpoch: 100 }), run({ epochs: 4, stepsPerEpoch: 100 })],
  many: () => [
    run({ name: evil, classes: [evil, "b", "a class with a long name"], epochs: 3, stepsPerEpoch: 20 }),
    run({ name: evil, epochs: 3, stepsPerEpoch: 20, end: "diverged", images: 0 }),
    run({ name: "x".repeat(300), epochs: 3, stepsPerEpoch: 20, end: "none" }),
    run({ classes: Array.from({ length: 100 }, (_, i) => `class ${i}`), epochs: 3, stepsPerEpoch: 20, blocks: 1, end: "stopped" }),
    run({ skip: "additive", epochs: 2, stepsPerEpoch: 20 }),
  ],
  "only started": () => [collectRun(fakeRun().slice(0, 1))],
  "one step": () => [collectRun(fakeRun().slice(0, 2))],
  "one epoch": () => [run({ epochs: 1, stepsPerEpoch: 30, images: 0 })],
};

const documents = new Map<string, string>();
const documentOf = async (kind: string): Promise<string> => {
  const known = documents.get(kind);
  if (known !== undefined) return known;
  const document = await renderReport(kinds[kind]());
  documents.set(kind, document);
  return document;
};

test("a report holds its numbers, names, settings, digest and command", async () => {
  const runs = kinds["two"]();
  const document = await documentOf("two");
  assert.match(document, /^<!doctype html>/i);
  for (const text of ["<h1>Additive and orthogonal</h1>", "272,474", "AMD EPYC 7B13, 2 cores", "What differs", "skip.<wbr />kind"]) {
    assert.ok(document.includes(text), text);
  }
  for (const { end, start, evaluations } of runs) {
    assert.ok(document.includes(end?.digest ?? "no digest"));
    assert.ok(document.includes(`${(100 * (evaluations.at(-1)?.top1 ?? 0)).toFixed(2)} %`));
    for (const word of (start.command ?? "").split(" ")) assert.ok(document.includes(`<span>${word}</span>`), word);
  }
  assert.is((document.match(/<h3>(Accuracy|Loss|Learning rate|Images per second)<\/h3>/g) ?? []).length, 4);
  assert.is((document.match(/<svg\s+class="chart"/g) ?? []).length, 4 + 2 * 4 + 2);
});

test("every drawing has a title, a description and ids of its own; images say what they show", async () => {
  for (const kind of ["one", "two", "many"]) {
    const document = await documentOf(kind);
    const ids = [...document.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    assert.is(new Set(ids).size, ids.length, kind);
    for (const [, first, second] of document.matchAll(/aria-labelledby="(\S+) (\S+)"/g))
      assert.ok(ids.includes(first) && ids.includes(second));
    for (const [, reference] of document.matchAll(/url\(#([^)]*)\)/g)) assert.ok(ids.includes(reference), reference);
    assert.not.match(document, /<(?:title|desc)[^>]*>\s*<\//);
    for (const [image] of document.matchAll(/<img [^>]*>/g)) assert.match(image, /alt="[^"]+"/);
  }
});

test("names stay text, and nothing outside is referred to", async () => {
  const references = new Set(["src", "href", "xlink:href", "srcset", "data", "action"]);
  for (const kind of Object.keys(kinds)) {
    const document = (await documentOf(kind)).replace(/"data:image\/png;base64,[A-Za-z0-9+/=]+"/g, '"#picture"');
    assert.not.match(document, /<(?:script|iframe|object|embed|link|base)\b/i, kind);
    let attributes = 0;
    for (const [, name, value] of [...document.matchAll(/<[a-z][^<>]*>/gi)].flatMap(([tag]) => [
      ...tag.matchAll(/\s([\w:-]+)="([^"]*)"/g),
    ])) {
      attributes++;
      assert.not.match(name, /^on/i, `${kind}: ${name}`);
      if (references.has(name)) assert.is(value, "#picture", `${kind}: ${name}`);
    }
    assert.ok(attributes > 20);
    assert.not.match(document, /url\((?!#)|@import/i, kind);
    assert.not.match(document, /NaN|undefined|\[object/, kind);
  }
  assert.ok((await documentOf("many")).includes("&lt;/text&gt;&lt;script&gt;"));
});

test("an image that is no PNG data URL is not shown", async () => {
  const whole = run({ epochs: 1, stepsPerEpoch: 5, images: 1 });
  const samples = { type: "samples", images: ["https://example.org/x.png"], labels: [0], predictions: [1], probabilities: [1] } as const;
  const document = await renderReport([{ ...whole, samples }]);
  assert.not.match(document, /example\.org/);
  assert.match(document, /no image/);
});

test("what did not end as planned is said", async () => {
  const whole = fakeRun({ epochs: 2, stepsPerEpoch: 20 });
  const said = async (log: RunLog): Promise<string> => /<p class="status">([^<]*)</.exec(await renderReport([log]))?.[1] ?? "";
  assert.is(await said(collectRun(whole)), "");
  assert.is(await said(run({ epochs: 2, stepsPerEpoch: 20, end: "stopped" })), "Stopped by hand at step 40 of 40.");
  assert.match(
    await said(run({ epochs: 2, stepsPerEpoch: 20, end: "diverged" })),
    /^Diverged at .* The loss is not a number from step 37 on\.$/,
  );
  assert.match(await said(collectRun(whole.filter(({ type }) => type !== "run-end"))), /^Not finished: the log ends at step 40 of 40\.$/);
  const resumed: RunStartEvent = { ...(whole[0] as RunStartEvent), resumedFrom: 20 };
  const taken = [...whole.filter((event) => !("step" in event) || (event.step ?? 0) <= 20), resumed, ...whole.slice(1).filter((event) => "step" in event && (event.step ?? 0) > 20)]; // prettier-ignore
  assert.match(await said(collectRun([...taken, whole[whole.length - 1]])), /^Resumed after step 20\.$/);
});

test("runs that saw the same images share them", async () => {
  const document = await documentOf("two");
  assert.is((document.match(/<img /g) ?? []).length, 24);
});

test("a long run's report stays small", async () => {
  const document = await renderReport([run({ epochs: 100, stepsPerEpoch: 100, blocks: 333 })]);
  assert.ok(document.length < 1_000_000, `${document.length} characters`);
});

test("no run is refused", async () => {
  let error: unknown;
  await renderReport([]).catch((caught: unknown) => (error = caught));
  assert.match(String(error), /report: 0 runs, wanted at least 1/);
});

// What lies beyond the page's width, unless it scrolls by itself.
const overflow = `(() => {
  const wide = [...document.querySelectorAll("body *")].filter((element) =>
    element.getBoundingClientRect().right > innerWidth + 1 && !element.closest(".scroll, svg, .hidden"));
  return { page: document.documentElement.scrollWidth - document.documentElement.clientWidth, wide: wide.map((element) => element.outerHTML.slice(0, 120)),
    charts: [...document.querySelectorAll("svg.chart")].filter((svg) => svg.getBoundingClientRect().width < 200).length,
    ground: getComputedStyle(document.body).backgroundColor, broken: [...document.images].filter((image) => image.naturalWidth === 0).length };
})()`;

const chromium = findChromium();
if (chromium === undefined) {
  test.skip("opens in a browser (skipped: no Chromium on this machine; CHROMIUM may name one)", () => undefined);
} else {
  test("opens in a browser, on a phone and a desktop, light and dark: no error, no request, no overflow", async () => {
    const dir = mkdtempSync(join(tmpdir(), "perpend-report-"));
    const browser = openChromium(chromium);
    try {
      for (const kind of Object.keys(kinds)) {
        const file = join(dir, `${kind}.html`);
        writeFileSync(file, await documentOf(kind));
        // The phone first, every kind; the rest where there is most to go wrong.
        const looks = [[390, true], [1280, false], [320, false]] as const; // prettier-ignore
        for (const [width, dark] of looks.slice(0, kind === "many" ? 3 : kind === "two" ? 2 : 1)) {
          const seen = await browser.look(file, { width, dark, evaluate: overflow });
          assert.equal(seen.complaints, [], `${kind} at ${width}`);
          assert.equal(seen.requests, [], `${kind} at ${width}`);
          const ground = dark ? "rgb(20, 22, 26)" : "rgb(250, 249, 247)";
          assert.equal(seen.value, { page: 0, wide: [], charts: 0, broken: 0, ground }, `${kind} at ${width}`);
        }
      }
    } finally {
      await browser.close();
      rmSync(dir, { recursive: true });
    }
  });
}

test.run();
