// What a residual net of a given depth is made of: units in stages, widths, stem. A layout is an object that a model is given.
//   cifarLayout      He et al. 2016: three stages of n units, depth 6n+2 (basic), 9n+2 (bottleneck) or 3n+2 (single)
//   imageNetLayout   four stages behind a stem that divides the image by 4: 18, 34, 50, 101, 152, 200
//   wideLayout       Oh et al. 2025 (arXiv 2505.11881): four stages behind a 3x3 stem for small images, convolutions with bias: 18, 34, 50, 101
import { BasicUnit, BottleneckUnit, SingleUnit, type UnitClass } from "./block/unit.ts";

/** Units by the convolutions of a branch: two 3x3; 1x1, 3x3 and 1x1; one 3x3. */
export type Block = "basic" | "bottleneck" | "single";

export interface StemLayout {
  readonly size: number;
  readonly stride: number;
  /** A 3x3 max pool with stride 2 at the end. */
  readonly pool: boolean;
}

export interface ResNetLayout {
  readonly unit: UnitClass;
  /** Units of each stage; every stage but the first halves the image and doubles the width. */
  readonly stages: readonly number[];
  /** Channels of the stem, and inside the units of the first stage. */
  readonly width: number;
  /** Convolutions have a bias. */
  readonly bias: boolean;
  readonly stem: StemLayout;
  /**
   * Where a net whose units start with an activation applies the first one: in the first unit before its split ("unit"), in the stem,
   * so that the first unit has none ("stem"), or in both, and the first unit's is not shared ("both"). Other nets have BN-ReLU in the stem.
   */
  readonly firstActivation: "unit" | "stem" | "both";
  /** Such a net applies the units' first activation once more behind the last unit. */
  readonly lastActivation: boolean;
  /** 1x1 convolutions where shapes change; else every stride-th pixel and zeros for new channels. */
  readonly projects: boolean;
  /** Such a net takes its projections from the activated input, shared with the branch. */
  readonly sharesActivation: boolean;
  /** Which convolution of a bottleneck takes the stride. */
  readonly strideAt: 1 | 2;
}

export interface LayoutKind {
  readonly label: string;
  /** The layout of one depth, with the layout's own units or the given ones. Errors: a depth that the layout has not. */
  at(depth: number, block?: Block): ResNetLayout;
}

const UNITS: Readonly<Record<Block, UnitClass>> = { basic: BasicUnit, bottleneck: BottleneckUnit, single: SingleUnit };

const DEPTHS = {
  basic: { layers: 6, examples: "20, 32, 44, 56, 110" },
  bottleneck: { layers: 9, examples: "164, 1001" },
  single: { layers: 3, examples: "20, 44, 110" },
} as const;

/** Three stages of 16, 32 and 64 channels for 32x32 images. By default basic units, at 164 and 1001 bottlenecks. */
export function cifarLayout(): LayoutKind {
  return {
    label: "cifar",
    at: (depth, given) => {
      const block = given ?? (depth === 164 || depth === 1001 ? "bottleneck" : "basic");
      const { layers, examples } = DEPTHS[block];
      const units = (depth - 2) / layers;
      if (!Number.isInteger(units) || units < 1)
        throw new Error(`cifarLayout: depth ${depth}, wanted ${layers}n+2 with n of at least 1 (${examples}) for ${block} units`);
      return {
        unit: UNITS[block],
        stages: [units, units, units],
        width: 16,
        bias: false,
        stem: { size: 3, stride: 1, pool: false },
        firstActivation: "unit",
        lastActivation: true,
        projects: block === "bottleneck",
        sharesActivation: true,
        strideAt: 1,
      };
    },
  };
}

interface Stages {
  readonly block: Block;
  readonly stages: readonly number[];
}

const FOUR_STAGES: ReadonlyMap<number, Stages> = new Map([
  [18, { block: "basic", stages: [2, 2, 2, 2] }],
  [34, { block: "basic", stages: [3, 4, 6, 3] }],
  [50, { block: "bottleneck", stages: [3, 4, 6, 3] }],
  [101, { block: "bottleneck", stages: [3, 4, 23, 3] }],
  [152, { block: "bottleneck", stages: [3, 8, 36, 3] }],
  [200, { block: "bottleneck", stages: [3, 24, 36, 3] }],
]);

function fourStages(who: string, depth: number, block: Block | undefined, most: number): Stages {
  const depths = [...FOUR_STAGES.keys()].filter((own) => own <= most);
  const found = FOUR_STAGES.get(depth);
  if (found === undefined || depth > most)
    throw new Error(`${who}: depth ${depth}, wanted ${depths.slice(0, -1).join(", ")} or ${depths[depths.length - 1]}`);
  if (block !== undefined && block !== found.block)
    throw new Error(`${who}: depth ${depth} of ${block} units, wanted ${found.block} units at this depth`);
  return found;
}

/**
 * Stem 7x7 convolution with stride 2, BN, ReLU, max pool; stages of 64 to 512 channels; projections where shapes change. The stride of a
 * bottleneck is at its 3x3 convolution, as in fb.resnet.torch; `strideAt: 1` of the model moves it to the 1x1.
 */
export function imageNetLayout(): LayoutKind {
  return {
    label: "imagenet",
    at: (depth, given) => {
      const { block, stages } = fourStages("imageNetLayout", depth, given, 200);
      return {
        unit: UNITS[block],
        stages,
        width: 64,
        bias: false,
        stem: { size: 7, stride: 2, pool: true },
        firstActivation: "stem",
        lastActivation: true,
        projects: true,
        sharesActivation: true,
        strideAt: 2,
      };
    },
  };
}

/** ResNetV2-18, 34, 50 and 101 of the orthogonal-update paper. */
export function wideLayout(): LayoutKind {
  return {
    label: "wide",
    at: (depth, given) => {
      const { block, stages } = fourStages("wideLayout", depth, given, 101);
      return {
        unit: UNITS[block],
        stages,
        width: 64,
        bias: true,
        stem: { size: 3, stride: 1, pool: false },
        firstActivation: "both",
        lastActivation: false,
        projects: true,
        sharesActivation: false,
        strideAt: 1,
      };
    },
  };
}
