// The net that all peers train, as data: the pre-activation ResNet of resnetV2({ depth }), depth 6n+2, with its default shortcut
// (every second pixel, zeros for the new channels, taken from the activated input). Keys are those of stateDict().

/** One residual unit: BN ReLU 3x3 (stride), BN ReLU 3x3, plus the stream. */
export interface Unit {
  /** What its keys begin with. */
  readonly key: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: number;
  /** Height and width of what it is given. */
  readonly side: number;
  /** The stream starts from the activated input, not from the input. */
  readonly shared: boolean;
}

export const classes = 10;
export const imageSide = 32;
export const imageChannels = 3;
export const momentum = 0.9;
export const weightDecay = 5e-4;
/** So small that a deep net's first steps do not amplify rounding, since their losses are compared. It changes no time. */
export const learningRate = 0.001;
export const normEpsilon = 1e-5;
/** Share of the batch in the running statistics. */
export const normMomentum = 0.1;

/** The units in order. */
export function unitsOf(depth: number): Unit[] {
  const count = (depth - 2) / 6;
  if (!Number.isInteger(count) || count < 1) throw new Error(`peers: depth ${depth}, wanted 6n+2`);
  const units: Unit[] = [];
  let inputs = 16;
  let side = imageSide;
  for (let stage = 0; stage < 3; stage++)
    for (let place = 0; place < count; place++) {
      const outputs = 16 << stage;
      const stride = stage > 0 && place === 0 ? 2 : 1;
      units.push({ key: `stages.${stage}.blocks.${place}`, inputs, outputs, stride, side, shared: units.length === 0 || stride === 2 });
      inputs = outputs;
      side /= stride;
    }
  return units;
}

/** Keys of what is trained, in order. */
export function parameterKeys(depth: number): string[] {
  const norm = (key: string): string[] => [`${key}.weight`, `${key}.bias`];
  return [
    "stem.conv.weight",
    ...unitsOf(depth).flatMap(({ key }) => [
      ...norm(`${key}.norm1`),
      `${key}.conv1.weight`,
      ...norm(`${key}.norm2`),
      `${key}.conv2.weight`,
    ]),
    ...norm("norm"),
    ...norm("head.fc"),
  ];
}

/** Keys of the batch norms, in order. */
export function normKeys(depth: number): string[] {
  return [...unitsOf(depth).flatMap(({ key }) => [`${key}.norm1`, `${key}.norm2`]), "norm"];
}
