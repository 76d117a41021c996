// A skip around another one. Parameters keep their keys: a model is the same one with and without the wrapper.
import { Module } from "../../nn/index.ts";
import type { BlockSite, Skip, SkipKind } from "./skip.ts";

/** Stands for the inner skip among a model's modules. */
class WrappedSkip extends Module implements Skip {
  readonly join: Skip["join"];
  private readonly inner: Skip;

  constructor(inner: Skip, join: Skip["join"]) {
    super();
    this.inner = inner;
    this.join = join;
  }

  override *namedModules(prefix = ""): Generator<[string, Module]> {
    if (this.inner instanceof Module) yield* this.inner.namedModules(prefix);
  }
}

/** `kind` with the join that `around` makes of each block's skip. */
export function wrapSkip(kind: SkipKind, around: (inner: Skip, site: BlockSite) => Skip["join"]): SkipKind {
  return {
    ...kind,
    at: (site) => {
      const inner = kind.at(site);
      return new WrappedSkip(inner, around(inner, site));
    },
  };
}
