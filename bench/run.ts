// The command behind `npm run bench`: runs the benches one after another, each in a process of its own, and prints what they found as
// Markdown. See docs/performance.md.

import { fork } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { freshBuild } from "../test/fresh-build.ts";
import { describeMachine } from "../ts/cli/machine/machine.ts";
import { acceptRatios, checkRatios, judgeAgain, readBaseline, writeBaseline, type Baseline, type Verdict } from "./suite/baseline.ts";
import { benchChart } from "./suite/chart.ts";
import { compareRows } from "./suite/comparison.ts";
import { sectionsOf, writeBetween } from "./suite/document.ts";
import { compilePrograms } from "./suite/compile-programs.ts";
import { comparisonTable, disturbanceLine, measuredTable, verdictText } from "./suite/markdown.ts";
import type { Findings, Plan } from "./suite/plan.ts";
import { disturbance } from "./suite/statistics.ts";
import { reachedTargets, targetsTable } from "./suite/targets.ts";
import { readRows, runtime, spreadsOf, writeRows, type Measured } from "./suite/rows.ts";

/** In the order in which they run; those that are not named run only when asked for. */
const BENCHES = ["calibrate", "kernels", "step", "growth", "start"] as const;
const ON_REQUEST = ["winograd-table", "faults", "skips", "serving", "webgpu"] as const;

/** Those that need what bench/programs holds. */
const RUN_PROGRAMS: readonly string[] = ["calibrate", "step", "growth", "start", "faults", "skips", "serving"];

const help = `npm run bench -- [options]
  --only NAMES     of ${[...BENCHES, ...ON_REQUEST].join(", ")}; several with commas (the first ${BENCHES.length})
  --quick          as little as tells something: about a minute in all
  --filter PARTS   only what has one of these in its name; several with commas
  --workers LIST   numbers of workers, 0 is the calling thread (each bench's own)
  --rounds N       measurements of each thing (each bench's own)
  --wasm FILE      kernels of another file, for the kernel benches
  --json FILE      writes the rows
  --chart FILE     draws them as SVG
  --write FILE     puts the tables into a Markdown file, between the marks of this engine
  --against FILE   compares them with those of an earlier --json
  --check          compares ratios with bench/baselines and fails where they got worse
  --accept         takes the ratios of this run as the accepted ones
  --no-build       runs what build/ holds, however old
  --list           names the benches`;

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

