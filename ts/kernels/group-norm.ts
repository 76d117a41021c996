// Group normalization on channels-last images: each image's channels are cut into `groups` runs of c / groups, and a run is
// normalized over its channels and all pixels. `stats` holds the mean and 1 / sqrt(variance + eps) of each image and group.
import { kernel } from "./kernel.ts";

/** Channels rounded up to whole vectors. */
const padded = (c: number): number => Math.ceil(c / 4) * 4;

/** y = (x - mean) * rstd * gamma + beta; an absent gamma is 1, an absent beta 0. */
export const groupNorm = /* @__PURE__ */ kernel({
  name: "group_norm_f32",
  buffers: { x: "in", gamma: "in?", beta: "in?", y: "out", stats: "out" },
  numbers: ["n", "pixels", "c", "groups", "eps"],
  lengths: ({ n, pixels, c, groups }) => ({ x: n * pixels * c, gamma: c, beta: c, y: n * pixels * c, stats: n * groups * 2 }),
  scratch: ({ c }) => 9 * padded(c) + 2 * c,
});

/**
 * dx = rstd * (g - mean(g) - xhat * mean(g * xhat)) with g = dy * gamma, xhat = (x - mean) * rstd, means over the group;
 * dgamma = sum over images and pixels of dy * xhat, dbeta = sum of dy.
 */
export const groupNormBackward = /* @__PURE__ */ kernel({
  name: "group_norm_backward_f32",
  buffers: { x: "in", dy: "in", gamma: "in?", stats: "in", dx: "out", dgamma: "out?", dbeta: "out?" },
  numbers: ["n", "pixels", "c", "groups"],
  lengths: ({ n, pixels, c, groups }) => ({
    x: n * pixels * c,
    dy: n * pixels * c,
    gamma: c,
    stats: n * groups * 2,
    dx: n * pixels * c,
    dgamma: c,
    dbeta: c,
  }),
  scratch: ({ c }) => 10 * padded(c) + 4 * c,
});
