// A recipe: one experiment of a paper, whole. Fields in this order: paper, title, source, expects, data, model, vary, loss, optimizer, schedule,
// run, evaluate. What is made of it, an Experiment, is the program that threads import, and the grid that `perpend reproduce` runs.
import type { Tensor } from "../autograd/index.ts";
import type { ImageShape } from "../data/index.ts";
import { observed, StreamRecorder, type BlockSite, type Skip, type SkipKind } from "../models/index.ts";
import { Layer, type Module } from "../nn/index.ts";
import type { Optimizer, Schedule } from "../optim/index.ts";
import type { Batch, JsonObject, LossAndLogits, Program, RawBatch } from "../train/index.ts";
import { drawnShapes, type DataKind } from "./data-kind.ts";
import { matches, type Evaluate, type Labels } from "./evaluate.ts";
import { settingAt, type Scale, type Scales, type Setting } from "./setting.ts";

/** What can be chosen on an axis: objects by label, or numbers, words and kinds that have a label of their own. */
type Axis = { readonly [label: string]: unknown } | readonly (string | number | { readonly label: string })[];
export type Vary = { readonly [axis: string]: Axis };
type ChoiceOf<A> = A extends readonly (infer T)[] ? T : A[keyof A];
/** One combination: an object an axis. */
export type Choice<V extends Vary> = { readonly [A in keyof V]: ChoiceOf<V[A]> };

/** What every thread is told of a run. */
export type RunOptions = {
  readonly recipe: string;
  readonly choice: Labels;
  readonly setting: Setting;
  readonly classes: number;
  readonly image: ImageShape & JsonObject;
  readonly seed: number;
  /** Updates of the weights in an epoch. */
  readonly updatesPerEpoch: number;
  /** Batches between two measurements of a block's skip; 0 measures nothing. */
  readonly observeEvery: number;
};

/** What a recipe's functions know of their run. */
export interface RunContext {
  readonly setting: Setting;
  readonly seed: number;
  readonly classes: number;
  readonly image: ImageShape;
  readonly updatesPerEpoch: number;
  /** Updates of the whole run. */
  readonly updates: number;
  /** What most models take: classes, channels, seed, and width and recomputation where the setting has them. */
  readonly net: {
    readonly classes: number;
    readonly channels: number;
    readonly seed: number;
    readonly width?: number;
    readonly checkpointBlocks?: number;
  };
  /** Whether values are looked at in mid-step, for the report. */
  readonly watches: boolean;
  /** The same skip, measured in training for the report. */
  watch(kind: SkipKind): SkipKind;
}

/** What a folder of recipes reproduces; its `paper.ts` exports one as `about`. */
export interface Paper {
  readonly title: string;
  readonly authors: string;
  readonly year: number;
  /** Where it is published. */
  readonly source: string;
}

export interface Recipe<V extends Vary> {
  readonly paper: Paper;
  readonly title: string;
  /** Table or figure. */
  readonly source: string;
  /** What should come out, in a sentence or two. */
  readonly expects: string;
  readonly data: DataKind | ((choice: Choice<V>, scale: Scale) => DataKind);
  readonly model: (choice: Choice<V>, run: RunContext) => Layer;
  /** The ablation: one run a combination and seed. */
  readonly vary: V;
  /** Leaves combinations out. */
  readonly where?: (choice: Choice<V>) => boolean;
  /** Cross-entropy by default. */
  readonly loss?: (model: Layer, batch: Batch, choice: Choice<V>, run: RunContext) => Tensor | LossAndLogits;
  /** What a step leaves out or does not train: as a program's `prepare`. */
  readonly prepare?: (model: Layer, updates: number | null, choice: Choice<V>, run: RunContext) => void;
  /** Measurements since the last call, made while the model trained, beside those of watched skips; each has a `measure`, its name. */
  readonly observe?: (model: Layer) => readonly JsonObject[];
  /** Measures the weights at the end of each epoch, on the calling thread; as `observe`. */
  readonly measure?: (model: Layer) => readonly JsonObject[];
  /** Measures the trained net on held-out images, once at the end, on the calling thread; as `observe`. */
  readonly examine?: (model: Layer, held: AsyncIterable<RawBatch>, run: RunContext) => Promise<readonly JsonObject[]>;
  readonly optimizer: (model: Layer, choice: Choice<V>, run: RunContext) => Optimizer;
  readonly schedule: (choice: Choice<V>, run: RunContext) => Schedule;
  readonly run: Scales;
  readonly evaluate: Evaluate;
}

