// Recorded runs for tests: trained as their users would, some with a fault planted.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDigests, type DigestLog } from "../../ts/train/digest-log.ts";
import { start, TINY, type Result } from "./command.ts";

export type Environment = Readonly<Record<string, string>>;

/** The fault: one element of what one shard gives to the gradient of one parameter in one step. */
export const PLANT = { step: 13, shard: 5, key: "stages.1.blocks.0.conv2.weight", element: 5, value: 2 ** -12 } as const;

const PERPEND_TEST_PROGRAM = new URL("./planted-program.ts", import.meta.url).href;

/** The program that can be faulty, without a fault. */
export const SOUND: Environment = { PERPEND_TEST_PROGRAM, PERPEND_TEST_PLANT: `key=${PLANT.key}` };

/** With the fault; `only` in runs that have some setting. */
export function faulty(only?: string): Environment {
  const { step, shard, key } = PLANT;
  return { PERPEND_TEST_PROGRAM, PERPEND_TEST_PLANT: `step=${step} shard=${shard} key=${key}${only === undefined ? "" : ` only=${only}`}` };
}

/** Runs `perpend ...args`. */
export function command(args: readonly string[], environment: Environment = {}): Promise<Result> {
  return start(args, environment).done;
}

/** Trains 20 steps, with a checkpoint after 10, into `root`/`name`. */
export async function record(root: string, name: string, args: readonly string[] = [], environment: Environment = {}): Promise<string> {
  const usual = ["--epochs", "2", "--no-report", "--output", root, "--experiment", name];
  const { code, stderr } = await command(["train", ...TINY, ...usual, ...args], environment);
  if (code !== 0) throw new Error(`train ended with ${code}: ${stderr}`);
  return join(root, name);
}

export function digestsOf(dir: string): DigestLog {
  const path = join(dir, "digests.jsonl");
  return parseDigests(readFileSync(path), path);
}

/** Runs some of them at a time. */
export async function inLanes<T>(work: readonly (() => Promise<T>)[], lanes = 2): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < work.length; index = next++) results[index] = await work[index]();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
