// Training for feature reuse: steps in which random branches are left out, so that the rest has to work with earlier features, in turn with
// steps that train only the branches that were left out, on top of that trunk.
//   step A   x_l = x_{l-1} + m_l / c_l F_l(x_{l-1}),  m_l ~ Bernoulli(1 - p_l) once a step,  all parameters but those of branches left out
//   step B   x_l = x_{l-1} + F_l(x_{l-1}) for all l,  only the parameters of branches that step A left out
// Park, "ResidualDroppath" (arXiv 2411.09475), says no more than that there are these two kinds of iterations. How they take turns, the
// rates, what batch norm does and the control arms are choices of this library.
import { BatchNorm2d, type Module, type Variable } from "../../nn/index.ts";
import { stream, type RandomStream } from "../../random.ts";
import type { BranchMask } from "./branch-mask.ts";

/** A branch that may be left out. */
export interface Branch {
  /** The number of its addition, as its skip's site has it: the block's, unless blocks have several. */
  readonly index: number;
  /** What it is made of; their parameters are the branch's. */
  readonly modules: readonly Module[];
}

/** What one step of a method does. */
export interface ReuseStep {
  /** "pair": branches of this turn's mask are left out; "none": the whole net runs. */
  readonly leavesOut: "pair" | "none";
  /** Which branches are trained: of this turn's mask, of a mask of its own, or everything that runs. */
  readonly trains: "all" | "left out" | "as many others";
}

/** Steps that take turns, each turn with a mask of its own. */
export interface ReuseMethod {
  readonly label: string;
  readonly steps: readonly ReuseStep[];
}

const drop: ReuseStep = { leavesOut: "pair", trains: "all" };
const complement: ReuseStep = { leavesOut: "none", trains: "left out" };
const whole: ReuseStep = { leavesOut: "none", trains: "all" };

/** The method: A and B in turn. */
export const complementary: ReuseMethod = { label: "droppath, then its complement", steps: [drop, complement] };
/** Control: plain training. */
export const vanilla: ReuseMethod = { label: "plain", steps: [whole] };
/** Control: stochastic depth with one mask a batch. */
export const dropOnly: ReuseMethod = { label: "droppath only", steps: [drop] };
/** Control: B trains branches of an independent mask, as much freezing but not what was left out. */
export const independent: ReuseMethod = {
  label: "droppath, then others",
  steps: [drop, { leavesOut: "none", trains: "as many others" }],
};
/** Control: after A a step of the whole net without freezing. */
export const unrestricted: ReuseMethod = { label: "droppath, then the whole net", steps: [drop, whole] };
/** Control: B alone. */
export const complementOnly: ReuseMethod = { label: "complement only", steps: [complement] };

/**
 * What batch norm does. "follow whole nets" (the default): batch statistics always, running statistics follow only steps in which nothing is
 * left out, since evaluation runs the whole net. "freeze": norms of parts that are not trained use running statistics, and leave them.
 * "follow all": running statistics follow every step.
 */
export type ReuseNorm = "follow whole nets" | "freeze" | "follow all";

export interface FeatureReuseOptions {
  readonly method?: ReuseMethod;
  /** Rate of the last branch; branch l of L, from 1, has l / L of it. */
  readonly rate?: number;
  /** Multiply branches that stay by 1 / (1 - p_l) in steps that leave others out. */
  readonly rescale?: boolean;
  readonly norm?: ReuseNorm;
  readonly seed?: number;
}

/** What a step turned out to be, for logs. */
export interface ReuseTurn {
  readonly step: ReuseStep;
  /** Blocks of this turn's mask. */
  readonly leftOut: readonly number[];
}

function parametersOf(modules: readonly Module[]): Set<Variable> {
  return new Set(modules.flatMap((module) => module.parameters()));
}

/**
 * Directs the steps of one thread's model. Call begin(updates) before each step, in every thread, with the number of updates made so far; end()
 * before anything else is done with the model. Parameters that a step does not train get no gradient, no decay and no momentum, and their
 * step counts stand still. Errors: a rate outside [0, 1), no branch to leave out.
 */
