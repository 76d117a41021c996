// Activations and pooling as layers.
import {
  averagePool2d,
  gelu,
  globalAveragePool,
  maxPool2d,
  relu,
  reshape,
  sigmoid,
  silu,
  softplus,
  tanh,
  type PoolOptions,
  type Tensor,
} from "../autograd/index.ts";
import { Layer } from "./module.ts";

class Pointwise extends Layer {
  private readonly apply: (x: Tensor) => Tensor;

  constructor(apply: (x: Tensor) => Tensor) {
    super();
    this.apply = apply;
  }

  forward(x: Tensor): Tensor {
    return this.apply(x);
  }
}

/** max(x, 0). */
export class ReLU extends Pointwise {
  constructor() {
    super(relu);
  }
}

/** x Phi(x), exact or by tanh. */
export class GELU extends Pointwise {
  constructor(options: { approximate?: "none" | "tanh" } = {}) {
    super((x) => gelu(x, options));
  }
}

/** x sigmoid(x). */
export class SiLU extends Pointwise {
  constructor() {
    super(silu);
  }
}

/** Hyperbolic tangent. */
export class Tanh extends Pointwise {
  constructor() {
    super(tanh);
  }
}

/** 1 / (1 + e^-x). */
export class Sigmoid extends Pointwise {
  constructor() {
    super(sigmoid);
  }
}

/** log(1 + e^x). */
export class Softplus extends Pointwise {
  constructor() {
    super(softplus);
  }
}

/** x unchanged. */
export class Identity extends Pointwise {
  constructor() {
    super((x) => x);
  }
}

/** [N,H,W,C] to [N,C], mean over positions. */
export class GlobalAveragePool extends Pointwise {
  constructor() {
    super(globalAveragePool);
  }
}

/** Largest value of each window. */
export class MaxPool2d extends Pointwise {
  constructor(size: number, options: PoolOptions = {}) {
    super((x) => maxPool2d(x, size, options));
  }
}

/** Mean of each window. */
export class AveragePool2d extends Pointwise {
  constructor(size: number, options: PoolOptions = {}) {
    super((x) => averagePool2d(x, size, options));
  }
}

/** [N, ...] to [N, all the rest]. */
export class Flatten extends Pointwise {
  constructor() {
    super((x) => reshape(x, [x.shape[0], x.shape.slice(1).reduce((size, length) => size * length, 1)]));
  }
}
