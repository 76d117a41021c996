import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CheckpointEvent } from "../../../ts/train/events.ts";
import { parseLog } from "../../../ts/train/log.ts";
import { openLog } from "../../../ts/train/node/log-file.ts";

const test = suite("log file");
const dir = mkdtempSync(join(tmpdir(), "perpend-log-"));
const path = join(dir, "log.jsonl");
const event = (step: number, name = "p"): CheckpointEvent => ({ type: "checkpoint", path: name, step });
const steps = (): number[] => parseLog(readFileSync(path, "utf8"), path).events.map((each) => ("step" in each ? (each.step ?? -1) : -1));

test("starts empty, appends on request", () => {
  writeFileSync(path, "old\n");
  for (const append of [false, true]) {
    const log = openLog(path, { append });
    log.write(event(1));
    log.write(event(2));
    log.close();
  }
  assert.equal(steps(), [1, 2, 1, 2]);
});

test("going on after a kill cuts the piece of a line off, wherever the kill fell", () => {
  const first = `${JSON.stringify(event(1))}\n`;
  const long = JSON.stringify(event(2, "é".repeat(5000)));
  for (const cut of [0, 1, 5, 20, 4095, 4096, 4097, 9000]) {
    for (const before of [first, ""]) {
      writeFileSync(path, Buffer.concat([Buffer.from(before), Buffer.from(long).subarray(0, cut)]));
      const log = openLog(path, { append: true });
      assert.is(log.cutBytes, cut);
      log.write(event(3));
      log.close();
      assert.equal(steps(), before === "" ? [3] : [1, 3]);
    }
  }
});

test.after(() => rmSync(dir, { recursive: true }));
test.run();
