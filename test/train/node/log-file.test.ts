import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CheckpointEvent } from "../../../ts/train/events.ts";
import { parseLog } from "../../../ts/train/log.ts";
import { openLog, type LogCalls } from "../../../ts/train/node/log-file.ts";
import { saying } from "../../saying.ts";

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

test("a full disk, a broken one and short writes: an error, no endless loop, and the next opening mends the line", () => {
  const whole = JSON.stringify(event(7)).length + 1;
  for (const accepted of [0, 1, whole - 1]) {
    for (const code of ["", "ENOSPC", "EIO"]) {
      writeFileSync(path, "");
      let left = accepted;
      const calls: LogCalls = {
        // One byte at a time, until no more fits.
        write: (file, bytes, offset) => {
          if (left === 0 && code !== "") throw Object.assign(new Error(`${code}: injected`), { code });
          return left-- <= 0 ? 0 : writeSync(file, bytes, offset, 1);
        },
        sync: () => undefined,
      };
      const log = openLog(path, { append: true, calls });
      assert.throws(() => log.write(event(7)), saying(code === "" ? `only ${accepted} of ${whole} bytes of a line` : code));
      log.close();
      const again = openLog(path, { append: true });
      assert.is(again.cutBytes, accepted);
      again.write(event(8));
      again.close();
      assert.equal(steps(), [8]);
    }
  }
});

test("what a checkpoint covers is flushed with it", () => {
  const flushed: number[] = [];
  const calls: LogCalls = { write: writeSync, sync: () => void flushed.push(steps().length) };
  const log = openLog(path, { calls });
  const step = { type: "step", epoch: 1, step: 1, loss: 1, accuracy: 1, learningRate: 1, imagesPerSecond: 1 } as const;
  for (const each of [step, event(1), step, step, event(3)]) log.write(each);
  log.close();
  assert.equal(flushed, [2, 5]);
});

test("a log that is a link or no file is refused and not touched", () => {
  const other = join(dir, "other.txt");
  const link = join(dir, "link.jsonl");
  writeFileSync(other, "of somebody else\nno end");
  symlinkSync(other, link);
  for (const append of [false, true]) assert.throws(() => openLog(link, { append }), /ELOOP|EMLINK|EFTYPE/);
  assert.throws(() => openLog(dir, { append: true }), /EISDIR/);
  assert.is(readFileSync(other, "utf8"), "of somebody else\nno end");
});

test.after(() => rmSync(dir, { recursive: true }));
test.run();
