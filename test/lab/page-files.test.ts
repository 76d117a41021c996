// A person's own CIFAR and MNIST on the page, dropped and chosen: the digests of Node on the same files; what is missing and what is wrong.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { take } from "../../ts/data/index.ts";
import { readCifar10, readMnist, type Splits } from "../../ts/data/node/files.ts";
import { DEFAULTS, type LabSettings } from "../../ts/lab/fields.ts";
import { toHash } from "../../ts/lab/settings.ts";
import { digestsOf, dropOn, executable, expectedDigests, Lab, untilState, WHY, type Opened } from "./browser.ts";
import { archive, cifar10Members, idx, records } from "./set-writer.ts";

const SETTINGS: LabSettings = { ...DEFAULTS, against: "nothing", trainSamples: 64, testSamples: 32, width: 4, batchSize: 16, epochs: 1 };

/** What the command line makes of `--train-samples` and `--test-samples`. */
const few = ({ train, test }: Splits): Splits => ({ train: take(train, 64), test: take(test, 32) });

const test = suite("lab page and own files");

if (executable === undefined) test.skip(`trains on a person's own files (${WHY})`, () => undefined);
else {
  let lab: Lab;
  let folder: string;
  test.before(async () => {
    lab = await Lab.open();
    folder = mkdtempSync(join(tmpdir(), "perpend-own-"));
  });
  test.after(async () => {
    await lab.close();
    rmSync(folder, { recursive: true });
  });

  const look = async (dataset: LabSettings["dataset"]): Promise<Opened> => {
    const { address } = await lab.serve();
    return lab.look(`${address}#${toHash({ ...SETTINGS, dataset })}`);
  };
  const write = (name: string, bytes: Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const trainButton = ({ page }: Opened) => page.getByRole("button", { name: "Train" });
  const alertOf = async ({ page }: Opened): Promise<string> => (await page.getByRole("alert").allTextContents()).join("; ");
  const untilNote = ({ page }: Opened, text: string): Promise<unknown> =>
    page.waitForFunction((wanted) => document.querySelector(".setup .note")?.textContent?.includes(wanted), text);
  const untilSaid = ({ page }: Opened, text: string): Promise<unknown> =>
    page.waitForFunction((wanted) => document.querySelector("[role=alert]")?.textContent?.includes(wanted), text);

  test("CIFAR-10's archive, dropped: the digest of Node on its files; a damaged one is named", async () => {
    const members = cifar10Members();
    const files = join(folder, "cifar-10-batches-bin");
    mkdirSync(files);
    for (const { name, data } of members) if (data) writeFileSync(join(files, basename(name)), data);
    const packed = gzipSync(archive(members), { level: 1 });
    // As browsers call a second copy.
    const whole = write("cifar-10-binary.tar (1).gz", packed);
    const damaged = write("cifar-10-binary.tar.gz", packed.subarray(0, packed.length >> 1));

    const opened = await look("cifar10");
    const { page, context, complaints } = opened;
    assert.is(await trainButton(opened).isEnabled(), false);
    await dropOn(page, whole);
    await untilNote(opened, "1 file,");
    await trainButton(opened).click();
    await untilState(page, "finished");
    assert.equal(
      await digestsOf(page),
      await expectedDigests({ ...SETTINGS, dataset: "cifar10" }, few(await readCifar10({ dir: folder }))),
    );

    await dropOn(page, damaged);
    await untilNote(opened, "1 file,");
    await trainButton(opened).click();
    await untilState(page, "failed");
    assert.match(await alertOf(opened), "cifar-10-binary.tar.gz: damage, wanted a whole gzip file");
    assert.is(await trainButton(opened).isEnabled(), true);
    assert.equal(complaints, []);
    await context.close();
  });

  test("MNIST's files, packed and not, one after the other: what is missing is said, then the digest of Node", async () => {
    const place = join(folder, "mnist");
    mkdirSync(place);
    const put = (name: string, bytes: Uint8Array): string => write(join("mnist", name), bytes);
    const trainImages = put("train-images-idx3-ubyte.gz", gzipSync(idx([80, 28, 28])));
    const trainLabels = put("train-labels-idx1-ubyte", idx([80]));
    const testImages = put("t10k-images-idx3-ubyte", idx([40, 28, 28]));
    const testLabels = put("t10k-labels-idx1-ubyte.gz", gzipSync(idx([40])));

    const opened = await look("mnist");
    const { page, context, complaints } = opened;
    await dropOn(page, trainImages);
    await untilSaid(opened, "Missing: train-labels-idx1-ubyte.");
    assert.is(await trainButton(opened).isEnabled(), false);
    await page.setInputFiles("input[name=files]", trainLabels);
    await untilNote(opened, "Without t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte. Every sixth image is held out.");
    assert.is(await alertOf(opened), "");
    assert.is(await trainButton(opened).isEnabled(), true);
    await dropOn(page, testImages, testLabels);
    await untilNote(opened, "4 files,");
    assert.is((await page.locator(".setup .note").first().textContent())?.includes("Without"), false);
    await trainButton(opened).click();
    await untilState(page, "finished");
    assert.equal(await digestsOf(page), await expectedDigests({ ...SETTINGS, dataset: "mnist" }, few(await readMnist({ dir: place }))));
    assert.equal(complaints, []);
    await context.close();
  });

  test("what is none of them is named and takes nothing away; a folder without a batch says so; a file that changed is named", async () => {
    const opened = await look("cifar10");
    const { page, context, complaints } = opened;
    const batches = join(folder, "some");
    mkdirSync(batches);
    writeFileSync(join(batches, "data_batch_1.bin"), records(60));
    writeFileSync(join(batches, "test_batch.bin"), records(40));
    await dropOn(page, batches);
    await untilNote(opened, "2 files, 308 kB. They stay on this machine. Without data_batch_2.bin, data_batch_3.bin, data_batch_4.bin");

    for (const [name, said] of [
      ["cifar-10-python.tar.gz", "cifar-10-python: a form that is for Python or Matlab, wanted the binary one, cifar-10-binary.tar.gz"],
      ["notes.txt", "notes.txt: nothing to train on"],
      ["data_batch_2.bin", "data_batch_2.bin: 100 bytes, wanted a whole number of records of 3073 bytes"],
    ]) {
      await dropOn(page, write(name, new Uint8Array(100)));
      await untilSaid(opened, said);
      await untilNote(opened, "2 files,");
    }

    await dropOn(page, write("data_batch_2.bin", records(20)));
    await untilNote(opened, "3 files, 369 kB");
    cpSync(join(folder, "notes.txt"), join(batches, "test_batch.bin"));
    await trainButton(opened).click();
    await untilState(page, "failed");
    assert.match(await alertOf(opened), "test_batch.bin: not readable (NotReadableError), wanted the file as it was when it was chosen");
    assert.equal(complaints, []);
    await context.close();
  });
}

test.run();
