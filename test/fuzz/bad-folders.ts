// Known-bad folders of pictures.
import { symlinkSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { readImageFolder } from "../../ts/data/node/image-folder.ts";
import { readTinyImagenet } from "../../ts/data/node/tiny-imagenet.ts";
import { header, SIGNATURE } from "../cli/png-maker.ts";
import { flatPng, tinyFiles, writeFiles } from "../data/node/picture-folder.ts";
import { joined, type BadFile } from "./bad-file.ts";

type Files = Record<string, Uint8Array | string>;

const good: Files = { "train/a/p.png": flatPng(2, 2, [1, 2, 3]), "val/a/p.png": flatPng(2, 2, [1, 2, 3]) };

/** Reads a set of class folders, and its first picture. */
async function first(dir: string, files: Files, change: (dir: string) => void = () => {}): Promise<void> {
  writeFiles(join(dir, "set"), files);
  change(join(dir, "set"));
  (await readImageFolder({ dir: join(dir, "set"), size: 4 })).train.get(0);
}

const tiny = (dir: string, change: Files): Promise<unknown> => readTinyImagenet({ dir: writeFiles(dir, { ...tinyFiles(), ...change }) });
const notes = (...lines: readonly string[]): Files => ({ "val/val_annotations.txt": lines.join("\n") });
const two = ["val_0.JPEG\tn00000001", "val_1.JPEG\tn00000001"] as const;

const folders: readonly (readonly [name: string, read: (dir: string) => unknown, error: RegExp])[] = [
  [
    "a picture that links out of the set",
    (dir) =>
      first(dir, { ...good, "../secret.png": flatPng(2, 2, [9, 9, 9]) }, (set) =>
        symlinkSync(join(dir, "secret.png"), join(set, "train/a/a.png")),
      ),
    /train\/a\/a\.png: a link that leads to .*secret\.png, wanted a file in/,
  ],
  [
    "a picture that links to a device",
    (dir) => first(dir, good, (set) => symlinkSync("/dev/zero", join(set, "train/a/a.png"))),
    /a link that leads to \/dev\/zero, wanted a file in/,
  ],
  [
    "a link in a circle",
    (dir) => first(dir, good, (set) => symlinkSync("a.png", join(set, "train/a/a.png"))),
    /links that lead in a circle/,
  ],
  [
    "a class that is a link",
    (dir) =>
      first(dir, { ...good, "../other/p.png": flatPng(2, 2, [9, 9, 9]) }, (set) => symlinkSync(join(dir, "other"), join(set, "train/b"))),
    /train\/b: a link to a folder, wanted the folder itself/,
  ],
  [
    "a picture of 300 MB",
    (dir) =>
      first(dir, { ...good, "train/a/a.png": "" }, (set) => {
        truncateSync(join(set, "train/a/a.png"), 300 * 2 ** 20);
      }),
    /a\.png: 314572800 bytes, wanted at most 268435456/,
  ],
  [
    "a picture of 64 gigapixels in a set",
    (dir) => first(dir, { ...good, "train/a/a.png": joined(SIGNATURE, header(0xffffffff, 16, 8, 2)) }),
    /a\.png: 4294967295x16 pixels/,
  ],
  ["an empty picture", (dir) => first(dir, { ...good, "train/a/a.png": "" }), /neither PNG nor JPEG/],
  [
    "a name that a terminal would not show",
    (dir) => first(dir, { ...good, "train/a\u001b[2J/p.png": "" }),
    /a name with characters that do not show/,
  ],
  ["a folder in a class", (dir) => first(dir, { ...good, "train/a/deeper/p.png": "" }), /deeper: a folder among pictures/],
  ["a class that training does not have", (dir) => first(dir, { ...good, "val/b/p.png": "" }), /class "b", which training does not have/],
  [
    "annotations that name a file elsewhere",
    (dir) => tiny(dir, notes("../../../etc/passwd\tn00000001", ...two)),
    /picture "\.\.\/\.\.\/\.\.\/etc\/passwd" at byte 0, wanted one of those in the folder/,
  ],
  ["annotations of a prototype", (dir) => tiny(dir, notes(...two, "__proto__\tn00000001")), /picture "__proto__" at byte 42/],
  ["annotations twice", (dir) => tiny(dir, notes(...two, two[0])), /val_0\.JPEG a second time at byte 42/],
  ["annotations of no class", (dir) => tiny(dir, notes(...two, "val_10.JPEG\tn00000007")), /class "n00000007" at byte 42/],
  ["annotations without a class", (dir) => tiny(dir, notes(...two, "val_10.JPEG")), /class "" at byte 42/],
  ["annotations that leave one out", (dir) => tiny(dir, notes(...two)), /nothing on val_10\.JPEG/],
  ["a class that is a path", (dir) => tiny(dir, { "wnids.txt": "../../..\n" }), /"\.\.\/\.\.\/\.\." at byte 0, wanted n and 8 digits/],
  ["a class twice", (dir) => tiny(dir, { "wnids.txt": "n00000001\nn00000001\n" }), /n00000001 a second time at byte 10/],
  ["no classes", (dir) => tiny(dir, { "wnids.txt": "" }), /0 classes, wanted 1 to 65535/],
  ["words of 17 MB", (dir) => tiny(dir, { "words.txt": new Uint8Array(17 * 2 ** 20) }), /17825792 bytes, wanted at most 16777216/],
];

export const badFolders: readonly BadFile[] = folders.map(([name, read, error]) => ({ name: `pictures: ${name}`, read, error }));
