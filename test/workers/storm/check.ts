// Runs a storm and checks that it left no trace.
import * as assert from "uvu/assert";
import { compiled, runCompiled } from "../../compiled.ts";
import { KINDS, POINTS } from "./plan.ts";
import type { Report, Storm } from "./run.ts";

const total = (counts: { readonly [name: string]: number }): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Workers lost in it, and what happened. Prints a line. */
export async function checkStorm(storm: Storm): Promise<{ readonly lost: number; readonly report: Report }> {
  const path = compiled(new URL("./run.ts", import.meta.url));
  const { code, stdout, stderr } = await runCompiled(path, JSON.stringify(storm));
  assert.is(code, 0, stderr || `ended with code ${code}: 7 says that something was left behind\n${stdout}`);
  const report = JSON.parse(stdout) as Report;
  const { fired, struck, reported, difference, steps, left, memory, seconds } = report;
  const lost = total(fired) + struck;
  const kinds = Object.entries(fired).map(([kind, count]) => `${kind} ${count}`);
  console.log(
    `${storm.workers} workers, ${storm.variant}, seed ${storm.seed}: ${lost} losses in ${steps} steps (${kinds.join(", ")}, from outside ${struck}), ` +
      `memory ${memory[0]} to ${memory[1]} MiB, ${seconds.toFixed(1)} s`,
  );
  assert.is(difference, null, `another number: ${difference}`);
  assert.is(left, 0, "threads left");
  // Threads that were struck before they were ready are replaced and not told. A late one may have come in time on a slow machine.
  const { late = 0 } = fired;
  assert.ok(total(reported) >= total(fired) - late, `${total(reported)} told of ${total(fired)}`);
  // Workers may have to hold more of a batch for a while; nothing piles up.
  assert.ok(memory[1] <= memory[0] + 12 * storm.workers, `${memory[0]} MiB grew to ${memory[1]}`);
  return { lost, report };
}

/** The same where every kind of fault must have been met, and every point but one: a loss from outside may be sooner than a planned one. */
export async function checkWholeStorm(storm: Storm): Promise<void> {
  const { lost, report } = await checkStorm(storm);
  assert.ok(lost >= storm.faults - 5, `${lost} losses`);
  assert.equal(Object.keys(report.fired).sort(), [...KINDS].sort());
  const missed = Object.keys(POINTS).filter((point) => !(point in report.points));
  assert.ok(missed.length <= 1, `nobody was lost ${missed.join(", ")}`);
}
