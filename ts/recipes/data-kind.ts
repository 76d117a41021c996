// The data sets that papers train on, as objects that a recipe names: what is in them, and how the paper augments them. Files are read by
// whoever runs a recipe.
import { shapes, type Dataset, type ImageShape, type MixOptions } from "../data/index.ts";
import type { LoaderOptions } from "../data/loader.ts";

export type Augmentation = NonNullable<LoaderOptions["augment"]>;

export interface DataKind {
  /** The name that the command line knows it by. */
  readonly name: string;
  readonly title: string;
  readonly classes: number;
  readonly image: ImageShape;
  readonly trainImages: number;
  readonly testImages: number;
  readonly augment: Augmentation;
  /** Mixup and cutmix. */
  readonly mix?: MixOptions;
  /** Makes images of it instead of reading them; sets in files have none. */
  readonly make?: (count: number, split: "train" | "test") => Dataset;
}

const color = (side: number): ImageShape => ({ height: side, width: side, channels: 3 });

/** What most papers do on CIFAR: pad by 4 with zeros and crop, mirror every other image. */
export const padCropFlip: Augmentation = { crop: { padding: 4, mode: "zero" }, flip: 0.5 };

export function cifar10(augment: Augmentation = padCropFlip): DataKind {
  return { name: "cifar10", title: "CIFAR-10", classes: 10, image: color(32), trainImages: 50_000, testImages: 10_000, augment };
}

export function cifar100(augment: Augmentation = padCropFlip): DataKind {
  return { name: "cifar100", title: "CIFAR-100", classes: 100, image: color(32), trainImages: 50_000, testImages: 10_000, augment };
}

export function tinyImageNet(augment: Augmentation = { flip: 0.5 }): DataKind {
  return {
    name: "tiny-imagenet",
    title: "Tiny ImageNet",
    classes: 200,
    image: color(64),
    trainImages: 100_000,
    testImages: 10_000,
    augment,
  };
}

export function imageNet(augment: Augmentation = { flip: 0.5 }): DataKind {
  return {
    name: "imagenet",
    title: "ImageNet",
    classes: 1000,
    image: color(224),
    trainImages: 1_281_167,
    testImages: 50_000,
    augment,
  };
}

/** Ten drawn figures that need no download: what smoke runs train on. */
export function drawnShapes(augment: Augmentation = padCropFlip): DataKind {
  const make = (count: number, split: "train" | "test"): Dataset => shapes({ count, split });
  return { name: "shapes", title: "drawn shapes", classes: 10, image: color(32), trainImages: 5000, testImages: 1000, augment, make };
}
