// A few steps of a small net on a backend, which any engine can load: what a browser's GPU computes is compared with Node's CPU.
import {
  backward,
  crossEntropy,
  keep,
  resnetV2,
  scope,
  SGD,
  parameterGroups,
  stream,
  tensor,
  withBackend,
  type Backend,
} from "../../ts/index.ts";

/** Losses of three steps on four made-up images. */
export async function losses(backend: Backend): Promise<number[]> {
  const found = withBackend(backend, () => {
    const images = stream(7, "images").fillNormal(new Float32Array(4 * 16 * 16 * 3)) as Float32Array;
    const model = resnetV2({ depth: 8, width: 4, seed: 5 });
    const optimizer = new SGD(parameterGroups(model), { lr: 0.05 });
    return [0, 1, 2].map(() =>
      scope(() => {
        const loss = crossEntropy(model.forward(tensor(images, [4, 16, 16, 3])), tensor([0, 1, 2, 3]));
        backward(loss);
        optimizer.step();
        return keep(loss);
      }),
    );
  });
  return Promise.all(found.map(async (loss) => (await loss.read())[0]));
}
