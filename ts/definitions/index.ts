// The definitions of all kernels by their names. Nothing is put together before the first one is asked for, so that bundlers can leave it out.
import * as activation from "./activation.ts";
import * as attention from "./attention.ts";
import * as conv from "./conv.ts";
import * as elementwise from "./elementwise.ts";
import * as gate from "./gate.ts";
import * as gemm from "./gemm.ts";
import * as groupNorm from "./group-norm.ts";
import * as layerNorm from "./layer-norm.ts";
import * as norm from "./norm.ts";
import * as pool from "./pool.ts";
import * as random from "./random.ts";
import * as reduce from "./reduce.ts";
import * as rowwise from "./rowwise.ts";
import * as softmax from "./softmax.ts";
import * as update from "./update.ts";
import * as weightedUpdate from "./weighted-update.ts";
import * as winograd from "./winograd.ts";
import type { DefinedKernel } from "./definition.ts";

const isDefined = (value: unknown): value is DefinedKernel => typeof value === "object" && value !== null && "define" in value;

let known: Map<string, DefinedKernel> | undefined;

/** What a kernel computes. Error: a name that no kernel has. */
export function definitionOf(name: string): DefinedKernel {
  known ??= new Map(
    [
      activation,
      attention,
      conv,
      elementwise,
      gate,
      gemm,
      groupNorm,
      layerNorm,
      norm,
      pool,
      random,
      reduce,
      rowwise,
      softmax,
      update,
      weightedUpdate,
      winograd,
    ]
      .flatMap((family) => Object.values(family).filter(isDefined))
      .map((each) => [each.name, each]),
  );
  const found = known.get(name);
  if (found === undefined) throw new Error(`${name}: no definition, wanted one in ts/definitions`);
  return found;
}
