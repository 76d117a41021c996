// What layers and models are: named parameters, state that training changes, and a forward. Keys and layouts of stateDict() are
// PyTorch's (timm's, for the models), so that its checkpoints load unchanged.
import { currentBackend, sizeOf, Tensor, type Backend, type Buffer, type Shape } from "../autograd/index.ts";
import { stream, type RandomStream } from "../random.ts";

/** A tensor that outlives the steps: a parameter (requiresGrad) or other state, as running statistics. */
export class Variable extends Tensor {
  /** Where the next step's value goes; null changes the value in place. */
  next: Buffer | null = null;
  /** Set once this step's value is in `next`. */
  written = false;
  /** A parameter that is not trained for now. */
  frozen = false;
  /** False for a parameter that weight decay leaves out although it has several axes, as positions of tokens. */
  readonly decays: boolean;

  constructor(
    shape: Shape,
    {
      requiresGrad = true,
      decays = true,
      backend = currentBackend(),
    }: { requiresGrad?: boolean; decays?: boolean; backend?: Backend } = {},
  ) {
    if (!shape.every((length) => Number.isInteger(length) && length >= 0))
      throw new Error(`Variable: shape [${shape.join(",")}], wanted whole numbers of at least 0`);
    super(backend, [...shape], {
      buffer: backend.allocate(Math.max(1, sizeOf(shape))),
      references: 0,
    });
    backend.fill(this.buffer, 0);
    this.requiresGrad = requiresGrad;
    this.decays = decays;
    this.kept = true;
  }

  /** Newest value of this step. */
  get newest(): Buffer {
    return this.written && this.next !== null ? this.next : this.buffer;
  }

  /** Moves to memory that somebody else owns: `current` is read, `next` written. Values are not copied. */
  bind(current: Buffer, next: Buffer | null): void {
    this.shared.buffer = current;
    this.next = next;
    this.written = false;
  }
}

/** A tensor as files hold it. */
export interface StateTensor {
  readonly shape: Shape;
  readonly values: Float32Array | Float64Array;
}

/** Values by key, as model.stateDict() gives and loadStateDict() takes them; readStateDict() has them from a safetensors file. */
export type StateDict = Record<string, StateTensor>;

/** How a variable, or a part of it, appears in stateDict(). */
export interface StateEntry {
  readonly key: string;
  readonly variable: Variable;
  /** Shape in the file. */
  readonly shape: Shape;
  /** For each place of the file its place in the variable; absent where they are the same. */
  readonly place?: (index: number) => number;
}

/** Copies of the values of entries, by key. */
export function readState(entries: readonly StateEntry[]): StateDict {
  const dict: StateDict = {};
  for (const { key, variable, shape, place } of entries) {
    const all = variable.toArray();
    const length = sizeOf(shape);
    const values = all instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
    for (let index = 0; index < length; index++) values[index] = all[place ? place(index) : index];
    dict[key] = { shape, values };
  }
  return dict;
}

export interface LoadResult {
  /** Keys of the model that the file does not have. */
  readonly missing: string[];
  /** Keys of the file that the model does not have. */
  readonly unexpected: string[];
}

const listed = (keys: readonly string[]): string => (keys.length > 3 ? `${keys.slice(0, 3).join(", ")}, ...` : keys.join(", ") || "none");

/** Writes values to entries by key; see Module.loadStateDict. */
export function writeState(entries: readonly StateEntry[], dict: StateDict, { strict }: { strict: boolean }): LoadResult {
  const known = new Set(entries.map(({ key }) => key));
  const missing = [...known].filter((key) => !Object.hasOwn(dict, key));
  const unexpected = Object.keys(dict).filter((key) => !known.has(key) && !key.endsWith("num_batches_tracked"));
  if (strict && missing.length + unexpected.length > 0)
    throw new Error(
      `loadStateDict: ${missing.length} keys missing (${listed(missing)}), ${unexpected.length} unknown (${listed(unexpected)}), ` +
        "wanted the keys of this model or { strict: false }",
    );
  for (const { key, shape } of entries) {
    if (!Object.hasOwn(dict, key)) continue;
    const given = dict[key];
    if (given.shape.join() !== shape.join())
      throw new Error(`loadStateDict: ${key} of shape [${given.shape.join(",")}], wanted [${shape.join(",")}]`);
    if (given.values.length !== sizeOf(shape))
      throw new Error(`loadStateDict: ${key} with ${given.values.length} values, wanted ${sizeOf(shape)} for [${shape.join(",")}]`);
  }
  const changed = new Map<Variable, Float32Array | Float64Array>();
  for (const { key, variable, place } of entries) {
    if (!Object.hasOwn(dict, key)) continue;
    const all = changed.get(variable) ?? variable.toArray();
    dict[key].values.forEach((value, index) => (all[place ? place(index) : index] = value));
    changed.set(variable, all);
  }
  for (const [variable, values] of changed) variable.backend.write(variable.buffer, values);
  return { missing, unexpected };
}

let drawing = true;

