// What optimizers share: groups of parameters, state beside each parameter, and an update of any range of one parameter, so that
// threads can divide the work. An update reads the current values and writes the next ones; without a `next` it works in place.
import { noGrad, type Backend, type Buffer } from "../autograd/index.ts";
import { Conv2d, Linear, Variable, type Module } from "../nn/index.ts";
import { wantOptions } from "../options.ts";
import type { WeightPenalty } from "./regularizer.ts";

/** Parameters with a rate and a decay of their own. */
export interface ParameterGroup {
  readonly parameters: readonly Variable[];
  /** Factor on the learning rate. */
  readonly lrScale?: number;
  /** Replaces the optimizer's own. */
  readonly weightDecay?: number;
}

export interface StepOptions {
  /** Factor on all gradients, as clipping wants it. */
  readonly gradientScale?: number;
  /** Leave the gradients; by default a step uses them up. */
  readonly keepGradients?: boolean;
}

/** One parameter of an optimizer. */
export interface Slot {
  readonly variable: Variable;
  readonly group: ParameterGroup;
  readonly state: readonly Variable[];
  /** Updates that this parameter took part in; those without a gradient for it do not count, as in PyTorch. */
  steps: number;
}

/** A range of a slot's memory: values now and next. */
export interface RangeBuffers {
  readonly w: Buffer;
  readonly wOut: Buffer;
  readonly g: Buffer;
  readonly state: readonly Buffer[];
  readonly stateOut: readonly Buffer[];
}

/** What updates parameters: step() takes the gradients that backward() left and uses them up, so that a loop needs no zeroGrad(). */
export abstract class Optimizer {
  /** Learning rate; schedules set it. */
  lr: number;
  /** Updates made so far. */
  steps = 0;
  readonly slots: readonly Slot[];
  readonly backend: Backend;
  /** Names of the state kept beside each parameter, as PyTorch has them. */
  readonly stateNames: readonly string[];

  constructor(parameters: readonly Variable[] | readonly ParameterGroup[], lr: number, stateNames: readonly string[]) {
    if (!(lr >= 0)) throw new Error(`optimizer: learning rate ${lr}, wanted at least 0`);
    this.lr = lr;
    this.stateNames = stateNames;
    if (!Array.isArray(parameters)) throw new Error("optimizer: no list, wanted model.parameters() or groups of parameters");
    const list: readonly (Variable | ParameterGroup)[] = parameters;
    const groups = list.map((entry): ParameterGroup => {
      if (entry instanceof Variable) return { parameters: [entry] };
      wantOptions("optimizer: group", entry, "parameters", "lrScale", "weightDecay");
      return entry;
    });
    const seen = new Set<Variable>();
    this.slots = groups.flatMap((group) =>
      group.parameters.map((variable) => {
        if (seen.has(variable)) throw new Error("optimizer: a parameter in two groups, wanted each once");
        seen.add(variable);
        const state = stateNames.map(() => new Variable(variable.shape, { requiresGrad: false, backend: variable.backend }));
        return { variable, group, state, steps: 0 };
      }),
    );
    if (this.slots.length === 0) throw new Error("optimizer: no parameters, wanted at least one");
    this.backend = this.slots[0].variable.backend;
  }

  /** Updates one range. Kernels only: nothing here may depend on which range it is. */
  protected abstract updateRange(buffers: RangeBuffers, length: number, slot: Slot, gradientScale: number): void;

  /** Updates elements from `from` on, as many as the gradient has. */
  update(slot: Slot, from: number, count: number, g: Buffer, gradientScale: number): void {
    const { variable, state } = slot;
    const { backend } = variable;
    const part = (buffer: Buffer): Buffer => backend.view(buffer, from, count);
    const buffers: RangeBuffers = {
      w: part(variable.buffer),
      wOut: part(variable.next ?? variable.buffer),
      g,
      state: state.map((own) => part(own.buffer)),
      stateOut: state.map((own) => part(own.next ?? own.buffer)),
    };
    this.updateRange(buffers, count, slot, gradientScale);
  }

