// Pictures in class folders and Tiny-ImageNet: order, labels, sizes, what is read when, and what is refused. Hostile folders are among the
// known-bad files of test/fuzz.
import { mkdtempSync, rmSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { take, subset } from "../../../ts/data/dataset.ts";
import { FormatError } from "../../../ts/data/format-error.ts";
import { DataLoader } from "../../../ts/data/loader.ts";
import { readImageClasses, readImageFolder } from "../../../ts/data/node/image-folder.ts";
import { readTinyImagenet } from "../../../ts/data/node/tiny-imagenet.ts";
import { GRAY_JPEG } from "../../cli/jpeg.ts";
import { makePng } from "../../cli/png-maker.ts";
import { flatPng, tinyFiles, writeFiles } from "./picture-folder.ts";

const test = suite("picture folders");
const root = mkdtempSync(join(tmpdir(), "perpend-pictures-"));
test.after(() => rmSync(root, { recursive: true }));

let folders = 0;
const folder = (contents: Record<string, Uint8Array | string>): string => writeFiles(join(root, `f${folders++}`), contents);

const animals = {
  "train/dog/b.png": flatPng(4, 4, [2, 2, 2]),
  "train/dog/a.PNG": flatPng(6, 4, [1, 1, 1]),
  "train/dog/notes.txt": "not a picture",
  "train/dog/.hidden.png": "not looked at",
  "train/Zebra/z.jpg": GRAY_JPEG,
  "train/ant/deep.png": makePng({ width: 4, height: 4, depth: 16, color: 2, sample: () => 0x80ff }),
  "val/dog/v.png": flatPng(4, 4, [9, 8, 7]),
};

test("class folders: classes by name, pictures by name, train and val with the same classes", async () => {
  const { train, test: held } = await readImageFolder({ dir: folder(animals), size: 4 });
  assert.equal(train.classNames, ["Zebra", "ant", "dog"]);
  assert.equal([...train.labels], [0, 1, 2, 2]);
  assert.equal([train.length, train.classes, held.length, held.classes], [4, 3, 1, 3]);
  assert.equal([...held.labels], [2]);
  assert.equal(train.image, { height: 4, width: 4, channels: 3 });
  const image = (index: number): number[] => [...train.get(index).image];
  assert.equal([image(2)[0], image(3)[0]], [1, 2]);
  assert.equal(image(1), new Array<number>(48).fill(Math.floor((0x80ff * 255) / 65535 + 0.5)));
  assert.equal([train.picture?.(0).width, train.picture?.(2).width, train.picture?.(2).height], [8, 6, 4]);
  assert.equal([...held.get(0).image.subarray(0, 3)], [9, 8, 7]);
  assert.is(train.images.length, 4 * 48);
  assert.throws(() => train.get(4), /image-folder: index 4, wanted 0 to 3/);
  const one = await readImageClasses({ dir: folder({ "x/p.png": flatPng(2, 2, [5, 5, 5]) }), size: 2 });
  assert.equal([one.length, one.classNames.join()], [1, "x"]);
});

test("pictures are read when they are asked for, and again where there is no room to keep them", async () => {
  for (const [room, again] of [
    [0, false],
    [1000, true],
  ] as const) {
    const dir = folder(animals);
    const { train } = await readImageFolder({ dir, size: 4, room });
    assert.is(train.get(3).image[0], 2);
    unlinkSync(join(dir, "train/dog/b.png"));
    if (again) assert.is(train.get(3).image[0], 2);
    else assert.throws(() => train.get(3), /b\.png: no such file, wanted a picture/);
    assert.is(train.get(2).image[0], 1);
  }
});

test("parts of a set stay in their files, and room changes no bit of batches", async () => {
  const dir = folder(animals);
  const { train } = await readImageFolder({ dir, size: 4, room: 0 });
  const part = take(train, 2);
  assert.equal([part.length, part.classes, part.get(1).label], [2, 3, 1]);
  assert.equal([...subset(train, [3, 0, 3]).labels], [2, 0, 2]);
  assert.is("images" in { ...train }, false);
  const options = { batchSize: 3, shuffle: true, seed: 5, augment: { resizedCrop: {}, flip: 0.5 } };
  const kept = new DataLoader((await readImageFolder({ dir, size: 4 })).train, options);
  const fresh = new DataLoader(train, options);
  for (const epoch of [1, 0]) for (const index of [1, 0]) assert.equal(kept.load(epoch, index), fresh.load(epoch, index));
});

test("Tiny-ImageNet: classes by wnid, names from words.txt, validation by its annotations", async () => {
  for (const dir of [
    folder(tinyFiles()),
    join(folder(Object.fromEntries(Object.entries(tinyFiles()).map(([name, content]) => [`tiny-imagenet-200/${name}`, content])))),
  ]) {
    // prettier-ignore
    const { train, test: held } = await readTinyImagenet({ dir, size: 8 });
    assert.equal(train.classNames, ["goldfish", "n00000002"]);
    assert.equal([...train.labels], [0, 1]);
    assert.equal([...train.get(1).image.subarray(0, 3)], [40, 50, 60]);
    // By name: val_0, val_1, val_10.
    assert.equal([...held.labels], [1, 0, 1]);
    assert.equal([0, 1, 2].map((index) => held.get(index).image[0]), [1, 2, 3]); // prettier-ignore
    assert.equal(train.mean, [0.485, 0.456, 0.406]);
  }
});

async function refusal(read: () => Promise<unknown>): Promise<string> {
  try {
    await read();
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

test("folders that are none of these are refused with what is there", async () => {
  const tell = (contents: Record<string, Uint8Array | string>): Promise<string> => refusal(() => readImageFolder({ dir: folder(contents), size: 4 })); // prettier-ignore
  assert.match(
    await refusal(() => readImageFolder({ dir: join(root, "none"), size: 4 })),
    /none: no such folder, wanted a folder with train and val/,
  );
  assert.match(await tell({}), /no folders, wanted train and val \(or test\)/);
  assert.match(await tell({ "train/a/p.png": "", "other/x": "" }), /folders other, train, wanted train and val/);
  assert.match(await tell({ "train/p.png": "", "val/a/p.png": "" }), /train: no class folders/);
  assert.match(await tell({ "train/a/p.txt": "", "val/a/p.png": "" }), /train\/a: no picture, wanted at least one/);
  assert.match(await tell({ "train/a/p.png": "", "val/b/p.png": "" }), /val\/b: class "b", which training does not have/);
  assert.match(await tell({ "train/a/b/p.png": "", "val/a/p.png": "" }), /train\/a\/b: a folder among pictures/);
  const tiny = (change: Record<string, string>): Promise<string> => refusal(() => readTinyImagenet({ dir: folder({ ...tinyFiles(), ...change }) })); // prettier-ignore
  assert.match(
    await refusal(() => readTinyImagenet({ dir: folder({}) })),
    /no wnids\.txt, wanted wnids\.txt there or in tiny-imagenet-200/,
  );
  assert.match(await tiny({ "train/n00000003/images/a.JPEG": "" }), /train\/n00000003: a folder of no class in wnids\.txt/);
  assert.match(await tiny({ "wnids.txt": "n00000001\nn00000002\nn00000003\n" }), /train\/n00000003\/images: no such folder/);
  let error: unknown;
  await readImageFolder({ dir: folder(animals), size: 0 }).catch((reason: unknown) => (error = reason));
  assert.match((error as Error).message, /pictures: size 0, wanted a whole number from 1 to 4096/);
});

test.run();
