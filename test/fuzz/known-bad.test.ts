// The corpus of known-bad files, made here: every one is refused with a FormatError that says what is wrong, none takes much memory,
// changes a prototype, or leaves a file behind.
import { mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FormatError } from "../../ts/data/format-error.ts";
import { badData } from "./bad-data.ts";
import { badFolders } from "./bad-folders.ts";
import { badPictures } from "./bad-pictures.ts";
import { badRuns } from "./bad-runs.ts";
import { badWeights } from "./bad-weights.ts";

const test = suite("known bad");
const root = mkdtempSync(join(tmpdir(), "perpend-bad-"));
/** Megabytes by which the whole process may have grown at its largest; the corpus itself makes files of 20 MB, and tests run in some 100. */
const MOST_MEGABYTES = 800;

const all = [badWeights, badData, badPictures, badFolders, badRuns];

for (const [index, files] of all.entries()) {
  test(`${["weights", "data", "pictures", "folders", "runs"][index]}: ${files.length} files`, async () => {
    assert.ok(files.length > 10);
    for (const [number, { name, read, error: wanted }] of files.entries()) {
      const folder = join(root, `${index}-${number}`);
      mkdirSync(folder);
      let error: unknown;
      try {
        await read(folder);
      } catch (caught) {
        error = caught;
      }
      if (!(error instanceof FormatError)) throw new Error(`${name}: ${error === undefined ? "accepted" : String((error as Error).stack)}`);
      const { message } = error;
      if (!wanted.test(message)) throw new Error(`${name}: ${message}, wanted ${String(wanted)}`);
      assert.ok(message.length < 3000, name);
      assert.not.match(message, /[\u0000-\u001f\u007f-\u009f]/, name);
      assert.is(({} as Record<string, unknown>)["polluted"], undefined, name);
      rmSync(folder, { recursive: true });
    }
  });
}

test("there are enough of them, each under its own name, and they took little memory", () => {
  const names = all.flatMap((files) => files.map(({ name }) => name));
  const megabytes = process.resourceUsage().maxRSS / 1024;
  console.log(`${names.length} known-bad files, ${Math.floor(megabytes)} MB at most`);
  assert.ok(names.length >= 60);
  assert.is(new Set(names).size, names.length);
  assert.ok(megabytes < MOST_MEGABYTES, `${Math.floor(megabytes)} MB at most`);
});

test.after(() => rmSync(root, { recursive: true, force: true }));
test.run();
