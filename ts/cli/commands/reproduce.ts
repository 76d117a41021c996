// perpend reproduce: runs the grid of a paper's experiments, goes on where it stopped, and gathers what came out beside the paper's numbers.
import { join } from "node:path";
import { Option, type Command } from "commander";
import { SCALES, type Scale } from "../../recipes/setting.ts";
import type { Grid } from "../../report/grid.ts";
import { gridTable } from "../../report/grid.ts";
import { formatCount, formatSpan } from "../../report/numbers.ts";
import type { RunLog } from "../../report/run-log.ts";
import { statement } from "../../report/significance.ts";
import { writeFileAtomic } from "../../train/node/atomic-file.ts";
import { DATA_DIR } from "../data-sets.ts";
import { checkFlags, DEVICES, openGpu, outsideOfPromise, type Device, type OpenGpu } from "../machine/device.ts";
import { workersFor } from "../machine/pool.ts";
import { checkMemory, costOf, expectedOptions, roomFor, timedStep, type Cost } from "../grid/cost.ts";
import { openKind, planExperiment, prepareRun, type Plan } from "../grid/plan.ts";
import { createGridProgress } from "../grid/progress.ts";
import { gatherGrid, settingLine } from "../grid/results.ts";
import { cpuEngine, gpuEngine, type Engine } from "../grid/engine.ts";
import { carryOut, examineDone, finishedRun } from "../grid/run.ts";
import { chosenRecipes, loadRecipe } from "../grid/recipe-files.ts";
import { OUTPUT } from "../run/run-folder.ts";
import { quoted, selfCommand } from "../terminal/self-command.ts";
import { shardsOf } from "../../recipes/setting.ts";
import { EXIT_STOPPED, listenForStop, type Stop } from "../terminal/stop.ts";
import { textTable } from "../terminal/text-table.ts";
import { number, oneOf } from "../settings/usage.ts";

interface ReproduceOptions {
  readonly scale: Scale;
  readonly seeds?: number;
  readonly dataDir: string;
  readonly workers?: number;
  readonly device: Device;
  readonly tune: boolean;
  readonly output: string;
  readonly checkpointBlocks?: number;
  readonly dryRun: boolean;
  readonly examine: boolean;
  readonly markdown?: string;
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** The command that repeats it. */
function commandOf(word: string, { scale, seeds, dataDir, output, checkpointBlocks, device, tune }: ReproduceOptions): string {
  const more = [
    ...(scale === "desk" ? [] : ["--scale", scale]),
    ...(seeds === undefined ? [] : ["--seeds", String(seeds)]),
    ...(dataDir === DATA_DIR ? [] : ["--data-dir", dataDir]),
    ...(output === OUTPUT ? [] : ["--output", output]),
    ...(checkpointBlocks === undefined ? [] : ["--checkpoint-blocks", String(checkpointBlocks)]),
    ...(device === "cpu" ? [] : ["--device", device, ...(tune ? ["--tune"] : [])]),
  ];
  return ["perpend", "reproduce", word, ...more].map(quoted).join(" ");
}

interface Estimated {
  readonly plan: Plan;
  readonly costs: readonly Cost[];
  readonly logs: (RunLog | undefined)[];
}

/** Costs of all runs, refused where one does not fit; and what is done already. */
async function estimate(plan: Plan, room: number): Promise<Estimated> {
  const { file, experiment, scale, setting, combinations } = plan;
  const costs = combinations.map((choice) => {
    const options = expectedOptions(experiment, file.name, choice, scale, setting);
    const cost = costOf(experiment, options, scale);
    checkMemory(`${file.name} (${Object.values(choice).join(", ")})`, experiment, options, cost, scale, room);
    return cost;
  });
  const logs: (RunLog | undefined)[] = [];
  for (const run of plan.runs) logs.push(await finishedRun(plan, run, { damaged: "undone", warn: say }));
  return { plan, costs: plan.runs.map(({ choice }) => costs[combinations.indexOf(choice)]), logs };
}

function costLine({ plan, costs, logs }: Estimated): string {
  const done = logs.filter((log) => log !== undefined).length;
  const flops = costs.reduce((sum, each, index) => sum + (logs[index] ? 0 : each.flops), 0);
  const bytes = Math.max(...costs.map((each) => each.bytes));
  return (
    `${plan.file.name}: ${plan.combinations.length} combinations x ${plan.seeds.length} seeds, ${settingLine(plan.setting)}; ` +
    `${done > 0 ? `${done} of ${plan.runs.length} runs are done, ` : ""}${(flops / 1e12).toFixed(flops < 1e13 ? 2 : 0)} TFLOP to go, at most ${formatCount(Math.ceil(bytes / 2 ** 20))} MiB`
  );
}

/** Seconds of a unit of work (a FLOP) on this machine, by a few steps of the first run that is left. */
async function secondsOfFlop(
  { plan, costs, logs }: Estimated,
  { dataDir }: ReproduceOptions,
  engine: Engine,
  signal: AbortSignal,
): Promise<number | undefined> {
  const next = logs.findIndex((log) => log === undefined);
  if (next < 0 || plan.scale === "smoke" || costs[next].steps === 0) return undefined;
  const run = plan.runs[next];
  const prepared = prepareRun(plan, run, await openKind(run.data, plan.setting, dataDir));
  const pool = await engine.openPool(plan, prepared, { message: say, signal, readEvery: 1 });
  try {
    for await (const batch of prepared.train.epoch(0)) return (await timedStep(pool, batch)) * (costs[next].steps / costs[next].flops);
    return undefined;
  } catch (error) {
    if (isLate(error)) return undefined;
    throw error;
  } finally {
    await pool.close();
  }
}

/** Whether a method wanted a value that a GPU has later. */
const isLate = (error: unknown): boolean => error instanceof Error && error.name === "LateValueError";

async function writeResults(plan: Plan, grid: Grid): Promise<readonly string[]> {
  const [{ renderGridReport }, { gridMarkdown }] = await Promise.all([
    import("../../report/grid-report.ts"),
    import("../../report/grid-markdown.ts"),
  ]);
  const files = { "results.md": gridMarkdown(grid), "report.html": await renderGridReport(grid) };
  const paths: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    const path = join(plan.dir, name);
    await writeFileAtomic(path, new TextEncoder().encode(text));
    paths.push(path);
  }
  return paths;
}

