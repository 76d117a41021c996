// A worker that is lost in `perpend train`: a line on the terminal, an event in the log, and the digest of a run without.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseLog } from "../../ts/train/log.ts";
import { digestOf, newFolder, start, TINY } from "./command.ts";

const test = suite("cli fault");
const folder = newFolder();
const mark = join(folder, "mark");
const program = new URL("./fault-program.ts", import.meta.url).href;

const train = (name: string, environment: NodeJS.ProcessEnv) =>
  start(
    ["train", ...TINY, "--max-steps", "8", "--workers", "2", "--seed", "1", "--no-report", "--output", folder, "--experiment", name],
    environment,
  ).done;

test("a worker that is lost is told once, and changes no bit", async () => {
  const whole = await train("whole", {});
  const faulty = await train("faulty", { PERPEND_TEST_PROGRAM: program, PERPEND_TEST_FAULT: mark });
  assert.ok(existsSync(mark), "no fault");
  assert.is(digestOf(faulty), digestOf(whole));
  const line = "warning: worker 1 was lost in step 4 (exit: exited with code 3) and replaced; the step was done again\n";
  assert.is(faulty.stderr.split(line).length, 2, faulty.stderr);
  const eventsOf = (name: string) => parseLog(readFileSync(join(folder, name, "log.jsonl")), "log.jsonl").events;
  const events = eventsOf("faulty");
  const at = events.findIndex(({ type }) => type === "fault");
  const { seconds, ...fault } = events[at] as Extract<(typeof events)[number], { type: "fault" }>;
  assert.equal(fault, { type: "fault", kind: "exit", worker: 1, step: 4, attempt: 1, message: "exited with code 3" });
  assert.ok(seconds > 0);
  assert.is(events.filter(({ type }) => type === "fault").length, 1);
  assert.not.ok(whole.stderr.includes("warning:"));
  assert.is(eventsOf("whole").filter(({ type }) => type === "fault").length, 0);
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
