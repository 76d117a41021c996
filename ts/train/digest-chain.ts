// A digest a step: the SHA-256 of all that the step left behind (weights, running statistics, optimizer state, averages), and a chain of
// them with the losses. Two runs with the same chain at a step have been the same to the bit in every step up to it.
import { CONTRACT } from "../contract.ts";
import type { Variable } from "../nn/index.ts";
import { newHasher } from "../sha256.ts";
import { bytesOf } from "./memory-bytes.ts";
import type { NonFiniteWhat } from "./nonfinite-what.ts";
import type { Pool, StepResult } from "./pool.ts";
import { shortDigest, type ForwardDigest, type GradientDigest } from "./trace.ts";

/** What is recorded: a digest a step; also of every parameter's gradient and value; also of what single shards give. */
export const DIGEST_LEVELS = ["step", "layer", "shard"] as const;
export type DigestLevel = (typeof DIGEST_LEVELS)[number];

/** Where a chain begins or goes on after a stop. */
export interface DigestBegin {
  /** Steps done. */
  readonly begin: number;
  readonly contract: string;
  readonly state: string;
  readonly chain: string;
}

/** A variable's new value. */
export interface ValueDigest {
  readonly name: string;
  readonly digest: string;
}

/** One step. Digests of single values have 16 digits. */
export interface StepDigest {
  readonly step: number;
  /** Its loss and gradient norm, as the 16 hexadecimal digits of a float64. */
  readonly loss: string;
  readonly correct: number;
  readonly size: number;
  readonly gradNorm?: string;
  /** SHA-256 of the state after the step. */
  readonly state: string;
  /** SHA-256 of the chain before, and of all above. */
  readonly chain: string;
  /** From level "layer" on: new values by variable, in their order. */
  readonly values?: readonly ValueDigest[];
  /** From level "layer" on: gradients by parameter, in the order of the forward pass; level "layer" has no parts. */
  readonly gradients?: readonly GradientDigest[];
  /** At level "shard": what operations gave, in order. */
  readonly forward?: readonly ForwardDigest[];
}

/** Batches that were passed over without an update: something was not finite. The state stays what it was. */
export interface SkipDigest {
  /** Batches before them since the start of training, and how many they are. */
  readonly skipped: number;
  readonly batches: number;
  /** Steps done. */
  readonly after: number;
  readonly what: NonFiniteWhat;
  /** SHA-256 of the chain before, and of all above. */
  readonly chain: string;
}

type Trained = Pick<Pool, "model" | "optimizer" | "ema">;

/** All that a step changes, in a fixed order, by the names that checkpoints have. */
export function stateVariables({ model, optimizer, ema }: Trained): (readonly [name: string, variable: Variable])[] {
  const own = model.namedVariables();
  const keys = new Map(own.map(([key, variable]) => [variable, key]));
  const state = optimizer.slots.flatMap(({ variable, state: beside }) =>
    beside.map((each, index) => [`optimizer.${optimizer.stateNames[index]}.${keys.get(variable) ?? "outside the model"}`, each] as const),
  );
  return [...own, ...state, ...(ema?.averages.map(({ key, average }) => [`ema.${key}`, average] as const) ?? [])];
}

const text = (line: string): Uint8Array => new TextEncoder().encode(line);

/** 16 hexadecimal digits of a number. */
export function hexOf(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

/** The number again. */
export function numberOf(hex: string): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${hex}`));
  return view.getFloat64(0);
}

function sha256Of(line: string): string {
  const hash = newHasher();
  hash.update(text(line));
  return hash.hex();
}

/** The chain of a run that begins, or goes on from a state of which nothing is known before. */
export function chainOfBegin({ begin, contract, state }: Omit<DigestBegin, "chain">): string {
  return sha256Of(`perpend chain\ncontract ${contract}\nstep ${begin}\n${state}\n`);
}

/** The chain with one step more. */
function chainAfterStep(chain: string, { step, loss, correct, size, gradNorm, state }: Omit<StepDigest, "chain">): string {
  return sha256Of(`${chain}\n${step} ${loss} ${correct} ${size} ${gradNorm ?? "-"}\n${state}\n`);
}

/** The chain with batches passed over. */
function chainAfterSkip(chain: string, { skipped, batches, after, what }: Omit<SkipDigest, "chain">): string {
  return sha256Of(`${chain}\nskipped ${skipped} ${batches} ${what}\nafter ${after}\n`);
}

/** The chain behind a step, or behind batches that were passed over. */
export function chainAfter(chain: string, entry: Omit<StepDigest, "chain"> | Omit<SkipDigest, "chain">): string {
  return "skipped" in entry ? chainAfterSkip(chain, entry) : chainAfterStep(chain, entry);
}

/** The digests of one pool's steps. */
export class DigestChain {
  /** SHA-256 over all so far; null before the beginning. */
  chain: string | null;
  private readonly variables: readonly (readonly [name: string, variable: Variable])[];
  private readonly head: Uint8Array;

  /** `chain` is that of the steps before, where there are some. */
  constructor(pool: Trained, chain: string | null = null) {
    this.chain = chain;
    this.variables = stateVariables(pool);
    this.head = text(`${this.variables.map(([name, { shape }]) => `${name} ${shape.join(" ")}`).join("\n")}\n`);
  }

  /** SHA-256 of names, shapes and values as they lie in memory. A state with NaN has no digest that other machines share. */
  private state(): string {
    const hash = newHasher();
    hash.update(this.head);
    for (const [, { backend, buffer, size }] of this.variables) hash.update(bytesOf(backend, buffer, 0, size));
    return hash.hex();
  }

  /** Begins after so many steps, or goes on there. */
  begin(steps: number): DigestBegin {
    const begin = { begin: steps, contract: CONTRACT, state: this.state() };
    this.chain ??= chainOfBegin(begin);
    return { ...begin, chain: this.chain };
  }

  /** Adds the step that was just committed. */
  add(step: number, { loss, correct, size, gradNorm, trace }: StepResult): StepDigest {
    const metrics = { loss: hexOf(loss), correct, size, ...(gradNorm !== undefined && { gradNorm: hexOf(gradNorm) }) };
    const digest = { step, ...metrics, state: this.state() };
    this.chain = chainAfterStep(this.chain ?? "", digest);
    return {
      ...digest,
      chain: this.chain,
      ...(trace && { values: this.values(), gradients: trace.gradients }),
      ...(trace && trace.forward.length > 0 && { forward: trace.forward }),
    };
  }

  /** Adds batches that were passed over. */
  skip(passed: Omit<SkipDigest, "chain">): SkipDigest {
    this.chain = chainAfterSkip(this.chain ?? "", passed);
    return { ...passed, chain: this.chain };
  }

  private values(): ValueDigest[] {
    return this.variables.map(([name, { backend, buffer, size }]) => ({ name, digest: shortDigest(bytesOf(backend, buffer, 0, size)) }));
  }
}
