// Larger images, by the nearest pixel or by a straight line between pixels, as compositions that have gradients.
import { tensor } from "../create.ts";
import { shapeText, type Tensor } from "../tensor.ts";
import { matmul } from "./gemm.ts";
import { broadcastTo, reshape } from "./shape.ts";

export interface UpsampleOptions {
  /** "nearest" by default; "bilinear" as in PyTorch with align_corners=False. */
  readonly mode?: "nearest" | "bilinear";
}

/** Row i holds the shares of `length` pixels in pixel i of an axis `scale` times as long. */
function linesBetween(length: number, scale: number): Float64Array {
  const rows = length * scale;
  const shares = new Float64Array(rows * length);
  for (let i = 0; i < rows; i++) {
    const source = Math.max(0, (i + 0.5) / scale - 0.5);
    const low = Math.min(Math.floor(source), length - 1);
    const high = Math.min(low + 1, length - 1);
    shares[i * length + low] += 1 - (source - low);
    shares[i * length + high] += source - low;
  }
  return shares;
}

/** [N, H, W, C] to [N, scale H, scale W, C]. Error: a scale that is no whole number. */
export function upsample2d(x: Tensor, scale: number, { mode = "nearest" }: UpsampleOptions = {}): Tensor {
  if (x.rank !== 4 || !Number.isInteger(scale) || scale < 1)
    throw new Error(`upsample2d: ${shapeText(x.shape)} by ${scale}, wanted [N,H,W,C] by a whole number of at least 1`);
  if (mode !== "nearest" && mode !== "bilinear") throw new Error(`upsample2d: mode ${String(mode)}, wanted nearest or bilinear`);
  const [n, h, w, c] = x.shape;
  const shape = [n, h * scale, w * scale, c];
  if (mode === "nearest") return reshape(broadcastTo(reshape(x, [n, h, 1, w, 1, c]), [n, h, scale, w, scale, c]), shape);
  const rows = tensor(linesBetween(h, scale), [h * scale, h], { backend: x.backend });
  const columns = tensor(linesBetween(w, scale), [w * scale, w], { backend: x.backend });
  const tall = reshape(matmul(rows, reshape(x, [n, h, w * c])), [n, h * scale, w, c]);
  return matmul(columns, tall);
}
