// What the peers of the bench start from, how they are compared, and the processes they run in.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readStart, reordered, weightOf } from "../../../bench/peers/exchange.ts";
import { normKeys, parameterKeys } from "../../../bench/peers/net.ts";
import { PeerProcess } from "../../../bench/peers/process.ts";
import { differenceOf, referenceLosses, writeStart } from "../../../bench/peers/reference.ts";
import type { Job } from "../../../bench/peers/serve.ts";
import { resnetV2 } from "../../../ts/node.ts";

const peers = suite("peers");

peers("know the keys of the net", () => {
  const running = normKeys(20).flatMap((key) => [`${key}.running_mean`, `${key}.running_var`]);
  assert.equal([...parameterKeys(20), ...running].sort(), Object.keys(resnetV2({ depth: 20 }).stateDict()).sort());
});

peers("start from one file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "perpend-peers-"));
  try {
    const file = join(folder, "start");
    writeStart(file, { net: "resnet", depth: 8 }, 6);
    const { images, labels, ...start } = readStart(file, 4);
    assert.equal(images.shape, [4, 32, 32, 3]);
    assert.is(images.values.length, 4 * 32 * 32 * 3);
    assert.equal([...labels], [0, 7, 4, 1]);
    const { shape, values } = weightOf({ images, labels, ...start }, "stages.1.blocks.0.conv1.weight");
    assert.equal(shape, [32, 16, 3, 3]);
    assert.ok(values.some((value) => value !== 0));
    const losses = await referenceLosses({ file, work: "train", net: "resnet", depth: 8, batch: 4 });
    assert.is(new Set(losses).size, 3, "three losses of a net that learns");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

peers("reorder axes as numpy's transpose does", () => {
  const given = { shape: [2, 3, 1, 2], values: Float32Array.from({ length: 12 }, (_, index) => index) };
  const { shape, values } = reordered(given, [3, 0, 2, 1]);
  assert.equal(shape, [2, 2, 1, 3]);
  assert.equal([...values], [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]);
});

peers("are the same net, or are told apart", () => {
  const wanted = [2.3, 2.29, 2.27];
  assert.is(differenceOf([2.30005, 2.29005, 2.27005], wanted), null);
  assert.is(differenceOf([2.3], wanted), null, "a slow peer's one loss");
  assert.match(differenceOf([2.301, 2.291, 2.271], wanted)!, "loss 2.301000 at step 1, wanted 2.300000");
  assert.match(differenceOf([2.3, 2.291, 2.27], wanted)!, "at step 2");
  assert.match(differenceOf([2.3, 2.29, 2.28], wanted)!, "at step 3", "no momentum");
  assert.match(differenceOf([NaN], wanted)!, "loss NaN");
});

const job: Job = { file: "", work: "train", net: "resnet", depth: 8, batch: 4, threads: 1, form: "" };

peers("answer through what libraries print, and end when told", async () => {
  const program = `
    console.log("Hi, looks like you are running a library");
    console.log('{"peer":"ready","library":' + JSON.stringify(process.argv[1]) + "}");
    process.stdin.on("data", () => console.log('noise\\n{"peer":"step","ms":1,"loss":2}')).on("end", () => process.exit(0));`;
  const peer = new PeerProcess([process.execPath, "-e", program], job, {});
  assert.equal(await peer.next(), { peer: "ready", library: JSON.stringify(job) });
  assert.equal(await peer.step(), { peer: "step", ms: 1, loss: 2 });
  assert.equal(await peer.step(), { peer: "step", ms: 1, loss: 2 });
  await peer.close();
  await peer.close();
});

peers("that crash or cannot start are failures", async () => {
  const crashed = new PeerProcess([process.execPath, "-e", "console.error('out of memory'); process.exit(3)"], job, {});
  assert.equal(await crashed.next(), { peer: "failed", reason: "the process ended with code 3: out of memory" });
  await crashed.close();
  const absent = new PeerProcess(["no-such-program-anywhere"], job, {});
  assert.match((await absent.next()).reason!, "ENOENT");
  await absent.close();
});

peers.run();
