// What a person gives to the page to train on, and what becomes of it.
import type { Dataset } from "../data/index.ts";

export interface Splits {
  readonly train: Dataset;
  readonly test: Dataset;
}

/** A file with its path in the folder that was given, if it was one. */
export interface GivenFile {
  readonly path: string;
  readonly file: Blob;
}

export type DataSource =
  | { readonly kind: "shapes" }
  | { readonly kind: "files"; readonly dataset: "cifar10" | "cifar100" | "mnist" | "image-folder"; readonly files: readonly GivenFile[] };
