// Orders of batch norm, ReLU and convolution in a residual unit, as data (He et al. 2016, arXiv 1603.05027, figure 4).
// Between two convolutions of the branch always stand BN and ReLU; an order says what stands before the first one, behind the last one,
// and behind the addition.

/** What stands at one place of a unit, in this order; either may be missing. */
export interface Activation {
  readonly norm: boolean;
  readonly relu: boolean;
}

export interface ActivationOrder {
  /** Name for logs and reports. */
  readonly label: string;
  /** Before the first convolution of the branch; in the first unit before the split, and once more behind the last unit. */
  readonly before: Activation;
  /** Behind the last convolution of the branch. */
  readonly behind: Activation;
  /** Behind the addition. */
  readonly after: Activation;
}

const nothing: Activation = { norm: false, relu: false };
const norm: Activation = { norm: true, relu: false };
const relu: Activation = { norm: false, relu: true };
const normRelu: Activation = { norm: true, relu: true };

/** Whether anything stands there. */
export function isActive(activation: Activation): boolean {
  return activation.norm || activation.relu;
}

/** (a): conv BN ReLU conv BN, ReLU after the addition. */
export function original(): ActivationOrder {
  return { label: "original", before: nothing, behind: norm, after: relu };
}

/** (b): conv BN ReLU conv, BN ReLU after the addition. */
export function normAfterAddition(): ActivationOrder {
  return { label: "BN after addition", before: nothing, behind: nothing, after: normRelu };
}

/** (c): conv BN ReLU conv BN ReLU, nothing after the addition; branches only add. */
export function reluBeforeAddition(): ActivationOrder {
  return { label: "ReLU before addition", before: nothing, behind: normRelu, after: nothing };
}

/** (d): ReLU conv BN ReLU conv BN, nothing after the addition. */
export function reluPreActivation(): ActivationOrder {
  return { label: "ReLU-only pre-activation", before: relu, behind: norm, after: nothing };
}

/** (e): BN ReLU conv BN ReLU conv, nothing after the addition. */
export function fullPreActivation(): ActivationOrder {
  return { label: "full pre-activation", before: normRelu, behind: nothing, after: nothing };
}
