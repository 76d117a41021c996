// Errors of a model's convolutions, looked at and modulated while they go back through it (see rule.ts): from the top convolution to
// the bottom one, in the order of the tape, the mean square of the error at each output is compared with that of the convolution above.
// The changed error gives the layer's weight gradient, and goes on below. The forward pass, evaluation and penalties on weights know
// nothing of it. Each forward pass has a chain of its own, so that recomputation and several passes a step are no special cases.
import { remembered, scaleError, type Tensor } from "../../autograd/index.ts";
import { Conv2d, type ErrorTap, type Layer, type Module } from "../../nn/index.ts";
import { ErrorChain, ModulationRule, type RuleOptions } from "./rule.ts";

export interface ModulationOptions extends RuleOptions {
  /** Modulate in steps 0 to `before` - 1 only; in all by default. */
  readonly before?: number;
  /** Steps between two records; 0 records nothing. */
  readonly recordEvery?: number;
  /** Convolutions to take, by their path; all by default. */
  readonly which?: (path: string, layer: Conv2d) => boolean;
}

/** Mean squares of a convolution's errors in one backward pass. */
export type LayerErrors = {
  readonly layer: string;
  /** Of the error at its output, as the layer gets it: after the factor. */
  readonly output: number;
  readonly factor: number;
  /** Of the error that it sends below; null where nothing is below that learns. */
  readonly input: number | null;
};

export type ErrorRecord = {
  readonly measure: "errors";
  readonly step: number;
  /** Share of the layers that were modulated. */
  readonly modulated: number;
  /** Output of the bottom layer over output of the top layer: the smaller, the more the error vanishes. */
  readonly ratio: number;
  /** From the bottom layer to the top one. */
  readonly layers: readonly LayerErrors[];
};

/** One forward pass and its backward pass. */
interface Pass {
  readonly step: number;
  readonly chain: ErrorChain;
  readonly modulates: boolean;
  readonly records: boolean;
  /** From the top layer down. */
  readonly seen: { -readonly [name in keyof LayerErrors]: LayerErrors[name] }[];
}

export class Modulation {
  readonly rule: ModulationRule;
  readonly before: number;
  readonly recordEvery: number;
  private pass: Pass | null = null;
  private calls = 0;
  private recorded: Pass[] = [];

  constructor({ before = Infinity, recordEvery = 0, ...options }: ModulationOptions = {}) {
    this.rule = new ModulationRule(options);
    if (!(before >= 0)) throw new Error(`modulation: before step ${before}, wanted at least 0`);
    if (!Number.isInteger(recordEvery) || recordEvery < 0)
      throw new Error(`modulation: a record every ${recordEvery} steps, wanted a whole number of at least 0`);
    this.before = before;
    this.recordEvery = recordEvery;
  }

  /** Runs a forward pass of the whole model. */
  during<T>(x: Tensor, forward: () => T): T {
    const outer = this.pass;
    // Calls without a batch are counted, as there is no step.
    this.pass = this.passOf(x.batch ? x.batch.step : remembered(() => this.calls++));
    try {
      return forward();
    } finally {
      this.pass = outer;
    }
  }

  private passOf(step: number): Pass {
    const modulates = this.rule.tau < Infinity && step < this.before;
    const records = this.recordEvery > 0 && step % this.recordEvery === 0;
    return { step, chain: new ErrorChain(modulates ? this.rule : null), modulates, records, seen: [] };
  }

  /** The tap of one layer. */
  tap(layer: string): ErrorTap {
    return {
      around: (x, run) => {
        // When a part of the net is computed again its pass is long over.
        const pass = remembered(() => this.pass);
        if (pass === null) throw new Error(`modulation: ${layer} called beside the model's forward(), wanted a call of the model`);
        const { chain, modulates, records } = pass;
        if (!modulates && !records) return run(x);
        const errors: Pass["seen"][number] = { layer, output: 0, factor: 1, input: null };
        const given = records && x.requiresGrad ? scaleError(x, (q) => ((errors.input = q), 1)) : x;
        return scaleError(run(given), (q) => {
          errors.factor = chain.next(q);
          errors.output = errors.factor * errors.factor * q;
          if (records) this.note(pass, errors);
          return errors.factor;
        });
      },
    };
  }

  private note(pass: Pass, errors: Pass["seen"][number]): void {
    if (pass.seen.length === 0) this.recorded.push(pass);
    pass.seen.push(errors);
  }

  /** What was recorded since the last call. */
  drain(): ErrorRecord[] {
    const { recorded } = this;
    this.recorded = [];
    return recorded.map(({ step, seen }) => ({
      measure: "errors",
      step,
      modulated: seen.filter(({ factor }) => factor !== 1).length / seen.length,
      ratio: seen[seen.length - 1].output / seen[0].output,
      layers: seen.slice().reverse(),
    }));
  }
}

const modulations = new WeakMap<Module, Modulation>();

/** What looks at the errors of a model made by `modulated`; null for another. */
export function modulationOf(model: Module): Modulation | null {
  return modulations.get(model) ?? null;
}

/**
 * Modulates the errors of the model's convolutions in training, and returns the model itself. Records are had from
 * `modulationOf(model)?.drain()`, for a program's observations(). With `tau: Infinity` errors are only recorded.
 * Errors: no convolution; a model that is modulated already.
 */
export function modulated<M extends Layer>(model: M, options: ModulationOptions = {}): M {
  if (modulations.has(model)) throw new Error("modulated: a model that is modulated already, wanted one that is not");
  const modulation = new Modulation(options);
  const { which = () => true } = options;
  const chosen = [...model.namedModules()].flatMap(([path, layer]) =>
    layer instanceof Conv2d && which(path, layer) ? [{ path, layer }] : [],
  );
  if (chosen.length === 0) throw new Error("modulated: 0 convolutions, wanted at least 1");
  const taken = chosen.find(({ layer }) => layer.tap !== null);
  if (taken) throw new Error(`modulated: the convolution ${taken.path} of a model that is modulated already, wanted one that is not`);
  for (const { path, layer } of chosen) layer.tap = modulation.tap(path);
  const { forward }: { forward: (this: M, x: Tensor) => Tensor } = model;
  model.forward = (x) => modulation.during(x, () => forward.call(model, x));
  modulations.set(model, modulation);
  return model;
}