const { values } = parseArgs({
  options: {
    only: { type: "string", default: BENCHES.join(",") },
    quick: { type: "boolean", default: false },
    filter: { type: "string", default: "" },
    workers: { type: "string" },
    rounds: { type: "string" },
    wasm: { type: "string" },
    json: { type: "string" },
    chart: { type: "string" },
    write: { type: "string" },
    against: { type: "string" },
    check: { type: "boolean", default: false },
    accept: { type: "boolean", default: false },
    "no-build": { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

/** Whole numbers, with commas between them. */
function wholeNumbers(option: string, text: string, least: number): number[] {
  return text.split(",").map((part) => {
    const number = Number(part);
    if (part.trim() === "" || !Number.isInteger(number) || number < least)
      fail(`bench: --${option} is ${text}, whole numbers from ${least} on are wanted`);
    return number;
  });
}

/** Runs a bench in a process of its own; null if it failed. */
function runBench(name: string, plan: Plan): Promise<Findings | null> {
  return new Promise((resolve) => {
    let findings: Findings | null = null;
    const child = fork(fileURLToPath(new URL("./process.ts", import.meta.url)), [name, JSON.stringify(plan)], {
      execArgv: [...process.execArgv],
      serialization: "advanced",
    });
    child.on("message", (message) => (findings = message as Findings));
    child.on("error", () => resolve(null));
    child.on("close", (code) => resolve(code === 0 ? findings : null));
  });
}

/** Whose ratios and tables these are. */
const engine = `node${process.versions.node.split(".")[0]}`;

function baselineFile(): string {
  return fileURLToPath(new URL(`./baselines/${engine}.json`, import.meta.url));
}

function oldBaseline(): Baseline | null {
  const file = baselineFile();
  return existsSync(file) ? readBaseline(readFileSync(file, "utf8"), file) : null;
}

/** Measurements of a bench whose ratios got worse, before they are believed to be. */
const ATTEMPTS = 3;

/** Prints what --check finds; false where something got worse, or nothing could be compared. */
async function check(found: ReadonlyMap<string, readonly Measured[]>, plan: Plan): Promise<boolean> {
  const baseline = oldBaseline();
  if (baseline === null) {
    console.log(`\nNo ratios are accepted for ${runtime} yet; --accept takes those of a run.`);
    return false;
  }
  console.log(`\n== check against ratios of ${baseline.runtime}, ${baseline.machine}\n`);
  const all: Verdict[] = [];
  for (const [name, rows] of found) {
    let verdicts = checkRatios(rows, baseline);
    for (let attempt = 2; attempt <= ATTEMPTS && verdicts.some(({ worse }) => worse); attempt++) {
      console.log(`${name} again: ${verdicts.filter(({ worse }) => worse).length} ratios were worse than accepted`);
      verdicts = judgeAgain(verdicts, checkRatios((await runBench(name, plan))?.rows ?? [], baseline));
    }
    all.push(...verdicts);
  }
  console.log(verdictText(all));
  return all.length > 0 && all.every(({ worse }) => !worse);
}

function accept(rows: readonly Measured[]): void {
  const spreads = spreadsOf(rows);
  if (spreads.length === 0 || disturbance(spreads) === "disturbed")
    fail("bench: --accept after a disturbed run, a calm one of 3 rounds or more is wanted");
  const file = baselineFile();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, writeBaseline(acceptRatios(rows, oldBaseline(), describeMachine().cpu, runtime)));
  console.log(`\naccepted the ratios of this run in ${file}`);
}

async function main(): Promise<void> {
  if (values.help) return console.log(help);
  const all = [...BENCHES, ...ON_REQUEST];
  const chosen = values.only.split(",").map((name) => name.trim());
  for (const name of chosen)
    if (!all.some((known) => known === name)) fail(`bench: --only names ${name}, of these is wanted: ${all.join(", ")}`);
  if (values.list) return console.log(chosen.join("\n"));
  const document = values.write === undefined ? null : readFileSync(values.write, "utf8");
  // Fails now rather than after the run.
  if (document !== null) writeBetween(document, engine, "", values.write!);
  const earlier = values.against === undefined ? null : readRows(readFileSync(values.against, "utf8"), values.against);
  const plan: Plan = {
    quick: values.quick,
    filter: values.filter === "" ? [] : values.filter.split(","),
    workers: values.workers === undefined ? null : wholeNumbers("workers", values.workers, 0),
    rounds: values.rounds === undefined ? null : wholeNumbers("rounds", values.rounds, 1)[0],
    wasm: values.wasm ?? null,
  };

  if (!values["no-build"]) {
    const { failure } = await freshBuild(fileURLToPath(new URL("..", import.meta.url)));
    if (failure !== null) fail(failure);
  }
  if (chosen.some((name) => RUN_PROGRAMS.includes(name))) await compilePrograms();

  const machine = describeMachine();
  const head = `${machine.cpu}, ${machine.cores} cores, ${machine.runtime} (${machine.engine}); load average ${loadavg()[0].toFixed(1)} before the run.`;
  console.log(head);
  const rows: Measured[] = [];
  const found = new Map<string, readonly Measured[]>();
  const failed: string[] = [];
  for (const name of chosen) {
    console.log(`\n== ${name}\n`);
    const findings = await runBench(name, plan);
    if (findings === null) {
      failed.push(name);
      continue;
    }
    rows.push(...findings.rows);
    found.set(name, findings.rows);
    if (findings.rows.length > 0) console.log(measuredTable(findings.rows));
    for (const note of findings.notes) console.log(`\n${note}`);
  }

  const calm = disturbanceLine(rows);
  if (calm !== null) console.log(`\n${calm}`);
  if (rows.length === 0 && failed.length === 0)
    fail(`bench: --filter is ${values.filter}, part of a name is wanted that one of these benches has`);
  if (values.json !== undefined) writeFileSync(values.json, writeRows(rows));
  const reached = reachedTargets(rows);
  if (reached.length > 0) console.log(`\n== targets\n\n${targetsTable(reached)}`);
  if (document !== null) {
    const content = `${head}\n\n${sectionsOf(rows)}${calm === null ? "" : `\n\n${calm}`}`;
    writeFileSync(values.write!, writeBetween(document, engine, content, values.write!));
  }
  if (values.chart !== undefined) writeFileSync(values.chart, await benchChart(rows));
  if (earlier !== null) console.log(`\n== against ${values.against}\n\n${comparisonTable(compareRows(rows, earlier), values.against!)}`);
  if (failed.length > 0) fail(`bench: ${failed.join(", ")} failed`);
  if (values.accept) accept(rows);
  if (values.check && !(await check(found, plan))) process.exitCode = 1;
}

await main();
