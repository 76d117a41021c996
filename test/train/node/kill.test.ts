// A run is killed by SIGKILL at random instants, again and again: it goes on from its last checkpoint and comes to the digest of a run
// that nobody killed, and no step that was reported saved is ever lost. About 5 minutes with PERPEND_LONG=1, which kills 500 times
// (PERPEND_KILLS: another number).
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { stream } from "../../../ts/random.ts";

const test = suite("kill -9");
const root = mkdtempSync(join(tmpdir(), "perpend-kill-"));
const program = fileURLToPath(new URL("./killed-run.ts", import.meta.url));

const KILLS = Number(process.env["PERPEND_KILLS"] ?? (process.env["PERPEND_LONG"] === "1" ? 500 : 20));
const LANES = 3;
const STEPS = 80;
/** Longest time from a start to a kill, in milliseconds: some 15 steps. */
const LONGEST = 100;

interface Outcome {
  readonly killed: boolean;
  readonly from: number;
  /** The last step that was reported saved. */
  readonly saved: number;
  readonly digest: string | undefined;
}

/** Runs the program in a folder until its end or, where there is a delay, until it is killed so many milliseconds after it is ready. */
async function run(dir: string, delay?: number): Promise<Outcome> {
  const child = spawn(process.execPath, ["--import", "tsx", program, dir, String(STEPS)], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  let timer: NodeJS.Timeout | undefined;
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
    if (delay !== undefined && timer === undefined && text.startsWith("ready\n")) timer = setTimeout(() => child.kill("SIGKILL"), delay);
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  clearTimeout(timer);
  if (code !== 0 && signal !== "SIGKILL") throw new Error(`the run ended with ${code ?? signal}: ${text.slice(-500)}`);
  const last = (pattern: RegExp): string | undefined => [...text.matchAll(pattern)].at(-1)?.[1];
  const from = Number(last(/^from (\d+)\n/gm) ?? -1);
  return {
    killed: signal === "SIGKILL",
    from,
    saved: Number(last(/^saved (\d+)\n/gm) ?? from),
    digest: last(/^digest ([0-9a-f]{64})\n/gm),
  };
}

test("a run comes to the same digest however often it is killed, and loses no checkpoint", async () => {
  const whole = await run(join(root, "whole"));
  assert.is(whole.saved, STEPS);
  const random = stream(1, "kill");
  let kills = 0;
  let inMidRun = 0;
  let folders = 0;
  /** Kills that are done or under way, and delays drawn. */
  let asked = 0;
  let drawn = 0;
  const lane = async (): Promise<void> => {
    while (asked < KILLS) {
      const dir = join(root, `run-${folders++}`);
      for (let known = 0; ;) {
        const kill = asked < KILLS;
        if (kill) asked++;
        const { killed, from, saved, digest } = await run(dir, kill ? random.integer(LONGEST, drawn++) : undefined);
        if (from >= 0) assert.ok(from >= known, `${dir}: goes on from step ${from}, step ${known} was saved`);
        known = Math.max(known, saved);
        if (killed) {
          kills++;
          if (from >= 0 && saved < STEPS) inMidRun++;
          continue;
        }
        if (kill) asked--; // it was done before
        assert.is(digest, whole.digest, dir);
        assert.not.ok(readdirSync(dir).some((name) => name.endsWith(".tmp")));
        break;
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  console.log(`killed ${kills} times, ${inMidRun} of them while it trained; ${folders} runs, one digest`);
  assert.is(kills, KILLS);
  assert.ok(inMidRun >= KILLS / 4, `${inMidRun}`);
});

test.after(() => rmSync(root, { recursive: true, force: true }));
test.run();
