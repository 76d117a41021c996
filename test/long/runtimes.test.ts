// All models in every engine that is on this machine, alone and in teams: digests of this Node to the last bit. Prints a table, and with
// PERPEND_WRITE_TABLE=1 writes it into docs/determinism.md. node --import tsx test/runtimes/install.ts brings the engines that npm has.
// about 12 minutes
import { readFileSync, writeFileSync } from "node:fs";
import { arch, platform } from "node:os";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { allCases } from "../runtimes/cases.ts";
import { ask } from "../runtimes/launch.ts";
import { findRuntimes, type Runtime } from "../runtimes/runtimes.ts";
import { stage } from "../runtimes/stage.ts";

const SEED = 7;
/** On a busy machine wide code may not show its speed in time, and is then not used. */
const TRIES = 5;

const document = new URL("../../docs/determinism.md", import.meta.url);
const [BEGIN, END] = ["<!-- runtimes:begin -->", "<!-- runtimes:end -->"];

const runs = Object.keys(allCases).map((name) => [name, SEED] as const);
const rows = new Map<string, string>();

function note(title: string, version: string, ...columns: string[]): void {
  const row = `| ${[title, version, ...columns].join(" | ")} |`;
  rows.set(title, row);
  console.log(row);
}

/** The outcomes of a runtime in one of its modes; null where V8 did not make wide code though it was to. */
async function outcomesOf(runtime: Runtime, mode: Runtime["modes"][number]): Promise<readonly string[] | null> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const { path, outcomes } = await runtime.ask({ ...mode, runs }, runtime.limit * runs.length);
    if (runtime.path === null || path === runtime.path) return outcomes;
  }
  return null;
}

stage();
const expected = (await ask({ command: [process.execPath], limit: 600 }, { entry: "any", workers: 0, runs })).outcomes;

const runtimes = findRuntimes();
const test = suite("all models in all engines");

test("digests are there to compare with", () => assert.is(new Set(expected).size, runs.length));

for (const runtime of runtimes) {
  const { title, missing, modes } = runtime;
  if (missing !== "") {
    console.log(`skipped: ${title}: ${missing}`);
    note(title, "", "", `not run: ${missing.replace(/;.*/, "")}`);
    test.skip(title, () => undefined);
    continue;
  }
  test(title, async () => {
    const version = await runtime.version();
    const threads: string[] = [];
    const absent: string[] = [];
    for (const mode of modes) {
      const found = await outcomesOf(runtime, mode);
      const workers = mode.workers === 0 ? "alone" : `${mode.workers} workers`;
      if (found === null) absent.push(workers);
      else {
        runs.forEach(([name], index) => assert.is(found[index], expected[index], `${title}, ${workers}: ${name}`));
        threads.push(workers);
      }
    }
    const equal = `${threads.length * runs.length} of ${threads.length * runs.length} digests equal`;
    note(title, version, threads.join(", "), absent.length === 0 ? equal : `${equal}; V8 made no wide code: ${absent.join(", ")}`);
  });
}

/** Writes the table into the document, laid out as its formatter wants it. */
async function writeTable(): Promise<void> {
  const told = [
    `${new Date().toISOString().slice(0, 10)}, ${platform()} ${arch()}: ${runs.length} models, against Node ${process.versions.node} on one thread.`,
    "",
    "| engine | version | threads | result |",
    "| --- | --- | --- | --- |",
    ...runtimes.map(({ title }) => rows.get(title)),
  ].join("\n");
  const text = readFileSync(document, "utf8");
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`runtimes: docs/determinism.md without ${BEGIN} and ${END}, wanted both`);
  const path = fileURLToPath(document);
  const whole = `${text.slice(0, from + BEGIN.length)}\n\n${told}\n\n${text.slice(to)}`;
  writeFileSync(path, await format(whole, { ...(await resolveConfig(path)), filepath: path }));
}

test.after(async () => {
  if (process.env["PERPEND_WRITE_TABLE"] === "1" && rows.size === runtimes.length) await writeTable();
});

test.run();
