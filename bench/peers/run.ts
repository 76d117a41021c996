// perpend beside other libraries that train or evaluate the same net:  npm run bench:peers -- [--only torch,tfjs] [--work train]
// [--threads 1,2] [--rounds 9] [--seconds 60] [--write docs/performance.md] [--json FILE]
// Each peer runs in a process of its own; all take turns step by step. npm ci --prefix bench/peers installs those of npm; PERPEND_PYTHON
// names a Python with torch; PERPEND_PEERS_NODE names a second Node for perpend.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { format, resolveConfig } from "prettier";
import { freshBuild } from "../../test/fresh-build.ts";
import { entries, works, type Entry } from "./list.ts";
import { measure } from "./measure.ts";
import { writeStart } from "./reference.ts";
import { median, replaceBetweenMarks, tableOf, type Row } from "./table.ts";

const home = fileURLToPath(new URL("../..", import.meta.url));

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    work: { type: "string", default: "" },
    threads: { type: "string", default: "1,2" },
    rounds: { type: "string", default: "9" },
    seconds: { type: "string", default: "60" },
    write: { type: "string" },
    json: { type: "string" },
  },
});

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

const names = (list: string): string[] => list.split(",").filter((part) => part !== "");
const matches = (text: string, list: string): boolean => list === "" || names(list).some((part) => text.includes(part));
const wanted = ({ id, onRequest = false }: Entry): boolean =>
  id === "perpend" || (onRequest ? names(values.only).includes(id) : matches(id, values.only));

const all = entries();
const chosen = all.filter(wanted);
const tasks = works.filter(({ name }) => matches(name, values.work));
if (values.only !== "" && !all.some((entry) => entry.id !== "perpend" && wanted(entry)) && !matches("perpend", values.only))
  fail(`peers: --only is ${values.only}, some of these are wanted: ${[...new Set(all.map(({ id }) => id))].join(", ")}`);
if (tasks.length === 0) fail(`peers: --work is ${values.work}, some of these are wanted: ${works.map(({ name }) => name).join(", ")}`);
// Found out before an hour of measuring.
if (values.write !== undefined) replaceBetweenMarks(readFileSync(values.write, "utf8"), "", values.write);

const { failure } = await freshBuild(home);
if (failure !== null) fail(failure);

const folder = mkdtempSync(join(tmpdir(), "perpend-peers-"));
const options = { rounds: Number(values.rounds), seconds: Number(values.seconds), say: (line: string): void => console.error(line) };
const skipped = new Set<string>();
const failed = new Set<string>();
const parts: string[] = [];
const facts: unknown[] = [];
try {
  for (const work of tasks) {
    const file = join(folder, `${work.name}.safetensors`);
    writeStart(file, work, work.batch);
    const rows: Row[] = [];
    for (const threads of names(values.threads).map(Number)) {
      console.error(`${work.title}, ${threads} ${threads === 1 ? "thread" : "threads"}`);
      const group = chosen.filter((entry) => entry.works.includes(work.name) && entry.threads.includes(threads));
      const outcome = await measure(work, threads, file, group, options);
      rows.push(...outcome.rows);
      outcome.skipped.forEach((line) => skipped.add(line));
      outcome.failed.forEach((line) => failed.add(`${work.name}: ${line}`));
    }
    parts.push(`**${work.title}**`, tableOf(rows));
    for (const { peer, runtime, threads, batch, ms } of rows)
      facts.push({ name: work.name, peer, runtime, threads, value: (1000 * batch) / median(ms), unit: "images/s" });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const [{ model }] = cpus();
parts.push(
  `${model}, ${cpus().length} cores; at most ${values.rounds} rounds of one step each, in turn. Ratios are medians over rounds of perpend's ` +
    "images a second over the peer's, same round and threads. All first losses agree with perpend's to 1e-4.",
);
if (skipped.size > 0) parts.push(`Skipped: ${[...skipped].join("; ")}.`);
if (failed.size > 0) parts.push(`Failed: ${[...failed].join("; ")}.`);
const report = parts.join("\n\n");
console.log(report);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(facts, null, 1)}\n`);
if (values.write !== undefined) {
  const path = resolve(values.write);
  const text = replaceBetweenMarks(readFileSync(path, "utf8"), report, values.write);
  writeFileSync(path, await format(text, { ...(await resolveConfig(path)), filepath: path }));
}
if (failed.size > 0) process.exit(1);
