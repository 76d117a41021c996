// Small sets of pictures in folders of their own: what tests of their readers read.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makePng } from "../../cli/png-maker.ts";

/** A picture of one color, [r, g, b]. */
export function flatPng(width: number, height: number, color: readonly number[]): Uint8Array {
  return new Uint8Array(makePng({ width, height, depth: 8, color: 2, sample: (_x, _y, c) => color[c] }));
}

export function writeFiles(dir: string, contents: Record<string, Uint8Array | string>): string {
  mkdirSync(dir, { recursive: true });
  for (const [name, content] of Object.entries(contents)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  return dir;
}

export const WNIDS = ["n00000001", "n00000002"];

/** Tiny-ImageNet with two classes, two training and three validation pictures each of its own color, 8 x 8. */
export function tinyFiles(): Record<string, Uint8Array | string> {
  return {
    "wnids.txt": "n00000002\nn00000001\n",
    "words.txt": "n00000001\tgoldfish, Carassius auratus\nn00000009\tother\n",
    "train/n00000001/n00000001_boxes.txt": "n00000001_0.JPEG\t0\t62\t0\t62\n",
    "train/n00000001/images/n00000001_0.JPEG": flatPng(8, 8, [10, 20, 30]),
    "train/n00000002/images/n00000002_0.JPEG": flatPng(8, 8, [40, 50, 60]),
    "val/images/val_0.JPEG": flatPng(8, 8, [1, 1, 1]),
    "val/images/val_1.JPEG": flatPng(8, 8, [2, 2, 2]),
    "val/images/val_10.JPEG": flatPng(8, 8, [3, 3, 3]),
    "val/val_annotations.txt": "val_1.JPEG\tn00000001\t0\t0\t7\t7\nval_0.JPEG\tn00000002\t0\t0\t7\t7\nval_10.JPEG\tn00000002\t0\t0\t7\t7\n",
    "test/images/test_0.JPEG": "not read",
  };
}
