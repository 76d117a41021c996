// One model in every engine that is on this machine, and in this Node as each of V8's compilers makes it: the digest is that of this
// Node to the last bit. All models and more threads are in test/long.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ask } from "./launch.ts";
import { findRuntimes } from "./runtimes.ts";
import { stage } from "./stage.ts";

const runs = [["basic", 1]] as const;

stage();
const { outcomes } = await ask({ command: [process.execPath] }, { entry: "any", workers: 0, runs });

const test = suite("runtimes");

test("a digest is there to compare with", () => assert.match(outcomes.join(), /^[0-9a-f]{64}-[0-9a-f]{16}$/));

for (const { title, missing, modes, path, limit, ...runtime } of findRuntimes()) {
  if (missing !== "") {
    console.log(`skipped: ${title}: ${missing}`);
    test.skip(title, () => undefined);
    continue;
  }
  test(title, async () => {
    const [{ entry, workers }] = modes;
    const found = await runtime.ask({ entry, workers, runs }, limit);
    assert.equal(found.outcomes, outcomes);
    // On a busy machine wide code may not show its speed in time, and is then not used.
    if (path === "plain") assert.is(found.path, path);
  });
}

test.run();