  /** Updates every parameter that has a gradient, and uses the gradients up. */
  step({ gradientScale = 1, keepGradients = false }: StepOptions = {}): void {
    if (!(this.lr >= 0)) throw new Error(`optimizer: learning rate ${this.lr}, wanted at least 0`);
    const idle: number[] = [];
    noGrad(() => {
      this.slots.forEach((slot, index) => {
        const { variable } = slot;
        if (variable.frozen || variable.grad === null) idle.push(index);
        else this.update(slot, 0, variable.size, variable.grad.buffer, gradientScale);
      });
    });
    this.count(idle);
    if (!keepGradients) this.zeroGrad();
  }

  /** Counts an update that all parameters took part in but these, by their number among the slots. */
  count(idle: readonly number[]): void {
    this.steps++;
    this.slots.forEach((slot, index) => {
      if (!idle.includes(index)) slot.steps++;
    });
  }

  /** Drops all gradients. */
  zeroGrad(): void {
    for (const { variable } of this.slots) {
      variable.grad?.dispose();
      variable.grad = null;
    }
  }

  /** State by `<parameter key>.<state name>`, for checkpoints. */
  namedState(model: Module): [string, Variable][] {
    const keys = new Map(model.namedVariables().map(([key, variable]) => [variable, key]));
    return this.slots.flatMap(({ variable, state }) =>
      state.map((own, index): [string, Variable] => {
        const key = keys.get(variable);
        if (key === undefined) throw new Error("optimizer: a parameter that is not of this model, wanted the model it was made for");
        return [`${key}.${this.stateNames[index]}`, own];
      }),
    );
  }

  /** Frees the state. */
  dispose(): void {
    for (const { state } of this.slots) for (const own of state) own.dispose();
  }
}

export interface GroupOptions {
  readonly weightDecay?: number;
  /** Decay norms and biases too (all parameters of at most one axis); timm's default is not to. */
  readonly decayAll?: boolean;
  /** Takes the place of weight decay on the weights it covers. */
  readonly penalty?: WeightPenalty;
  /** Decay weights of layers that the penalty does not cover all the same. */
  readonly mixed?: boolean;
}

/** Errors: decay on filters beside a penalty on others, which Xie et al. found to trouble convergence. */
function refuseMixture(model: Module, weightDecay: number, { label }: WeightPenalty, covered: ReadonlyMap<Variable, string>): void {
  const decayed = [...model.namedModules()].flatMap(([path, layer]) =>
    (layer instanceof Conv2d || layer instanceof Linear) && !covered.has(layer.weight) ? [path === "" ? "weight" : `${path}.weight`] : [],
  );
  if (decayed.length > 0)
    throw new Error(
      `parameterGroups: weight decay ${weightDecay} on ${decayed.length} weights (${decayed[0]}${decayed.length > 1 ? ", ..." : ""}) beside ` +
        `the ${label} on ${covered.size} others, wanted decay 0, the penalty on them too, or { mixed: true }`,
    );
}

/**
 * A model's parameters in two groups as timm makes them: with weight decay, and norms, biases and what a penalty covers without.
 * Error: decay on layers that the penalty leaves out, without `mixed`.
 */
export function parameterGroups(
  model: Module,
  { weightDecay = 0, decayAll = false, penalty, mixed = false }: GroupOptions = {},
): ParameterGroup[] {
  const parameters = model.parameters();
  const covered = penalty?.weightsOf(model) ?? new Map<Variable, string>();
  if (penalty && weightDecay > 0 && !mixed) refuseMixture(model, weightDecay, penalty, covered);
  if ((decayAll && covered.size === 0) || weightDecay === 0) return [{ parameters, weightDecay }];
  const decays = (variable: Variable): boolean => !covered.has(variable) && (decayAll || (variable.decays && variable.shape.length > 1));
  const groups = [
    { parameters: parameters.filter(decays), weightDecay },
    { parameters: parameters.filter((variable) => !decays(variable)), weightDecay: 0 },
  ];
  return groups.filter((group) => group.parameters.length > 0);
}
