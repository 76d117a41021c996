// Plants twelve mistakes, one after the other, in a copy of the project: of the tests that watch for each, some fail. Without mistakes all
// pass. PERPEND_PLANTED=barrier chooses those with this in their name. About 15 minutes.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { mistakes } from "./planted.ts";
import { firstFailure, Sandbox, type Build } from "./sandbox.ts";

const only = process.env["PERPEND_PLANTED"] ?? "";
const chosen = mistakes.filter(({ name }) => name.includes(only));

const sandbox = new Sandbox();
const sound = new Map<string, boolean>();

async function build(what: readonly Build[]): Promise<void> {
  for (const each of what) {
    const { ok, output } = await sandbox.build(each);
    if (!ok) throw new Error(`planted: build ${each} failed, wanted one to test\n${output.slice(-2000)}`);
  }
}

/** Whether a test passes where there is no mistake. */
async function isSound(file: string): Promise<boolean> {
  const known = sound.get(file);
  if (known !== undefined) return known;
  const outcome = await sandbox.test(file);
  if (!outcome.ok) console.log(`${file} fails without a mistake: ${firstFailure(outcome)}`);
  sound.set(file, outcome.ok);
  return outcome.ok;
}

const test = suite("planted mistakes");

test.after(() => sandbox.remove());

test("there are mistakes to plant", () => assert.ok(chosen.length > 0, `no mistake with "${only}" in its name`));

for (const { name, changes, build: built = [], tests } of chosen)
  test(name, async () => {
    for (const file of tests) assert.ok(await isSound(file), `${file} fails without a mistake`);
    try {
      for (const change of changes) sandbox.change(change);
      await build(built);
      let caught = "";
      for (const file of tests) {
        const outcome = await sandbox.test(file);
        if (outcome.ok) continue;
        caught = `${file}: ${firstFailure(outcome)}`;
        break;
      }
      console.log(`${name}: ${caught === "" ? "NOT CAUGHT" : `caught by ${caught}`}`);
      assert.is.not(caught, "", `no test of ${tests.join(", ")} failed`);
    } finally {
      sandbox.restore();
    }
  });

test.run();
