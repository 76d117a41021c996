// The scalar definitions of all kernels, by family.
import { activation } from "./activation.ts";
import { attention } from "./attention.ts";
import { conv } from "./conv.ts";
import { elementwise } from "./elementwise.ts";
import { gemm } from "./gemm.ts";
import { batchNorm, groupNorm, layerNorm } from "./norm.ts";
import { pool } from "./pool.ts";
import { reduce, softmax } from "./reduce.ts";
import { rowwise, update } from "./rowwise.ts";
import type { Scalar } from "./scalar.ts";
import { winograd } from "./winograd.ts";

export const scalars: readonly Scalar[] = [
  ...gemm,
  ...attention,
  ...conv,
  ...winograd,
  ...elementwise,
  ...activation,
  ...reduce,
  ...softmax,
  ...rowwise,
  ...update,
  ...batchNorm,
  ...groupNorm,
  ...layerNorm,
  ...pool,
];
