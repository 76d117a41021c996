// Work on the reference backend, in a scope of its own.
import { noGrad, scope, withBackend } from "../ts/autograd/index.ts";
import { createReferenceBackend } from "../ts/backend/reference.ts";

/** Runs work in float64, by the kernels' definitions. */
export const inFloat64 = (work: () => void): void => withBackend(createReferenceBackend(), () => scope(work));

/** The same, recording nothing. */
export const inFloat64NoGrad = (work: () => void): void => inFloat64(() => noGrad(work));
