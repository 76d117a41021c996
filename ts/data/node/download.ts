// Fetches the standard image sets from their own addresses, checks the published checksums and unpacks them. A folder appears
// under its final name only when it is whole. Addresses and MD5: https://www.cs.toronto.edu/~kriz/cifar.html

import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { FormatError } from "../format-error.ts";
import { readTar } from "../tar.ts";
import { fetchFile, md5Of, type Progress } from "./fetch-file.ts";

export type { Progress } from "./fetch-file.ts";

export interface DownloadOptions {
  /** The folder to put it in; made where missing. */
  readonly to: string;
  /** Another address of the same file (for sets of several files, of their folder). */
  readonly url?: string;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** A packed folder: its address, size and checksum, and the files it must hold. */
export interface Archive {
  readonly who: string;
  readonly url: string;
  readonly bytes: number;
  readonly md5: string;
  readonly folder: string;
  readonly files: ReadonlyMap<string, number>;
}

const KRIZ = "https://www.cs.toronto.edu/~kriz/";

const CIFAR10_ARCHIVE: Archive = {
  who: "downloadCifar10",
  url: `${KRIZ}cifar-10-binary.tar.gz`,
  bytes: 170_052_171,
  md5: "c32a1d4ab5d03f1284b67883e8d87530",
  folder: "cifar-10-batches-bin",
  files: new Map(
    [1, 2, 3, 4, 5].map((i) => [`data_batch_${i}.bin`, 30_730_000] as [string, number]).concat([["test_batch.bin", 30_730_000]]),
  ),
};

const CIFAR100_ARCHIVE: Archive = {
  who: "downloadCifar100",
  url: `${KRIZ}cifar-100-binary.tar.gz`,
  bytes: 168_513_733,
  md5: "03b5dce01913d631647c71ecec9e9cb8",
  folder: "cifar-100-binary",
  files: new Map([
    ["train.bin", 153_700_000],
    ["test.bin", 30_740_000],
  ]),
};

/** MNIST's files with sizes and MD5 as its mirrors publish them. */
const MNIST_FILES = [
  { name: "train-images-idx3-ubyte.gz", bytes: 9_912_422, md5: "f68b3c2dcbeaaa9fbdd348bbdeb94873" },
  { name: "train-labels-idx1-ubyte.gz", bytes: 28_881, md5: "d53e105ee54ea40749a09fcbcd1e9432" },
  { name: "t10k-images-idx3-ubyte.gz", bytes: 1_648_877, md5: "9fb629c4189551a2d022fa330f9573f3" },
  { name: "t10k-labels-idx1-ubyte.gz", bytes: 4_542, md5: "ec29112dd5afa0611ce80d1b7f02629c" },
] as const;

async function isWhole(folder: string, files: ReadonlyMap<string, number>): Promise<boolean> {
  for (const [name, size] of files) if ((await stat(join(folder, name)).catch(() => null))?.size !== size) return false;
  return true;
}

/** Unpacks a checked archive into `folder`, which is new and empty. */
async function unpack(packed: string, archive: Archive, folder: string, { onProgress, signal }: DownloadOptions): Promise<void> {
  const total = [...archive.files.values()].reduce((sum, size) => sum + size, 0);
  let done = 0;
  let handle: FileHandle | null = null;
  let failed: unknown = null;
  try {
    await pipeline(
      createReadStream(packed, { highWaterMark: 1 << 20 }),
      createGunzip({ chunkSize: 1 << 18 }),
      async (chunks: AsyncIterable<Uint8Array>) => {
        for await (const { name, size, at, bytes } of readTar(chunks, { file: packed, folder: archive.folder, files: archive.files })) {
          try {
            handle ??= await open(join(folder, name), "wx");
            for (let from = 0; from < bytes.length;) from += (await handle.write(bytes, from)).bytesWritten;
          } catch (error) {
            failed = error; // the pipeline would only say that it was aborted
            throw error;
          }
          done += bytes.length;
          onProgress?.({ phase: "unpack", file: join(folder, name), done, total });
          if (at + bytes.length < size) continue;
          await handle.sync();
          await handle.close();
          handle = null;
        }
      },
      ...(signal ? [{ signal }] : []),
    );
  } catch (error) {
    if (error instanceof FormatError || signal?.aborted) throw error;
    const cause = failed ?? error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${archive.who}: cannot unpack ${packed} into ${folder}: ${why}`, { cause });
  } finally {
    await (handle as FileHandle | null)?.close();
  }
}

/** Fetches, checks and unpacks an archive; returns its folder. Does nothing where the folder is there and whole. */
export async function downloadArchive(archive: Archive, options: DownloadOptions): Promise<string> {
  const { who, bytes, md5, files } = archive;
  const { to, url = archive.url, onProgress, signal } = options;
  const folder = join(to, archive.folder);
  if (await isWhole(folder, files)) return folder;
  if ((await stat(folder).catch(() => null)) !== null) {
    throw new Error(
      `${who}: ${folder} is there but not whole, wanted no such folder (move it away) or ${[...files.keys()].join(", ")} in it`,
    );
  }
  await mkdir(to, { recursive: true });
  const packed = join(to, new URL(archive.url).pathname.split("/").at(-1) ?? archive.folder);
  const watch = { ...(onProgress && { onProgress }), ...(signal && { signal }) };
  const found = await stat(packed).catch(() => null);
  if (found === null) await fetchFile({ who, url, path: packed, bytes, md5, ...watch });
  else if (found.size !== bytes) throw new Error(`${who}: ${packed} has ${found.size} bytes, wanted ${bytes} (or no such file)`);
  else if ((await md5Of(packed, { bytes, ...watch })) !== md5)
    throw new Error(`${who}: ${packed} has another MD5, wanted ${md5} (or no such file)`);
  const fresh = await mkdtemp(join(to, `.${archive.folder}-`));
  try {
    await unpack(packed, archive, fresh, options);
    await rename(fresh, folder);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    if (found === null) await rename(packed, `${packed}.part`); // the next run finds it, whole
    throw error;
  }
  if (found === null) await rm(packed); // one that was there before is not ours to remove
  return folder;
}

/** CIFAR-10 (binary version, 162 MB packed, 184 MB on disk) as `to`/cifar-10-batches-bin; returns that path, for readCifar10. */
export function downloadCifar10(options: DownloadOptions): Promise<string> {
  return downloadArchive(CIFAR10_ARCHIVE, options);
}

/** CIFAR-100 (binary version) as `to`/cifar-100-binary; returns that path, for readCifar100. */
export function downloadCifar100(options: DownloadOptions): Promise<string> {
  return downloadArchive(CIFAR100_ARCHIVE, options);
}

/** A set of single files in one folder. */
export interface FileSet {
  readonly who: string;
  /** Ends in a slash. */
  readonly url: string;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly md5: string }[];
}

/** Fetches and checks the files that are not there yet; returns the folder. */
export async function downloadFiles(set: FileSet, { to, url = set.url, onProgress, signal }: DownloadOptions): Promise<string> {
  await mkdir(to, { recursive: true });
  for (const { name, bytes, md5 } of set.files) {
    const path = join(to, name);
    if ((await stat(path).catch(() => null))?.size === bytes) continue;
    const address = new URL(name, url.endsWith("/") ? url : `${url}/`).href;
    await fetchFile({ who: set.who, url: address, path, bytes, md5, ...(onProgress && { onProgress }), ...(signal && { signal }) });
  }
  return to;
}

/** MNIST's four .gz files into `to`; returns it, for readMnist. */
export function downloadMnist(options: DownloadOptions): Promise<string> {
  return downloadFiles({ who: "downloadMnist", url: "https://ossci-datasets.s3.amazonaws.com/mnist/", files: MNIST_FILES }, options);
}
