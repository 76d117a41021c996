// How inputs are filled for checks, from normal deviates, and sizes of kernels that go element by element.

export type Fill = (index: number, normal: number) => number;

/** Below, on and around the vector and the unrolled loop. */
export const lengths = /* @__PURE__ */ [0, 1, 3, 4, 5, 15, 16, 17, 31, 64, 257].map((length) => ({ length }));

export const asDrawn: Fill = (_, normal) => normal;

/** At least 1/4 from 0. */
export const away: Fill = (_, normal) => (normal < 0 ? normal - 0.25 : normal + 0.25);

/** Whole numbers, equal ones among them. */
export const rounded: Fill = (_, normal) => Math.trunc(normal * 2);

/** Means and reciprocal standard deviations in turn. */
export const meansAndScales: Fill = (index, normal) => (index % 2 === 0 ? normal : Math.abs(normal) + 0.5);