export class FeatureReuse {
  private readonly mask: BranchMask;
  private readonly method: ReuseMethod;
  private readonly rescale: boolean;
  private readonly norm: ReuseNorm;
  private readonly random: RandomStream;
  private readonly branches: readonly {
    readonly index: number;
    readonly rate: number;
    readonly parameters: ReadonlySet<Variable>;
    readonly norms: readonly BatchNorm2d[];
  }[];
  private readonly parameters: readonly Variable[];
  private readonly norms: readonly BatchNorm2d[];

  constructor(model: Module, branches: readonly Branch[], mask: BranchMask, options: FeatureReuseOptions = {}) {
    const { method = complementary, rate = 0.2, rescale = false, norm = "follow whole nets", seed = 0 } = options;
    if (!(rate >= 0 && rate < 1)) throw new Error(`FeatureReuse: rate ${rate}, wanted at least 0 and below 1`);
    if (branches.length === 0) throw new Error("FeatureReuse: no branch that may be left out, wanted one block that keeps its shape");
    this.mask = mask;
    this.method = method;
    this.rescale = rescale;
    this.norm = norm;
    this.random = stream(seed, "feature-reuse");
    const normsOf = (module: Module): BatchNorm2d[] =>
      [...module.namedModules()].flatMap(([, part]) => (part instanceof BatchNorm2d ? [part] : []));
    this.branches = branches.map(({ index, modules }, place) => ({
      index,
      rate: (rate * (place + 1)) / branches.length,
      parameters: parametersOf(modules),
      norms: modules.flatMap(normsOf),
    }));
    this.parameters = model.parameters().filter(({ frozen }) => !frozen);
    this.norms = normsOf(model);
  }

  private drawn(turn: number, which: number): Set<number> {
    const chosen = this.branches.filter(({ rate }, place) => this.random.uniform(place, turn, which) < rate);
    return new Set(chosen.map(({ index }) => index));
  }

  /** What the step after so many updates does. */
  turn(updates: number): ReuseTurn & { readonly trained: ReadonlySet<number> } {
    const { steps } = this.method;
    const turn = Math.floor(updates / steps.length);
    const leftOut = this.drawn(turn, 0);
    const step = steps[updates % steps.length];
    const trained = step.trains === "as many others" ? this.drawn(turn, 1) : leftOut;
    // Nothing to train: a step of the other kind instead.
    const empty = step.trains !== "all" && trained.size === 0;
    return { step: empty ? drop : step, leftOut: [...leftOut], trained };
  }

  /** Sets mask, frozen parameters and norms for the step after so many updates. */
  begin(updates: number): ReuseTurn {
    const { step, leftOut, trained } = this.turn(updates);
    const out = new Set(step.leavesOut === "pair" ? leftOut : []);
    const factors = new Map<number, number>();
    for (const { index, rate } of this.branches)
      if (out.has(index)) factors.set(index, 0);
      else if (this.rescale && step.leavesOut === "pair") factors.set(index, 1 / (1 - rate));
    this.mask.set(factors);
    const all = step.trains === "all";
    const own = this.branches.filter(({ index }) => trained.has(index));
    for (const parameter of this.parameters) {
      parameter.frozen = !all && !own.some(({ parameters }) => parameters.has(parameter));
      parameter.requiresGrad = !parameter.frozen;
    }
    const learning = new Set(own.flatMap(({ norms }) => norms));
    for (const norm of this.norms) {
      norm.training = this.norm !== "freeze" || all || learning.has(norm);
      norm.follows = this.norm !== "follow whole nets" || out.size === 0;
    }
    return { step, leftOut };
  }

  /** Gives the model back as it was: nothing left out, nothing frozen. */
  end(): void {
    this.mask.clear();
    for (const parameter of this.parameters) {
      parameter.frozen = false;
      parameter.requiresGrad = true;
    }
    for (const norm of this.norms) norm.follows = true;
  }
}
