// Data sets, in any JavaScript engine. Reading files and downloading are in node/.
export type { AugmentOptions, CropOptions, EraseOptions } from "./augment.ts";
export { CIFAR10, CIFAR100_COARSE, CIFAR100_FINE, parseCifar, type CifarFormat } from "./cifar.ts";
export {
  arrayDataset,
  collectDataset,
  split as splitDataset,
  subset,
  take,
  type Dataset,
  type DatasetInfo,
  type ImageShape,
  type Sample,
} from "./dataset.ts";
export { FormatError } from "./format-error.ts";
export { parseIdx, type IdxInfo } from "./idx.ts";
export { shapes, SHAPES_CLASSES, type ShapesOptions } from "./synthetic.ts";
