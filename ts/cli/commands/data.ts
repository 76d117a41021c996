// perpend data: fetches a standard image set from its own address, or draws a sheet of the built-in one.
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import cliProgress from "cli-progress";
import { Argument, type Command } from "commander";
import { shapes, SHAPES_CLASSES } from "../../data/index.ts";
import { downloadCifar10, downloadCifar100, downloadMnist, type DownloadOptions, type Progress } from "../../data/node/download.ts";
import { pngDataUrl } from "../../train/png.ts";
import { DATA_DIR, FETCHED, type FetchedName } from "../data-sets.ts";
import { EXIT_STOPPED, listenForStop } from "../terminal/stop.ts";
import { oneOf, UsageError } from "../settings/usage.ts";

const DOWNLOADS: Record<Exclude<FetchedName, "shapes">, (options: DownloadOptions) => Promise<string>> = {
  cifar10: downloadCifar10,
  cifar100: downloadCifar100,
  mnist: downloadMnist,
};

const PHASES: Record<Progress["phase"], string> = { download: "fetching", check: "checking", unpack: "unpacking" };
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** Shows how far it is on standard error: a bar on a terminal, else a line each tenth. */
function display(): { readonly show: (progress: Progress) => void; readonly stop: () => void } {
  const stream = process.stderr;
  let bar: InstanceType<typeof cliProgress.SingleBar> | undefined;
  let current = "";
  let tenth = -1;
  let latest: Progress | undefined;
  const line = ({ phase, file, done, total }: Progress): string =>
    `${PHASES[phase]} ${basename(file)}  ${megabytes(done)} of ${megabytes(total)} MB  ${Math.floor((100 * done) / Math.max(1, total))} %`;
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
  };
  const show = (progress: Progress): void => {
    const what = `${progress.phase} ${progress.file}`;
    latest = progress;
    if (what !== current) {
      stop();
      [current, tenth] = [what, -1];
    }
    if (stream.isTTY) {
      if (bar === undefined) {
        const format = (): string => (latest === undefined ? "" : line(latest).slice(0, (stream.columns ?? 80) - 1));
        bar = new cliProgress.SingleBar({
          stream,
          format,
          clearOnComplete: false,
          hideCursor: true,
          gracefulExit: false,
          fps: 8,
          emptyOnZero: true,
        });
        bar.start(progress.total, progress.done);
      }
      bar.update(progress.done);
    } else if (Math.floor((10 * progress.done) / Math.max(1, progress.total)) > tenth) {
      tenth = Math.floor((10 * progress.done) / Math.max(1, progress.total));
      stream.write(`${line(progress)}\n`);
    }
  };
  return { show, stop };
}

const COLUMNS = 16;

/** A picture of the built-in set: a row a class. */
function drawSheet(dir: string): string {
  const { images, labels, image } = shapes({ count: 40 * SHAPES_CLASSES.length, split: "train" });
  const { height, width, channels } = image;
  const sheet = new Uint8Array(COLUMNS * width * SHAPES_CLASSES.length * height * channels);
  const drawn = SHAPES_CLASSES.map(() => 0);
  labels.forEach((label, index) => {
    const column = drawn[label]++;
    if (column >= COLUMNS) return;
    for (let y = 0; y < height; y++) {
      const from = (index * height + y) * width * channels;
      sheet.set(images.subarray(from, from + width * channels), ((label * height + y) * COLUMNS + column) * width * channels);
    }
  });
  const url = pngDataUrl(sheet, COLUMNS * width, SHAPES_CLASSES.length * height, 3);
  const path = join(dir, "shapes.png");
  mkdirSync(dir, { recursive: true });
  writeFileSync(path, Buffer.from(url.slice(url.indexOf(",") + 1), "base64"));
  return path;
}

async function fetchData(dataset: FetchedName, { to, url }: { readonly to: string; readonly url?: string }): Promise<void> {
  if (dataset === "shapes") {
    if (url !== undefined) throw new UsageError("--url: shapes are drawn here, wanted a set that is fetched");
    process.stdout.write(`${drawSheet(to)}\n`);
    process.stderr.write(`a row each of ${SHAPES_CLASSES.join(", ")}; training draws its own, nothing to fetch\n`);
    return;
  }
  const { show, stop } = display();
  const stopping = listenForStop(() => {});
  try {
    const folder = await DOWNLOADS[dataset]({ to, onProgress: show, signal: stopping.signal, ...(url !== undefined && { url }) });
    stop();
    process.stdout.write(`${folder}\n`);
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    stop();
    process.stderr.write(`stopped; the same command goes on from there\n`);
    process.exitCode = EXIT_STOPPED;
  } finally {
    stop();
    stopping.release();
  }
}

export function addData(program: Command): void {
  program
    .command("data")
    .summary("fetch a data set")
    .description("Fetches a standard image set, goes on where an earlier try stopped, checks it and unpacks it; prints where it is.")
    .addArgument(new Argument("<dataset>", FETCHED.join(", ")).argParser(oneOf("data", FETCHED)))
    .option("--to <folder>", "where to put it", DATA_DIR)
    .option("--url <address>", "another address of the same file (its checksum must be the published one)")
    .addHelpText(
      "after",
      `
Examples:
  perpend data cifar10 --to data
  perpend data shapes --to .                    a picture of the built-in set`,
    )
    .action((dataset: FetchedName, options: { to: string; url?: string }) => fetchData(dataset, options));
}
