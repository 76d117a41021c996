// Trains, evaluates and saves for an hour, with pools that come and go: memory, threads and file handles stay what they are. Prints the
// slope of each. PERPEND_SOAK_MINUTES sets another time. About 60 minutes.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { output } from "../runtimes/launch.ts";
import { stage, staged } from "../runtimes/stage.ts";
import { slopeOf } from "./slope.ts";
import type { Usage } from "./soak-program.ts";

const MINUTES = Number(process.env["PERPEND_SOAK_MINUTES"] ?? "60");
/** Part of the time that is warm-up. */
const WARM = 0.25;

type Watched = "resident" | "heap" | "external" | "threads" | "handles";

/** What is watched, and how much it may grow over the whole time, in MiB or as a count. */
const WATCHED: Readonly<Record<Watched, readonly [what: string, growth: number]>> = {
  resident: ["resident memory, MiB", 32],
  heap: ["JavaScript heap, MiB", 4],
  external: ["memory outside the heap, MiB", 8],
  threads: ["threads", 0.5],
  handles: ["file handles", 0.5],
};

const names = Object.keys(WATCHED) as Watched[];

stage();

const test = suite("soak");

test("a slope is what it is called", () => {
  assert.is(slopeOf([0, 1, 2, 3].map((hours) => ({ hours, value: 5 - 2 * hours }))), -2);
  assert.is(slopeOf([{ hours: 1, value: 7 }]), 0);
});

test(`${MINUTES} minutes of training with steady memory, threads and file handles`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "perpend-soak-"));
  let minute = -1;
  const told = (line: string): void => {
    const { hours, steps, ...usage } = JSON.parse(line) as Usage;
    if (Math.floor(60 * hours) === minute) return;
    minute = Math.floor(60 * hours);
    console.log(`minute ${minute}, ${steps} steps: ${names.map((name) => `${WATCHED[name][0]} ${usage[name].toFixed(0)}`).join("; ")}`);
  };
  const command = [process.execPath, "--expose-gc", staged("long/soak-program"), String(MINUTES), folder];
  const text = await output(command, { limit: 60 * (3 * MINUTES + 10), told }).finally(() =>
    rmSync(folder, { recursive: true, force: true }),
  );
  const samples = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Usage);

  const counted = samples.slice(Math.floor(WARM * samples.length));
  const last = counted[counted.length - 1];
  const span = last.hours - counted[0].hours;
  console.log(
    `${last.steps} steps, ${samples.length} samples; slopes of the last ${counted.length}, over ${(60 * span).toFixed(1)} minutes:`,
  );
  const grown: string[] = [];
  for (const name of names) {
    const [what, most] = WATCHED[name];
    const slope = slopeOf(counted.map((usage) => ({ hours: usage.hours, value: usage[name] })));
    const growth = slope * span;
    console.log(`  ${what}: ${slope.toFixed(3)} an hour (${growth.toFixed(2)} in this time, ${last[name].toFixed(1)} at the end)`);
    if (growth > most) grown.push(`${what} grew by ${growth.toFixed(2)}, wanted at most ${most}`);
  }
  assert.equal(grown, []);
});

test.run();