function printGrid(grid: Grid, paths: readonly string[]): void {
  const { head, rows } = gridTable(grid);
  const tests = grid.rows.flatMap(({ name, difference }) =>
    difference && difference.verdict !== "no runs" ? [`${name}: ${statement(difference.paired)}`] : [],
  );
  const uncertain = [...new Set(grid.rows.flatMap(({ paper }) => (paper?.unverified === undefined ? [] : [paper.unverified])))];
  const lines = [
    `${grid.name}, ${grid.source}; scale ${grid.scale}`,
    textTable([head, ...rows]),
    ...uncertain.map((text) => `* ${text}`),
    ...tests,
    ...paths.map((path) => `written ${path}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n\n`);
}

/** Runs what is left of one experiment. Returns false where it was stopped. */
async function runExperiment(estimated: Estimated, word: string, options: ReproduceOptions, engine: Engine, stop: Stop): Promise<boolean> {
  const { plan, costs, logs } = estimated;
  const rate = await secondsOfFlop(estimated, options, engine, stop.signal);
  const left = costs.reduce((sum, { flops }, index) => sum + (logs[index] ? 0 : flops), 0);
  say(costLine(estimated) + (rate === undefined ? "" : `, about ${formatSpan(rate * left)} here with ${engine.name}`));
  const progress = createGridProgress(
    plan.runs.map(({ name }, index) => ({ name, work: costs[index].flops, steps: costs[index].steps })),
    rate,
  );
  const command = commandOf(word, options);
  try {
    logs.forEach((log, index) => log && progress.skip(index));
    for (const [index, run] of plan.runs.entries()) {
      if (stop.signal.aborted) return false;
      const done = logs[index];
      if (done) {
        if (plan.experiment.examines && done.end?.reason === "finished")
          await examineDone(plan, run, await openKind(run.data, plan.setting, options.dataDir), progress.message);
        continue;
      }
      progress.begin(index);
      const splits = await openKind(run.data, plan.setting, options.dataDir);
      const { message, handle: tell } = progress;
      let log: RunLog | undefined;
      try {
        log = await carryOut(plan, run, splits, { engine, command, signal: stop.signal, tell, message });
      } catch (error) {
        if (!isLate(error)) throw error;
        progress.message(
          `${run.name}: its method needs values in mid-step, which ${engine.device} has later; passed over, wanted --device cpu`,
        );
        progress.skip(index);
        continue;
      }
      if (log === undefined) return false;
      logs[index] = log;
      const last = log.evaluations.at(-1);
      const end = log.end?.reason === "diverged" ? "diverged" : `top-1 ${((last?.top1 ?? 0) * 100).toFixed(2)} %`;
      progress.message(`${run.name}: ${end} in ${formatSpan(log.seconds ?? NaN)}`);
    }
    return true;
  } finally {
    progress.stop();
  }
}

/** Examines the nets of runs that are done and were not examined. */
async function examineAll(plans: readonly Plan[], { dataDir }: ReproduceOptions): Promise<void> {
  for (const plan of plans.filter(({ experiment }) => experiment.examines))
    for (const run of plan.runs) {
      const log = await finishedRun(plan, run);
      if (log?.end?.reason !== "finished") continue;
      if (await examineDone(plan, run, await openKind(run.data, plan.setting, dataDir), say))
        say(`${plan.file.name}, ${run.name}: examined`);
    }
}

/** What computes a grid: threads as many as its batches have work for, or the GPU. */
function engineFor({ setting }: Plan, { workers, tune }: ReproduceOptions, gpu: OpenGpu | null): Engine {
  if (gpu) return gpuEngine(gpu, tune);
  return cpuEngine(workersFor({ shards: shardsOf(setting), batchSize: setting.batch }, workers));
}

async function reproduce(word: string, options: ReproduceOptions): Promise<void> {
  const { device, tune, workers } = options;
  checkFlags({ device, tune, workers, fast: false, digest: undefined });
  const files = chosenRecipes(word);
  const { scale, output, seeds, checkpointBlocks } = options;
  const plans: Plan[] = [];
  for (const file of files)
    plans.push(
      planExperiment(file, await loadRecipe(file), {
        ...{ scale, output, device: options.device },
        ...(seeds !== undefined && { seeds }),
        ...(checkpointBlocks !== undefined && { checkpointBlocks }),
      }),
    );
  if (options.examine) await examineAll(plans, options);
  if (options.markdown !== undefined) {
    const { writeResultsPage } = await import("../grid/markdown.ts");
    // Folders of this machine say nothing to a reader.
    const shown = { ...options, output: OUTPUT, dataDir: DATA_DIR };
    const paths = await writeResultsPage(plans, {
      file: options.markdown,
      command: commandOf(word, shown),
      commandOf: (name) => commandOf(name, { ...shown, dataDir: "DIR" }),
      warn: say,
    });
    process.stdout.write(paths.map((path) => `written ${path}\n`).join(""));
  }
  if (options.examine || options.markdown !== undefined) return;
  const estimates: Estimated[] = [];
  // All of them before the first begins: what cannot be run is said now.
  const room = device === "cpu" ? roomFor() : Infinity;
  for (const plan of plans) estimates.push(await estimate(plan, room));
  if (options.dryRun) {
    process.stdout.write(`${estimates.map(costLine).join("\n")}\n`);
    return;
  }
  const gpu = device === "cpu" ? null : await openGpu();
  if (gpu) say(outsideOfPromise(gpu));
  const stop = listenForStop(() => say("stopping after this step; once more ends at once"));
  try {
    for (const estimated of estimates) {
      const { plan, logs } = estimated;
      const finished = await runExperiment(estimated, word, options, engineFor(plan, options, gpu), stop);
      if (finished || logs.some((log) => log !== undefined)) {
        const grid = gatherGrid(plan, logs, commandOf(plan.file.name, options));
        printGrid(grid, await writeResults(plan, grid));
      }
      if (!finished) {
        const [, , ...rest] = commandOf(word, options).split(" ");
        say(`stopped; the same command goes on from there:\n  ${selfCommand()} reproduce ${rest.join(" ")}`);
        process.exitCode = EXIT_STOPPED;
        return;
      }
    }
  } finally {
    stop.release();
    gpu?.close();
  }
}

export function addReproduce(program: Command): void {
  program
    .command("reproduce")
    .summary("run a paper's experiments and compare")
    .description(
      "Runs every combination and seed of a paper's experiments, or of one, and writes a table and a report beside the paper's numbers. " +
        "Stopped at any point, the same command goes on. `perpend recipes` lists what there is.",
    )
    .argument("<paper[/experiment]>", "as `perpend recipes` lists them")
    .addOption(
      new Option("--scale <name>", `${SCALES.join(", ")}: seconds on drawn shapes, minutes a run, or as published`)
        .argParser(oneOf("--scale", SCALES))
        .default("desk" satisfies Scale),
    ) // prettier-ignore
    .option("--seeds <count>", "runs of each combination (default: the recipe's)", number("--seeds", { whole: true, least: 1, most: 1000 }))
    .option("--data-dir <folder>", "where data sets are", DATA_DIR)
    .option("-j, --workers <count>", "threads (default: one a core; changes no bit)", number("--workers", { whole: true, least: 0 }))
    .addOption(
      new Option("--device <name>", "cpu; webgpu for a GPU, outside of the bit promise, in folders of its own")
        .argParser(oneOf("--device", DEVICES))
        .default("cpu" satisfies Device),
    ) // prettier-ignore
    .option("--tune", "with --device webgpu: measure first how this GPU does its products fastest (seconds a net)", false)
    .option("--output <folder>", "where run folders, table and report are made", OUTPUT)
    .option(
      "--checkpoint-blocks <blocks>",
      "save memory: compute so many blocks at a time again in the backward pass; the same bits",
      number("--checkpoint-blocks", { whole: true, least: 1 }),
    )
    .option("--dry-run", "only say what it costs", false)
    .option("--examine", "train nothing; examine nets of runs that are done, where an older version did not", false)
    .option("--markdown <file>", "train nothing; write what is done as a page there, with pictures beside it")
    .addHelpText(
      "after",
      `
Examples:
  perpend reproduce orthogonal-update --scale smoke
  perpend reproduce orthogonal-update/skip-kinds --data-dir data --seeds 5
  perpend reproduce orthogonal-update/skip-kinds --data-dir data --scale paper --device webgpu --tune`,
    )
    .action((word: string, options: ReproduceOptions) => reproduce(word, options));
}
