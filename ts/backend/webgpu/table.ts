// The shaders of all kernels, by the kernels' names.
import { kernels as activation } from "./activation.ts";
import { kernels as attention } from "./attention.ts";
import { kernels as conv } from "./conv.ts";
import { kernels as elementwise } from "./elementwise.ts";
import { kernels as gate } from "./gate.ts";
import { kernels as gemm } from "./gemm.ts";
import { kernels as groupNorm } from "./group-norm.ts";
import { kernels as layerNorm } from "./layer-norm.ts";
import { kernels as norm } from "./norm.ts";
import { kernels as pool } from "./pool.ts";
import { kernels as random } from "./random.ts";
import { kernels as reduce } from "./reduce.ts";
import { kernels as rowwise } from "./rowwise.ts";
import { kernels as softmax } from "./softmax.ts";
import { kernels as update } from "./update.ts";
import { kernels as weightedUpdate } from "./weighted-update.ts";
import { kernels as winograd } from "./winograd.ts";
import type { GpuKernels } from "./source.ts";

const table: GpuKernels = {
  ...activation,
  ...attention,
  ...conv,
  ...elementwise,
  ...gate,
  ...gemm,
  ...groupNorm,
  ...layerNorm,
  ...norm,
  ...pool,
  ...random,
  ...reduce,
  ...rowwise,
  ...softmax,
  ...update,
  ...weightedUpdate,
  ...winograd,
};

export function kernelsOf(): GpuKernels {
  return table;
}
