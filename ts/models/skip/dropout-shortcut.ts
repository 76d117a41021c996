// Dropout on the shortcut: dropout(x) + f (He et al. 2016, arXiv 1603.05027, 3.1). Whether what stays is divided by 1 - p in training is not
// stated there; the default is the usual division.
import { add, affine, type Tensor } from "../../autograd/index.ts";
import { Dropout, Module } from "../../nn/index.ts";
import type { Skip, SkipKind } from "./skip.ts";

export interface DropoutShortcutOptions {
  /** Probability that a value of the stream becomes 0. */
  readonly p?: number;
  /** Divide what stays by 1 - p in training; else it stays as it is, and evaluation multiplies the stream by 1 - p. */
  readonly rescale?: boolean;
}

class DropoutShortcut extends Module implements Skip {
  readonly dropout: Dropout;
  /** Takes the division by 1 - p back. */
  private readonly factor: number;

  constructor(p: number, rescale: boolean) {
    super();
    this.dropout = new Dropout(p);
    this.factor = rescale ? 1 : 1 - p;
  }

  join(stream: Tensor, branch: () => Tensor): Tensor {
    const left = this.dropout.forward(stream);
    return add(this.factor === 1 ? left : affine(left, this.factor, 0), branch());
  }
}

/** dropout(x) + f. */
export function dropoutShortcut({ p = 0.5, rescale = true }: DropoutShortcutOptions = {}): SkipKind {
  if (!(p >= 0 && p < 1)) throw new Error(`dropoutShortcut: p ${p}, wanted at least 0 and below 1`);
  return { label: `dropout ${p} on the shortcut`, at: () => new DropoutShortcut(p, rescale) };
}
