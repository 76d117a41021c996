// The image sets of the command line, from a folder or made on the spot.
import { FormatError, shapes, type Dataset } from "../data/index.ts";
import { take } from "../data/dataset.ts";
import { readCifar10, readCifar100, readMnist, type Splits } from "../data/node/files.ts";
import { readImageFolder } from "../data/node/image-folder.ts";
import { readTinyImagenet } from "../data/node/tiny-imagenet.ts";
import { hasPictures, SHAPES_COUNTS, type DatasetName } from "./settings/data-names.ts";
import { selfCommand } from "./terminal/self-command.ts";
import { UsageError } from "./settings/usage.ts";

export * from "./settings/data-names.ts";

/** Where data sets are looked for and put by default. */
export const DATA_DIR = "data";

export interface DataChoice {
  readonly dataset: DatasetName;
  /** The first so many images; null is all of them (of `shapes` the usual count). */
  readonly trainSamples: number | null;
  readonly testSamples: number | null;
  /** Of sets of pictures: side of the images, and the share of the shorter side that they show of a whole picture. */
  readonly imgSize?: number | null;
  readonly cropPct?: number | null;
}

function readSplits({ dataset, imgSize, cropPct }: DataChoice, dir: string): Promise<Splits> {
  const options = { dir, ...(imgSize && { size: imgSize }), ...(cropPct && { share: cropPct }) };
  if (dataset === "image-folder") return readImageFolder({ size: 224, ...options });
  if (dataset === "tiny-imagenet") return readTinyImagenet(options);
  if (dataset === "cifar10") return readCifar10({ dir });
  return dataset === "cifar100" ? readCifar100({ dir }) : readMnist({ dir });
}

function first(flag: string, all: Dataset, count: number | null): Dataset {
  if (count === null) return all;
  if (count > all.length)
    throw new UsageError(`${flag}: ${count} of the ${all.length} images of ${all.name}, wanted at most ${all.length}`);
  return take(all, count);
}

/** Both parts of a set. Errors name the file and what is wrong with it. */
export async function openData(choice: DataChoice, dir: string): Promise<Splits> {
  const { dataset, trainSamples, testSamples } = choice;
  if (dataset === "shapes")
    return {
      train: shapes({ count: trainSamples ?? SHAPES_COUNTS.train, split: "train" }),
      test: shapes({ count: testSamples ?? SHAPES_COUNTS.test, split: "test" }),
    };
  let splits: Splits;
  try {
    splits = await readSplits(choice, dir);
  } catch (error) {
    // A folder without the files, not a file that is damaged.
    if (hasPictures(dataset) || !(error instanceof FormatError && error.offset < 0 && error.file === dir)) throw error;
    throw new Error(`${error.message}; \`${selfCommand()} data ${dataset} --to ${dir}\` fetches them`, { cause: error });
  }
  return { train: first("--train-samples", splits.train, trainSamples), test: first("--test-samples", splits.test, testSamples) };
}