/** Runs `make` without drawing initial values: for models that get their values from elsewhere at once. */
export function uninitialized<T>(make: () => T): T {
  const before = drawing;
  drawing = false;
  try {
    return make();
  } finally {
    drawing = before;
  }
}

/**
 * What has parameters: variables and modules among its properties, and modules in arrays there, are its own. A Layer maps one tensor to
 * one.
 */
export abstract class Module {
  /** True in train(), false in eval(). */
  training = true;
  /** What a layer draws by while it trains (dropout): a function of seed and path, from initialize(), else from train() with seed 0. */
  protected draws: RandomStream | null = null;

  /** Variables that the layer itself owns, as files name them: those among its properties, by the property's name. */
  protected own(): readonly StateEntry[] {
    return Object.entries(this).flatMap(([key, variable]) =>
      variable instanceof Variable ? [{ key, variable, shape: variable.shape }] : [],
    );
  }

  /** Sets the layer's own variables to fresh random values. */
  reset(_random: RandomStream): void {}

  /** What a layer's constructor ends with: initial values by the layer's kind and shape, until initialize() gives them by path and seed. */
  protected start(label: string): void {
    if (drawing) this.reset(stream(0, `init/${label}`));
  }

  /** Modules that this one is made of, by the name of the property (and index) that holds them. */
  children(): [string, Module][] {
    const found: [string, Module][] = [];
    for (const [name, value] of Object.entries(this)) {
      if (value instanceof Module) found.push([name, value]);
      else if (Array.isArray(value)) value.forEach((entry, index) => entry instanceof Module && found.push([`${name}.${index}`, entry]));
    }
    return found;
  }

  /** This module and all below it, by path; the own path is "". */
  *namedModules(prefix = ""): Generator<[string, Module]> {
    yield [prefix, this];
    for (const [name, child] of this.children()) yield* child.namedModules(prefix === "" ? name : `${prefix}.${name}`);
  }

  /** All state, in order, by file key. */
  entries(): StateEntry[] {
    const found: StateEntry[] = [];
    for (const [path, module] of this.namedModules())
      for (const entry of module.own()) found.push(path === "" ? entry : { ...entry, key: `${path}.${entry.key}` });
    return found;
  }

  /** Parameters by key. */
  namedParameters(): [string, Variable][] {
    return this.namedVariables().filter(([, variable]) => variable.requiresGrad || variable.frozen);
  }

  /** Parameters in order. */
  parameters(): Variable[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** Parameters and other state, each once, by its first key. */
  namedVariables(): [string, Variable][] {
    const seen = new Set<Variable>();
    const found: [string, Variable][] = [];
    for (const { key, variable } of this.entries())
      if (!seen.has(variable)) {
        seen.add(variable);
        found.push([key, variable]);
      }
    return found;
  }

  /** Switches to training behavior (batch statistics, dropout). */
  train(on = true): this {
    const root = stream(0, "train");
    for (const [path, module] of this.namedModules()) {
      module.training = on;
      module.draws ??= root.split(path);
    }
    return this;
  }

  /** Switches to evaluation: running statistics, no dropout. */
  eval(): this {
    return this.train(false);
  }

  /** Gives every layer what it draws by while it trains. */
  drawBy(seed: number): this {
    const root = stream(seed, "train");
    for (const [path, module] of this.namedModules()) module.draws = root.split(path);
    return this;
  }

  /** Stops (or restarts) training the parameters whose key `which` accepts; all by default. */
  freeze(which: (key: string) => boolean = () => true, on = true): this {
    for (const [key, variable] of this.namedVariables())
      if ((variable.requiresGrad || variable.frozen) && which(key)) {
        variable.frozen = on;
        variable.requiresGrad = !on;
      }
    return this;
  }

  /** Copies of all values, in PyTorch's layouts. */
  stateDict(): StateDict {
    return readState(this.entries());
  }

  /**
   * Takes over values by key. Errors: a shape that differs; with `strict` (the default) a key that is missing or unknown. Nothing is
   * changed on an error. Returns the keys that were missing and unknown. `num_batches_tracked` is ignored.
   */
  loadStateDict(dict: StateDict, { strict = true }: { strict?: boolean } = {}): LoadResult {
    return writeState(this.entries(), dict, { strict });
  }

  /** Frees all variables. */
  dispose(): void {
    for (const { variable } of this.entries()) {
      variable.grad?.dispose();
      variable.grad = null;
      variable.dispose();
    }
  }
}

/** A module that maps one tensor to another. */
export abstract class Layer extends Module {
  abstract forward(x: Tensor): Tensor;
}

/**
 * Sets every variable of a model to its initial value, and what layers draw by later, as functions of the seed and the path only.
 * Inside uninitialized() values stay as they are.
 */
export function initialize<M extends Module>(model: M, { seed = 0 }: { seed?: number } = {}): M {
  model.drawBy(seed);
  if (!drawing) return model;
  const root = stream(seed, "init");
  for (const [path, module] of model.namedModules()) module.reset(root.split(path));
  return model;
}
