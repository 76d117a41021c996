// 1x1 convolutions on any stream: tokens [N,T,D] and vectors [N,D] are images of one row.
import { reshape, type Tensor } from "../../autograd/index.ts";

/** [N,H,W,C] as it is, [N,T,D] as [N,1,T,D], [N,D] as [N,1,1,D]. */
export function asImage(x: Tensor): Tensor {
  const { shape, rank } = x;
  return rank === 4 ? x : reshape(x, [shape[0], 1, rank === 2 ? 1 : shape[1], shape[rank - 1]]);
}

/** What `run` makes of x as an image, in the rank of x. */
export function throughImage(x: Tensor, run: (image: Tensor) => Tensor): Tensor {
  const y = run(asImage(x));
  return x.rank === 4 ? y : reshape(y, [...x.shape.slice(0, -1), y.shape[3]]);
}
