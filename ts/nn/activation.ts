// Activations and pooling as layers.
import {
  averagePool2d,
  elu,
  gelu,
  globalAveragePool,
  hardSwish,
  leakyRelu,
  maxPool2d,
  mish,
  relu,
  relu6,
  reshape,
  sigmoid,
  silu,
  softplus,
  tanh,
  upsample2d,
  type PoolOptions,
  type Tensor,
  type UpsampleOptions,
} from "../autograd/index.ts";
import { Layer } from "./module.ts";

/** A function as a layer, one without variables: new Apply((x) => x.multiply(2)). */
export class Apply extends Layer {
  private readonly run: (x: Tensor) => Tensor;

  constructor(run: (x: Tensor) => Tensor) {
    super();
    this.run = run;
  }

  forward(x: Tensor): Tensor {
    return this.run(x);
  }
}

/** max(x, 0). */
export class ReLU extends Apply {
  constructor() {
    super(relu);
  }
}

/** x Phi(x), exact or by tanh. */
export class GELU extends Apply {
  constructor(options: { approximate?: "none" | "tanh" } = {}) {
    super((x) => gelu(x, options));
  }
}

/** x sigmoid(x). */
export class SiLU extends Apply {
  constructor() {
    super(silu);
  }
}

/** x above 0, else slope x. */
export class LeakyReLU extends Apply {
  constructor(slope = 0.01) {
    super((x) => leakyRelu(x, slope));
  }
}

/** x above 0, else alpha (e^x - 1). */
export class ELU extends Apply {
  constructor(alpha = 1) {
    super((x) => elu(x, alpha));
  }
}

/** min(max(x, 0), 6). */
export class ReLU6 extends Apply {
  constructor() {
    super(relu6);
  }
}

/** x min(max(x / 6 + 1/2, 0), 1). */
export class HardSwish extends Apply {
  constructor() {
    super(hardSwish);
  }
}

/** x tanh(log(1 + e^x)). */
export class Mish extends Apply {
  constructor() {
    super(mish);
  }
}

/** Hyperbolic tangent. */
export class Tanh extends Apply {
  constructor() {
    super(tanh);
  }
}

/** 1 / (1 + e^-x). */
export class Sigmoid extends Apply {
  constructor() {
    super(sigmoid);
  }
}

/** log(1 + e^x). */
export class Softplus extends Apply {
  constructor() {
    super(softplus);
  }
}

/** x unchanged. */
export class Identity extends Apply {
  constructor() {
    super((x) => x);
  }
}

/** [N,H,W,C] to [N,C], mean over positions. */
export class GlobalAveragePool extends Apply {
  constructor() {
    super(globalAveragePool);
  }
}

/** Largest value of each window. */
export class MaxPool2d extends Apply {
  constructor(size: number, options: PoolOptions = {}) {
    super((x) => maxPool2d(x, size, options));
  }
}

/** Mean of each window. */
export class AveragePool2d extends Apply {
  constructor(size: number, options: PoolOptions = {}) {
    super((x) => averagePool2d(x, size, options));
  }
}

/** Larger images, by the nearest pixel or bilinear: [N,H,W,C] to [N,scale H,scale W,C]. */
export class Upsample2d extends Apply {
  constructor(scale: number, options: UpsampleOptions = {}) {
    super((x) => upsample2d(x, scale, options));
  }
}

/** [N, ...] to [N, all the rest]. */
export class Flatten extends Apply {
  constructor() {
    super((x) => reshape(x, [x.shape[0], x.shape.slice(1).reduce((size, length) => size * length, 1)]));
  }
}