/** A recipe as it is run: choices by their labels, so that a run is JSON. */
export interface Experiment extends Program {
  readonly paper: Paper;
  readonly title: string;
  readonly source: string;
  readonly expects: string;
  readonly evaluate: Evaluate;
  readonly axes: readonly { readonly name: string; readonly labels: readonly string[] }[];
  setting(scale: Scale): Setting;
  /** The combinations that are run at a scale, in order. */
  combinations(scale: Scale): readonly Labels[];
  data(choice: Labels, scale: Scale): DataKind;
  schedule(options: RunOptions): Schedule;
  createModel(options: JsonObject): Layer;
  measure(model: Module): readonly JsonObject[];
  /** Whether the trained net is examined at all. */
  readonly examines: boolean;
  examine(model: Module, held: AsyncIterable<RawBatch>, options: RunOptions): Promise<readonly JsonObject[]>;
  /** Skips of a model whose measurements make one round. */
  watched(model: Module): number;
}

interface Watching {
  readonly recorder: StreamRecorder;
  skips: number;
}

/** A number as a label: `0.5`, `32`, `1e-6`. */
export function labelOf(value: string | number): string {
  return typeof value === "number" && value !== 0 && Math.abs(value) < 0.01 ? value.toExponential() : String(value);
}

function entriesOf(axis: Axis): (readonly [label: string, value: unknown])[] {
  if (!Array.isArray(axis)) return Object.entries(axis);
  return (axis as readonly (string | number | { readonly label: string })[]).map((value) => [
    typeof value === "object" ? value.label : labelOf(value),
    value,
  ]);
}

function layerOf(model: Module): Layer {
  if (!(model instanceof Layer)) throw new Error("recipe: a model without forward(x), wanted one of createModel");
  return model;
}

/** Refuses choices that the grid does not have: in what is run, compared and published. */
function checkLabels(title: string, table: ReadonlyMap<string, ReadonlyMap<string, unknown>>, { run, evaluate }: Recipe<Vary>): void {
  const check = (what: string, axis: string, label: string): void => {
    const labels = table.get(axis);
    if (labels === undefined) throw new Error(`recipe ${title}: ${what} names the axis ${axis}, wanted ${[...table.keys()].join(", ")}`);
    if (!labels.has(label)) throw new Error(`recipe ${title}: ${what} names ${axis} ${label}, wanted ${[...labels.keys()].join(", ")}`);
  };
  for (const [scale, { only = {} }] of Object.entries(run) as [string, Partial<Setting>][])
    for (const [axis, labels] of Object.entries(only)) for (const label of labels) check(`run.${scale}.only`, axis, label);
  for (const [axis, label] of Object.entries(evaluate.against)) check("evaluate.against", axis, label);
  for (const { at } of [...(evaluate.published ?? []), ...(evaluate.claims ?? [])])
    for (const [axis, label] of Object.entries(at)) check("evaluate", axis, label);
}

/** Every combination of labels, the last axis fastest. */
function product(axes: Experiment["axes"]): Labels[] {
  return axes.reduce<Labels[]>((rows, { name, labels }) => rows.flatMap((row) => labels.map((label) => ({ ...row, [name]: label }))), [{}]);
}

/** Runs `make`; what it refuses is told with the recipe and the choice that it is about. */
function named<T>(title: string, { choice }: JsonObject, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const about = Object.entries(choice as Labels).map(([axis, label]) => `${axis} ${label}`);
    throw new Error(`recipe ${title} (${about.join(", ")}): ${(error as Error).message}`, { cause: error });
  }
}

