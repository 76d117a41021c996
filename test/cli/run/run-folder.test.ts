import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { gatherDiagnostics, observeEvery } from "../../../ts/cli/settings/diagnostics.ts";
import { newRunFolder, readLog } from "../../../ts/cli/run/run-folder.ts";
import { openRunLog } from "../../../ts/cli/run/run-log-file.ts";
import { trimLog } from "../../../ts/cli/run/trim.ts";
import { formatEvent } from "../../../ts/train/log.ts";
import type { BlockDiagnostics, RunEvent } from "../../../ts/train/index.ts";
import { fakeRun } from "../../report/fake-run.ts";
import { newFolder } from "../command.ts";

const test = suite("run folder");
const root = newFolder();
test.after(() => rmSync(root, { recursive: true, force: true }));

test("a run never gets the folder of another", () => {
  assert.is(newRunFolder(root, "a", false).dir, join(root, "a"));
  assert.is(newRunFolder(root, "a", false).dir, join(root, "a-2"));
  assert.is(newRunFolder(root, "a", false).dir, join(root, "a-3"));
  assert.throws(() => newRunFolder(root, "a", true), /--experiment: .* is there already, wanted a new name, or --resume/);
  for (const name of ["..", "a/b", "", "a\\b"]) assert.throws(() => newRunFolder(root, name, true), /without a path/);
  writeFileSync(join(root, "file"), "");
  assert.throws(() => newRunFolder(join(root, "file"), "a", false), /--output: cannot make/);
});

test("a log loses what came after the step that a run goes on from", async () => {
  const path = join(root, "log.jsonl");
  const events = fakeRun({ epochs: 2, stepsPerEpoch: 5, blocks: 2 });
  writeFileSync(path, events.map((event) => `${formatEvent(event)}\n`).join(""));
  const { dropped } = await trimLog(path, 7, () => assert.unreachable());
  assert.is(dropped, 3);
  const kept = (await readLog(path)).events;
  const wanted = events.filter(
    (event) => !("step" in event && (event.step ?? 0) > 7) && event.type !== "run-end" && event.type !== "samples",
  );
  assert.equal(kept.map(formatEvent), wanted.map(formatEvent));
  assert.is(kept.filter(({ type }) => type === "evaluate").length, 1);
  // Once more changes nothing.
  const before = readFileSync(path, "utf8");
  assert.is((await trimLog(path, 7, () => assert.unreachable())).dropped, 0);
  assert.is(readFileSync(path, "utf8"), before);
});

test("a log that cannot be read is kept aside", async () => {
  const path = join(root, "broken.jsonl");
  writeFileSync(path, "{}\nnonsense\n");
  const told: string[] = [];
  assert.is((await trimLog(path, 7, (reason, kept) => told.push(reason, kept))).dropped, 0);
  assert.match(told[0], /broken\.jsonl: no event in line 1 at byte 0/);
  assert.is(told[1], `${path}.broken`);
  assert.not.ok(existsSync(path));
  assert.is(readFileSync(told[1], "utf8"), "{}\nnonsense\n");
  assert.is((await trimLog(join(root, "none.jsonl"), 7, () => assert.unreachable())).dropped, 0);
  // A second one leaves the first where it is.
  writeFileSync(path, "more nonsense\n");
  await trimLog(path, 7, (_reason, kept) => told.push(kept));
  assert.is(told.at(-1), `${path}.broken-2`);
  assert.is(readFileSync(`${path}.broken`, "utf8"), "{}\nnonsense\n");
});

test("events that could not be written are written later, and one warning is given", async () => {
  const folder = join(root, "gone");
  mkdirSync(folder);
  const path = join(folder, "log.jsonl");
  const warnings: string[] = [];
  const log = openRunLog(path, { append: false, onTrouble: (text) => warnings.push(text) });
  const [first, second, third] = fakeRun({ epochs: 1, stepsPerEpoch: 3 });
  log.write(first);
  const failing = JSON.parse(JSON.stringify(second)) as RunEvent;
  // The event cannot be written while this getter throws, as on a full disk.
  let full = true;
  Object.defineProperty(failing, "seconds", {
    enumerable: true,
    get: () => {
      if (full) throw new Error("no space left");
      return 1;
    },
  });
  log.write(failing);
  log.write(third);
  assert.equal((await readLog(path)).events, [first]);
  full = false;
  log.close();
  assert.is((await readLog(path)).events.length, 3);
  assert.is(warnings.length, 1);
  assert.match(warnings[0], /no space left; training goes on/);
});

test("diagnostics of single blocks become rounds of all blocks", () => {
  const block = (index: number): BlockDiagnostics => ({
    index,
    streamNorm2: 1,
    parallelNorm2: 1,
    orthogonalNorm2: 1,
    rhoParallel: 1,
    rhoOrthogonal: 1,
    cosine: 0,
  });
  const gather = gatherDiagnostics(3);
  const give = (step: number, ...indices: number[]): RunEvent | undefined =>
    gather({ type: "diagnostics", step, blocks: indices.map(block) });
  // The end of a round whose beginning was before a resume.
  assert.is(give(1, 2), undefined);
  assert.is(give(2, 0), undefined);
  assert.is(give(3, 1), undefined);
  const whole = give(4, 2);
  assert.equal(whole, { type: "diagnostics", step: 4, blocks: [0, 1, 2].map(block) });
  assert.is(give(5, 0, 1), undefined);
  assert.is(give(6, 2)?.type, "diagnostics");
  const other = fakeRun()[0];
  assert.is(gather(other), other);
  assert.equal([30, 600, 1200, 100_000].map(observeEvery), [8, 10, 20, 50]);
});

test.run();
