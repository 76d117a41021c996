// Where a run's images come from: drawn on the spot, or files that a person gave to the page.
import { shapes, take, type Dataset } from "../data/index.ts";
import { SHAPES_COUNTS } from "../cli/settings/data-names.ts";
import type { TrainSettings } from "../cli/settings/settings.ts";
import type { DataSource, Splits } from "./given-data.ts";

function first(all: Dataset, count: number | null): Dataset {
  return count === null ? all : take(all, count);
}

/** Both parts of a set, as `perpend train` takes them. Errors name the file and what is wrong with it. */
export async function openSource(source: DataSource, settings: TrainSettings): Promise<Splits> {
  const { trainSamples, testSamples } = settings;
  if (source.kind === "shapes")
    return {
      train: shapes({ count: trainSamples ?? SHAPES_COUNTS.train, split: "train" }),
      test: shapes({ count: testSamples ?? SHAPES_COUNTS.test, split: "test" }),
    };
  const { readFiles } = await import("./data-files.ts");
  const { train, test } = await readFiles(source, settings);
  return { train: first(train, trainSamples), test: first(test, testSamples) };
}