/** Makes an experiment of a recipe. Errors: an empty axis, choices that are not on their axis, numbers that no run can have. */
export function recipe<const V extends Vary>(fields: Recipe<V>): Experiment {
  const {
    paper,
    title,
    source,
    expects,
    data,
    model,
    vary,
    where = () => true,
    loss,
    prepare,
    observe,
    measure,
    examine,
    optimizer,
    schedule,
    run,
    evaluate,
  } = fields;
  const table = new Map(Object.entries(vary).map(([name, axis]) => [name, new Map(entriesOf(axis))]));
  const axes = [...table].map(([name, values]) => ({ name, labels: [...values.keys()] }));
  for (const { name, labels } of axes)
    if (labels.length === 0) throw new Error(`recipe ${title}: the axis ${name} is empty, wanted a choice`);
  checkLabels(title, table, fields as unknown as Recipe<Vary>);

  const choiceOf = (labels: Labels): Choice<V> =>
    Object.fromEntries(
      axes.map(({ name }) => {
        const values = table.get(name);
        if (!values?.has(labels[name]))
          throw new Error(`recipe ${title}: ${name} ${labels[name]}, wanted one of ${[...(values?.keys() ?? [])].join(", ")}`);
        return [name, values.get(labels[name])];
      }),
    ) as Choice<V>;

  /** What is measured of a model's skips, and how many of them there are. */
  const recorders = new WeakMap<Module, Watching>();
  const contextOf = (options: JsonObject, watching: Watching | null = null): [Choice<V>, RunContext] => {
    const { choice, setting, classes, image, seed, updatesPerEpoch } = options as unknown as RunOptions;
    const { width, checkpointBlocks, epochs } = setting;
    const net = {
      classes,
      channels: image.channels,
      seed,
      ...(width !== undefined && { width }),
      ...(checkpointBlocks !== undefined && { checkpointBlocks }),
    };
    const watch = (kind: SkipKind): SkipKind => {
      if (watching === null) return kind;
      const measured = observed(kind, watching.recorder);
      const at = (site: BlockSite): Skip => {
        watching.skips = site.additions ?? site.depth;
        return measured.at(site);
      };
      return { ...measured, at };
    };
    const updates = epochs * updatesPerEpoch;
    return [choiceOf(choice), { setting, seed, classes, image, updatesPerEpoch, updates, net, watches: watching !== null, watch }];
  };

  return {
    paper,
    title,
    source,
    expects,
    evaluate,
    axes,
    setting: (scale) => settingAt(title, run, scale),
    combinations: (scale) => {
      const { only = {} } = settingAt(title, run, scale);
      const wanted = product(
        axes.map(({ name, labels }) => ({ name, labels: labels.filter((label) => only[name]?.includes(label) ?? true) })),
      );
      const rows = wanted.filter((labels) => where(choiceOf(labels)));
      if (rows.length === 0) throw new Error(`recipe ${title}: no combination at scale ${scale}, wanted at least one`);
      return rows;
    },
    data: (labels, scale) => {
      const kind = typeof data === "function" ? data(choiceOf(labels), scale) : data;
      return scale === "smoke" ? { ...drawnShapes(kind.augment), ...(kind.mix && { mix: kind.mix }) } : kind;
    },
    schedule: (options) => schedule(...contextOf(options)),
    createModel: (options) => {
      const { observeEvery } = options as unknown as RunOptions;
      const watching: Watching | null = observeEvery > 0 ? { recorder: new StreamRecorder({ interval: observeEvery }), skips: 0 } : null;
      const context = contextOf(options, watching);
      const made = named(title, options, () => model(...context));
      if (watching) recorders.set(made, watching);
      return made;
    },
    createOptimizer: (made, options) => optimizer(layerOf(made), ...contextOf(options)),
    ...(loss && { loss: (made, batch, options) => loss(layerOf(made), batch, ...contextOf(options)) }),
    prepare: (made, updates, options) => prepare?.(layerOf(made), updates, ...contextOf(options)),
    observations: (made) => [
      ...(recorders.get(made)?.recorder.drain() ?? []).map((record) => ({ ...record })),
      ...(observe?.(layerOf(made)) ?? []),
    ],
    watched: (made) => recorders.get(made)?.skips ?? 0,
    measure: (made) => measure?.(layerOf(made)) ?? [],
    examines: examine !== undefined,
    examine: async (made, held, options) => (await examine?.(layerOf(made), held, contextOf(options)[1])) ?? [],
  };
}

/** The combination that one is compared with: the same with the choices of `against`; undefined for that one itself. */
export function baselineOf(labels: Labels, against: Labels): Labels | undefined {
  return matches(labels, against) ? undefined : { ...labels, ...against };
}

/** The axes that differ among these combinations. */
export function varying(axes: Experiment["axes"], combinations: readonly Labels[]): readonly string[] {
  return axes.map(({ name }) => name).filter((name) => new Set(combinations.map((labels) => labels[name])).size > 1);
}

/** `20, orthogonal`: the labels of some axes. */
export function combinationName(labels: Labels, axes: readonly string[]): string {
  return axes.length === 0 ? "as is" : axes.map((name) => labels[name]).join(", ");
}

/** The same for people, to whom a bare number says little: `depth 20, orthogonal`. */
export function combinationTitle(labels: Labels, axes: readonly string[]): string {
  const told = axes.map((name) => [name, Number.isNaN(Number(labels[name])) ? labels[name] : `${name} ${labels[name]}`] as const);
  return combinationName(Object.fromEntries(told), axes);
}
