// A recipe's run that is taken up again where its log or digests have a hole: it comes to the log, the digests and the measures of a run
// that nobody disturbed.
import { fork } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Plan } from "../../../ts/cli/grid/plan.ts";
import { finishedRun } from "../../../ts/cli/grid/run.ts";
import { runFolder } from "../../../ts/cli/run/run-folder.ts";
import { formatEvent, parseLog } from "../../../ts/train/log.ts";
import type { RunEvent } from "../../../ts/train/index.ts";
import { newFolder } from "../command.ts";
import { carry, EPOCHS, planIn } from "./six-epochs.ts";

const test = suite("taken up");
const root = newFolder();
test.after(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
const newPlan = (): Plan => planIn(join(root, String(folders++)));

const after =
  (step: number) =>
  (event: RunEvent): boolean =>
    event.type === "step" && event.step === step;

/** What a run came to: everything but times, starts, paths, and what blocks showed, of which a round over a stop is lost. */
function outcome({ runs: [{ folder }] }: Plan): unknown {
  const { events } = parseLog(readFileSync(folder.log), "log");
  const timeless = events
    .filter(({ type }) => !["run-start", "checkpoint", "diagnostics"].includes(type))
    .map((event) => ({ ...event, seconds: 0, imagesPerSecond: 0 }));
  const lines = readFileSync(folder.digests, "utf8").trimEnd().split("\n");
  const digests = lines.filter((line) => !line.startsWith('{"begin"'));
  return { timeless, digests, measures: readFileSync(join(folder.dir, "measures.jsonl"), "utf8") };
}

const whole = newPlan();
assert.is((await carry(whole)).messages.length, 0);
const wanted = outcome(whole);

// Stopped after 9 steps: checkpoints of 8 and 9, in mid-epoch; the best one may be an older one.
const begun = newPlan();
await carry(begun, after(9));

/** The run that was begun, with its files changed. */
function changed(change: (folder: ReturnType<typeof runFolder>) => void): Plan {
  const dir = join(root, String(folders++));
  cpSync(begun.runs[0].folder.dir, dir, { recursive: true });
  change(runFolder(dir));
  return planIn(dir);
}

function rewrite(path: string, change: (lines: string[]) => string[]): void {
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  writeFileSync(path, `${change(lines).join("\n")}\n`);
}

const isStep = (line: string, step: number): boolean => line.startsWith(`{"type":"step"`) && line.includes(`"step":${step},`);
const isDigest = (line: string, step: number): boolean => line.startsWith(`{"step":${step},`);
const bestStep = (events: readonly RunEvent[]): number => {
  let best = -1;
  let step = 0;
  for (const event of events)
    if (event.type === "evaluate" && event.top1 > best && (event.step ?? 0) <= 8) [best, step] = [event.top1, event.step ?? 0];
  return step;
};
const best = bestStep(parseLog(readFileSync(whole.runs[0].folder.log), "log").events);

test("without a hole it goes on where it was, from one of two checkpoints that are kept", async () => {
  const plan = changed(() => {});
  const { checkpoints } = plan.runs[0].folder;
  assert.equal(readdirSync(checkpoints).sort(), ["best.safetensors", "checkpoint-8.safetensors", "checkpoint-9.safetensors", "last.safetensors"]); // prettier-ignore
  const { log, messages } = await carry(plan);
  assert.equal(messages, []);
  assert.is(log?.resumedAt.at(-1), 9);
  assert.equal(outcome(plan), wanted);
});

interface Hole {
  readonly name: string;
  readonly change: (folder: ReturnType<typeof runFolder>) => void;
  readonly message: RegExp;
  /** The step that it goes on from; 0 is anew. */
  readonly from: number;
  /** Files that are kept aside. */
  readonly aside?: readonly string[];
}

const fromBest = best === 8 ? 0 : best;
const words = (from: number): string => (from === 0 ? "the run begins anew$" : `the run goes on from that of step ${from}$`);
const holes: readonly Hole[] = [
  {
    name: "the last lines of the log are lost",
    change: ({ log }) =>
      rewrite(log, (lines) =>
        lines.slice(
          0,
          lines.findIndex((line) => isStep(line, 9)),
        ),
      ),
    message: new RegExp(`^warning: .*: log\\.jsonl ends after step 8, before the checkpoint of step 9; ${words(8)}`),
    from: 8,
  },
  {
    name: "the last line of the log is cut short by its end alone",
    change: ({ log }) => {
      rewrite(log, (lines) => lines.slice(0, lines.findIndex((line) => isStep(line, 9)) + 1));
      writeFileSync(log, readFileSync(log, "utf8").trimEnd());
    },
    message: new RegExp(`: log\\.jsonl ends after step 8, before the checkpoint of step 9; ${words(8)}`),
    from: 8,
  },
  {
    name: "the last digests are lost",
    change: ({ digests }) => rewrite(digests, (lines) => lines.filter((line) => !isDigest(line, 9))),
    message: new RegExp(`: digests\\.jsonl ends after step 8, before the checkpoint of step 9; ${words(8)}`),
    from: 8,
  },
  {
    name: "a step is missing",
    change: ({ log }) => rewrite(log, (lines) => lines.filter((line) => !isStep(line, 1))),
    message: new RegExp(`: log\\.jsonl lacks step 1, before the checkpoint of step 9; ${words(0)}`),
    from: 0,
  },
  {
    name: "an evaluation is missing",
    change: ({ log }) => rewrite(log, (lines) => lines.filter((line) => !line.includes('"evaluate","epoch":1,'))),
    message: new RegExp(`: log\\.jsonl lacks the evaluation of epoch 1, before the checkpoint of step 9; ${words(best === 2 ? 2 : 0)}`),
    from: best === 2 ? 2 : 0,
  },
  {
    name: "a digest is another one",
    change: ({ digests }) =>
      rewrite(digests, (lines) => lines.map((line) => (isDigest(line, 8) ? line.replace(/"correct":\d+/, '"correct":99') : line))),
    message: new RegExp(`: digests\\.jsonl has another chain behind step 7, before the checkpoint of step 9; ${words(fromBest)}`),
    from: fromBest,
  },
  {
    name: "no log at all",
    change: ({ log }) => rmSync(log),
    message: new RegExp(`: log\\.jsonl ends after step 0, before the checkpoint of step 9; ${words(0)}`),
    from: 0,
  },
  {
    name: "a line that is no event",
    change: ({ log }) => rewrite(log, (lines) => lines.map((line) => (isStep(line, 9) ? "nonsense" : line))),
    message: new RegExp(`: log\\.jsonl ends after step 8, before the checkpoint of step 9; ${words(8)}`),
    from: 8,
    aside: ["log.jsonl.broken"],
  },
  {
    name: "steps of two processes",
    change: ({ log }) => appendFileSync(log, readFileSync(log, "utf8").split("\n").filter((line) => isStep(line, 3) || isStep(line, 9)).map((line) => `${line}\n`).join("")), // prettier-ignore
    message: /^$/,
    from: 9,
  },
  {
    name: "no checkpoint is whole",
    change: ({ checkpoints }) => {
      for (const name of readdirSync(checkpoints)) writeFileSync(join(checkpoints, name), "x");
    },
    message: /: no checkpoint is whole; the run begins anew$/,
    from: 0,
  },
];

for (const { name, change, message, from, aside = [] } of holes)
  test(name, async () => {
    const plan = changed(change);
    const [run] = plan.runs;
    assert.is(await finishedRun(plan, run, { damaged: "undone" }), undefined);
    const { log, messages } = await carry(plan);
    const told = messages.filter((text) => text.includes("the run ")).join("\n");
    assert.match(told, message);
    assert.is(log?.resumedAt.at(-1) ?? 0, from);
    assert.equal(outcome(plan), wanted);
    assert.equal(readdirSync(run.folder.dir).filter((each) => each.includes(".broken")), aside); // prettier-ignore
  });

test("stopped between an epoch and its evaluation", async () => {
  // During the evaluation too: of the batches of the test set, none is given out.
  for (const at of [4, 2 * EPOCHS]) {
    const plan = newPlan();
    const first = await carry(plan, after(at));
    assert.is(first.log, undefined);
    const { log, messages } = await carry(plan);
    assert.equal(messages, []);
    assert.is(log?.evaluations.length, EPOCHS);
    assert.equal(outcome(plan), wanted);
  }
});

test("a run that is done and whose log has a hole is told", async () => {
  const told = async (change: (lines: string[]) => string[]): Promise<string> => {
    const dir = join(root, String(folders++));
    cpSync(whole.runs[0].folder.dir, dir, { recursive: true });
    rewrite(join(dir, "log.jsonl"), change);
    const plan = planIn(dir);
    const messages: string[] = [];
    assert.ok(await finishedRun(plan, plan.runs[0], { warn: (text) => messages.push(text) }));
    return messages.join("\n");
  };
  assert.is(await told((lines) => lines), "");
  const words = (hole: string): RegExp =>
    new RegExp(`: log\\.jsonl ${hole}, though the run is done; with that folder removed it is run again$`);
  assert.match(await told((lines) => lines.filter((line) => !isStep(line, 5))), words("lacks step 5"));
  assert.match(await told((lines) => lines.filter((line) => !isStep(line, 12))), words("ends after step 11 of 12"));
  for (const epoch of [3, EPOCHS])
    assert.match(
      await told((lines) => lines.filter((line) => !line.includes(`"evaluate","epoch":${epoch},`))),
      words(`lacks the evaluation of epoch ${epoch}`),
    );
});

test("killed by SIGKILL again and again", async () => {
  const plan = newPlan();
  const program = fileURLToPath(new URL("six-epochs.ts", import.meta.url));
  let last = "";
  // After so many events of each start; the last one comes to the end.
  for (const events of [1, 2, 4, 5, 3, 9, 2, Infinity]) {
    const child = fork(program, [plan.runs[0].folder.dir], { execArgv: ["--import", "tsx"] });
    let seen = 0;
    child.on("message", (text: string) => {
      last = text;
      if (++seen >= events) child.kill("SIGKILL");
    });
    const [code] = (await once(child, "exit")) as [number | null];
    assert.is(code, events === Infinity ? 0 : null);
  }
  assert.is(last, "");
  assert.equal(outcome(plan), wanted);
  assert.not.ok(readdirSync(plan.runs[0].folder.dir).some((name) => name.startsWith("in-use.")));
});

test("killed while it is put right", async () => {
  // What was dropped first is gone, what was to be dropped then is still there.
  const plan = changed(({ log, checkpoints }) => {
    rewrite(log, (lines) => lines.filter((line) => !isStep(line, 1)));
    rmSync(checkpoints, { recursive: true });
  });
  const { messages } = await carry(plan);
  assert.equal(messages, []);
  assert.equal(outcome(plan), wanted);
  assert.ok(existsSync(plan.runs[0].folder.recipe));
  assert.ok(formatEvent(parseLog(readFileSync(plan.runs[0].folder.log), "log").events[0]).includes("run-start"));
});

test.run();
