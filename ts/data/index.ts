// Data sets, in any JavaScript engine. Reading files and downloading are in node/.
export type { AugmentOptions, CropOptions, EraseOptions } from "./augment.ts";
export type { ColorJitterOptions } from "./color-jitter.ts";
export type { Canvas } from "./color-ops.ts";
export type { ImageShape } from "./image-shape.ts";
export { CIFAR10, CIFAR100_COARSE, CIFAR100_FINE, parseCifar, type CifarFormat } from "./cifar.ts";
export {
  arrayDataset,
  collectDataset,
  split as splitDataset,
  subset,
  take,
  type Dataset,
  type DatasetInfo,
  type Sample,
} from "./dataset.ts";
export type { LoaderOptions } from "./loader.ts";
export type { MixOptions } from "./mix.ts";
export type { Picture } from "./picture.ts";
export { timmIncreasingOps, timmOps, torchvisionOps, type OpTable, type PictureOp, type RandAugmentOptions } from "./rand-augment.ts";
export { bicubic, bilinear, resize, type Filter } from "./resize.ts";
export type { ResizedCropOptions } from "./resized-crop.ts";
export { FormatError } from "./format-error.ts";
export { parseIdx, type IdxInfo } from "./idx.ts";
export { shapes, SHAPES_CLASSES, type ShapesOptions } from "./synthetic.ts";
