// The image sets of the command line by name, and what goes without saying of each.

/** Drawn, or fetched by `perpend data`. */
export const FETCHED = ["shapes", "cifar10", "cifar100", "mnist"] as const;
export const PICTURE_SETS = ["image-folder", "tiny-imagenet"] as const;
export const DATASETS = [...FETCHED, ...PICTURE_SETS] as const;
export type FetchedName = (typeof FETCHED)[number];
type PictureSetName = (typeof PICTURE_SETS)[number];
export type DatasetName = (typeof DATASETS)[number];

/** Whether a set's images are made of pictures of any size. */
export function hasPictures(dataset: DatasetName): dataset is PictureSetName {
  return (PICTURE_SETS as readonly string[]).includes(dataset);
}

/** Images of the built-in set unless told otherwise. */
export const SHAPES_COUNTS = { train: 5000, test: 1000 } as const;

/** Augmentation that suits a set: digits do not stand mirrored. */
export function usualAugmentation(dataset: DatasetName): { readonly cropPadding: number; readonly hflip: number } {
  return dataset === "mnist" ? { cropPadding: 2, hflip: 0 } : { cropPadding: 4, hflip: 0.5 };
}
