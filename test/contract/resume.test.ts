// A checkpoint of another numerics contract: not to be gone on from by mistake, still good for everything else.
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { changesSince, CONTRACT, contractOf, CONTRACTS } from "../../ts/contract.ts";
import { DataLoader, decodeCheckpoint, encodeCheckpoint, LocalPool, shapes, Trainer, type JsonObject } from "../../ts/node.ts";
import { newFolder, perpend, TINY } from "../cli/command.ts";
import * as program from "../workers/program.ts";

const test = suite("contract of a checkpoint");
const root = newFolder();
test.after(() => rmSync(root, { recursive: true, force: true }));

test("the newest contract is this one, and each says what it changed", () => {
  const numbers = Object.keys(CONTRACTS);
  assert.is(numbers.at(-1), CONTRACT);
  assert.equal(
    numbers,
    numbers.map((_, index) => String(index + 1)),
  );
  assert.is(changesSince("1"), `changed since: ${Object.values(CONTRACTS).slice(1).join("; ")}`);
  for (const strange of ["0", "99", "one", "", "__proto__"]) assert.is(changesSince(strange), "this perpend does not know it");
  assert.is(contractOf({ contract: "7", versions: { contract: "6" } }), "7");
  assert.is(contractOf({ versions: { contract: "6" } }), "6");
  assert.is(contractOf({ step: 3 }), "1");
});

test("a trainer refuses one of another contract, unless that is accepted", () => {
  const make = (): Trainer =>
    new Trainer({
      pool: new LocalPool(program),
      train: new DataLoader(shapes({ count: 16, seed: 1 }), { batchSize: 16 }),
      classes: 10,
      epochs: 1,
    });
  const { tensors, state } = make().checkpoint();
  assert.is(state["contract"], CONTRACT);
  const other = { tensors, state: { ...state, step: 1, contract: "1" } };
  const trainer = make();
  assert.throws(() => trainer.resume(other), /^Trainer: a checkpoint of numerics contract 1, this is contract \d+ \(changed since: 3x3 /);
  assert.is(trainer.checkpoint().state["step"], 0);
  trainer.resume(other, { acceptContract: true });
  assert.is(trainer.checkpoint().state["step"], 1);
  assert.is(trainer.checkpoint().state["contract"], CONTRACT);
});

test("--resume refuses it with what changed and what to do; evaluate takes it; --accept-contract goes on", async () => {
  const output = ["--output", root, "--no-report", "--workers", "0"];
  const whole = await perpend("train", ...TINY, ...output, "--experiment", "now", "--max-steps", "10");
  assert.is(whole.code, 0, whole.stderr);
  const last = join(root, "now", "checkpoints", "last.safetensors");
  const { tensors, state } = decodeCheckpoint(readFileSync(last), last);
  assert.is(state["contract"], CONTRACT);
  const old = join(root, "old.safetensors");
  const versions = { ...(state["versions"] as JsonObject), perpend: "0.0.9", contract: "1" };
  writeFileSync(old, encodeCheckpoint({ tensors, state: { ...state, versions, contract: "1" } }));

  const args = ["train", "--resume", old, ...output, "--experiment", "on", "--max-steps", "12"];
  const [refused, evaluated, same] = await Promise.all([
    perpend(...args),
    perpend("evaluate", "--checkpoint", old, "--workers", "0", "--json"),
    perpend("evaluate", "--checkpoint", last, "--workers", "0", "--json"),
  ]);
  assert.is(refused.code, 2);
  assert.match(
    refused.stderr,
    /^perpend: --resume: .*old\.safetensors was trained under numerics contract 1 \(perpend 0\.0\.9\), this perpend computes contract \d+ \(changed since: .*Winograd.*\); wanted perpend 0\.0\.9 to go on to the bits of an uninterrupted run, or --accept-contract to go on from there to others$/m,
  );
  assert.not.ok(existsSync(join(root, "on")));
  assert.is(evaluated.code, 0, evaluated.stderr);
  assert.is(evaluated.stdout.replace("old.safetensors", ""), same.stdout.replace(join("now", "checkpoints", "last.safetensors"), ""));

  const accepted = await perpend(...args, "--accept-contract");
  assert.is(accepted.code, 0, accepted.stderr);
  assert.match(accepted.stderr, /^warning: .*from here on the bits are those of contract \d+, not those of an uninterrupted run$/m);
  const went = join(root, "on", "checkpoints", "last.safetensors");
  assert.equal(decodeCheckpoint(readFileSync(went), went).state["contract"], CONTRACT);
  // From a checkpoint of this contract there is nothing to accept.
  copyFileSync(last, join(root, "copy.safetensors"));
  const needless = await perpend("train", "--resume", join(root, "copy.safetensors"), ...output, "--max-steps", "11", "--accept-contract");
  assert.is(needless.code, 0, needless.stderr);
  assert.not.match(needless.stderr, /contract/);
});

test.run();
