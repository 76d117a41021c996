// Vision transformers with any skip: images [N,H,W,channels] to logits [N,classes]. Keys of stateDict() are those of timm's
// VisionTransformer. Sizes and defaults are those of Oh et al. 2025 (arXiv 2505.11881): norms of blocks without scale and shift, GELU by
// tanh, a class token that starts at 0 and has no position. `timmConventions` are timm's own, for its checkpoints. No dropout.
// Initial weights are timm's (the paper names none): normal with deviation 0.02, biases 0, the patches' by 1 / sqrt(fan in).
import { add, mean, prependToken, reshape, shapeText, slice, type Tensor } from "../autograd/index.ts";
import { Conv2d, init, initialize, Layer, LayerNorm, Linear, uninitialized, Variable, type Module, type StateEntry } from "../nn/index.ts";
import { wantOptions } from "../options.ts";
import type { RandomStream } from "../random.ts";
import { EncoderBlock, encoderInit, type NormPlace } from "./block/encoder.ts";
import { additive } from "./skip/additive.ts";
import type { Skip, SkipKind } from "./skip/skip.ts";
import { runBlocks } from "./stage.ts";

export interface VitOptions {
  /** Side of the images, or height and width. */
  readonly size?: number | readonly [number, number];
  /** Side of a patch. */
  readonly patch?: number;
  readonly channels?: number;
  readonly classes?: number;
  /** Width of the stream. */
  readonly width?: number;
  /** Blocks, each with attention and an MLP. */
  readonly depth?: number;
  readonly heads?: number;
  /** Width inside the MLPs over that of the stream. */
  readonly mlpRatio?: number;
  /** What the head sees: the class token, or the mean of all patches, without such a token. */
  readonly pool?: "class" | "mean";
  /** A learned position for the class token too. */
  readonly classPosition?: boolean;
  readonly gelu?: "tanh" | "exact";
  readonly qkvBias?: boolean;
  /** Where the norms of a block are. */
  readonly norm?: NormPlace;
  /** Learned scale and shift in the norms of blocks; the final norm always has them. */
  readonly affine?: boolean;
  /** Of all norms. */
  readonly eps?: number;
  /** A norm before the head; by default where blocks have theirs in front. */
  readonly finalNorm?: boolean;
  /** Both additions of a block have the block's number at their site. */
  readonly skip?: SkipKind;
  /** As in residual nets: compute runs of so many blocks again in the backward pass. */
  readonly checkpointBlocks?: number;
  /** What the initial weights are drawn by. */
  readonly seed?: number;
}

/** What timm's vision transformers have other than this paper's. */
export const timmConventions = { affine: true, gelu: "exact", classPosition: true } as const satisfies VitOptions;

/** Deviation of the initial positions. */
const POSITION_STD = 0.02;

interface Resolved extends Required<Omit<VitOptions, "size" | "seed">> {
  readonly rows: number;
  readonly columns: number;
  /** Width inside the MLPs. */
  readonly hidden: number;
}

function resolve(options: VitOptions): Resolved {
  const { size = 32, patch = 4, width = 192, mlpRatio = 4, norm = "pre", pool = "class" } = options;
  const [rows, columns] = typeof size === "number" ? [size, size] : size;
  return {
    ...{ rows, columns, patch, width, mlpRatio, norm, pool, hidden: mlpRatio * width },
    channels: options.channels ?? 3,
    classes: options.classes ?? 10,
    depth: options.depth ?? 6,
    heads: options.heads ?? 3,
    classPosition: options.classPosition ?? false,
    gelu: options.gelu ?? "tanh",
    qkvBias: options.qkvBias ?? true,
    affine: options.affine ?? false,
    eps: options.eps ?? 1e-6,
    finalNorm: options.finalNorm ?? norm === "pre",
    skip: options.skip ?? additive(),
    checkpointBlocks: options.checkpointBlocks ?? Infinity,
  };
}

/** Sizes that fit nowhere are refused by name. */
function check({ rows, columns, patch, channels, classes, width, depth, heads, hidden, mlpRatio, eps, ...rest }: Resolved): void {
  for (const [what, value] of Object.entries({ rows, columns, patch, channels, classes, width, depth, heads }))
    if (!Number.isInteger(value) || value < 1) throw new Error(`vit: ${what} ${value}, wanted a whole number of at least 1`);
  const { checkpointBlocks, classPosition, pool } = rest;
  if (checkpointBlocks !== Infinity && (!Number.isInteger(checkpointBlocks) || checkpointBlocks < 1))
    throw new Error(`vit: checkpointBlocks ${checkpointBlocks}, wanted a whole number of at least 1`);
  if (rows % patch !== 0 || columns % patch !== 0)
    throw new Error(`vit: images of ${rows}x${columns} in patches of ${patch}, wanted a patch that divides both`);
  if (width % heads !== 0) throw new Error(`vit: ${heads} heads for width ${width}, wanted a number that divides it`);
  if (!Number.isInteger(hidden) || hidden < 1)
    throw new Error(`vit: mlpRatio ${mlpRatio} of width ${width}, wanted a whole product of at least 1`);
  if (!(eps >= 0 && eps < Infinity)) throw new Error(`vit: eps ${eps}, wanted a finite number of at least 0`);
  if (classPosition && pool === "mean")
    throw new Error("vit: classPosition with pool mean, which has no class token; wanted one of the two");
}

/** Patches as tokens: [N,H,W,C] to [N,T,D]. */
class PatchEmbed extends Layer {
  readonly proj: Conv2d;

  constructor(channels: number, width: number, patch: number) {
    super();
    const initializer = init.fanInUniform(patch * patch * channels);
    this.proj = new Conv2d(channels, width, patch, { stride: patch, bias: true, initializer });
  }

  forward(x: Tensor): Tensor {
    const y = this.proj.forward(x);
    return reshape(y, [y.shape[0], y.shape[1] * y.shape[2], y.shape[3]]);
  }
}

const OPTIONS = [
  ...["size", "patch", "channels", "classes", "width", "depth", "heads", "mlpRatio", "pool", "classPosition", "gelu", "qkvBias", "norm"],
  ...["affine", "eps", "finalNorm", "skip", "checkpointBlocks", "seed"],
];

/** A vision transformer: images [N,H,W,channels] to logits [N,classes]. */
export class VisionTransformer extends Layer {
  readonly patchEmbed: PatchEmbed;
  /** [1,1,D], or null where the mean of the patches is taken. */
  readonly classToken: Variable | null;
  /** [1,T,D], of the class token first where it has one. */
  readonly positions: Variable;
  readonly blocks: readonly EncoderBlock[];
  readonly norm: LayerNorm | null;
  readonly head: Linear;
  /** `vit_d192_l6_p4`. */
  readonly name: string;
  readonly skipLabel: string;
  /** Number of blocks, and one for patches and positions in front, one for the head: what layer-wise learning rates count. */
  readonly layers: number;
  private readonly input: readonly [number, number, number];
  private readonly checkpointBlocks: number;

  constructor(options: VitOptions = {}) {
    super();
    wantOptions("vit", options, ...OPTIONS);
    const resolved = resolve(options);
    check(resolved);
    const { rows, columns, channels, patch, width, depth, heads, hidden, classes, pool, classPosition, skip } = resolved;
    const { gelu, qkvBias, norm, affine, eps, finalNorm, checkpointBlocks } = resolved;
    this.name = `vit_d${width}_l${depth}_p${patch}`;
    this.skipLabel = skip.label;
    this.layers = depth + 2;
    this.input = [rows, columns, channels];
    this.checkpointBlocks = checkpointBlocks;
    this.patchEmbed = new PatchEmbed(channels, width, patch);
    const tokens = (rows / patch) * (columns / patch) + (classPosition ? 1 : 0);
    this.classToken = pool === "class" ? new Variable([1, 1, width], { decays: false }) : null;
    this.positions = new Variable([1, tokens, width], { decays: false });
    this.blocks = Array.from({ length: depth }, (_, index) => {
      const skipOf = (half: 0 | 1): Skip => skip.at({ index, depth, width, addition: 2 * index + half, additions: 2 * depth });
      return new EncoderBlock({
        ...{ width, heads, hidden, gelu, qkvBias, norm, affine, eps },
        skips: [skipOf(0), skipOf(1)],
      });
    });
    this.norm = finalNorm ? new LayerNorm(width, { eps }) : null;
    this.head = new Linear(width, classes, encoderInit);
    this.start(`vit/${tokens}x${width}`);
  }

  override reset(random: RandomStream): void {
    init.normal(POSITION_STD)(this.positions, random.split("positions"));
    this.classToken?.backend.fill(this.classToken.buffer, 0);
  }

  protected override own(): StateEntry[] {
    const { classToken, positions } = this;
    const entry = (key: string, variable: Variable): StateEntry => ({ key, variable, shape: variable.shape });
    return [...(classToken ? [entry("cls_token", classToken)] : []), entry("pos_embed", positions)];
  }

  override children(): [string, Module][] {
    const { patchEmbed, blocks, norm, head } = this;
    return [
      ["patch_embed", patchEmbed],
      ...blocks.map((block, index): [string, Module] => [`blocks.${index}`, block]),
      ...(norm ? [["norm", norm] as [string, Module]] : []),
      ["head", head],
    ];
  }

  /** Which of the `layers` a parameter is of, as timm counts them: 0 before the blocks, the final norm with the last block, the head last. */
  layerOf(key: string): number {
    const block = /^blocks\.(\d+)\./.exec(key);
    if (block) return Number(block[1]) + 1;
    if (key.startsWith("norm.")) return this.layers - 2;
    return key.startsWith("head.") ? this.layers - 1 : 0;
  }

  private embed(x: Tensor): Tensor {
    const { classToken, positions, patchEmbed } = this;
    const tokens = patchEmbed.forward(x);
    if (classToken === null) return add(tokens, positions);
    if (positions.shape[1] === tokens.shape[1]) return prependToken(add(tokens, positions), classToken);
    return add(prependToken(tokens, classToken), positions);
  }

  /** What the head sees: [N,D]. */
  private pooled(stream: Tensor): Tensor {
    const { classToken, norm } = this;
    const normalized = (x: Tensor): Tensor => (norm ? norm.forward(x) : x);
    if (classToken === null) return mean(normalized(stream), { axes: 1 });
    const [n, , width] = stream.shape;
    return normalized(reshape(slice(stream, [0, 0, 0], [n, 1, width]), [n, width]));
  }

  forward(x: Tensor): Tensor {
    const [rows, columns, channels] = this.input;
    if (x.rank !== 4 || x.shape[1] !== rows || x.shape[2] !== columns || x.shape[3] !== channels)
      throw new Error(`${this.name}: images ${shapeText(x.shape)}, wanted [N,${rows},${columns},${channels}]`);
    return this.head.forward(this.pooled(runBlocks(this.blocks, this.checkpointBlocks, this.embed(x))));
  }
}

/** A vision transformer with weights drawn by `seed`. */
export function vit(options: VitOptions = {}): VisionTransformer {
  return initialize(
    uninitialized(() => new VisionTransformer(options)),
    { seed: options.seed ?? 0 },
  );
}

/** Width 192, 6 blocks, 3 heads, patches of 4 (2.7 million parameters). Ours, for small machines. */
export function vitTiny(options: VitOptions = {}): VisionTransformer {
  return vit({ width: 192, depth: 6, heads: 3, ...options });
}

/** ViT-S of Oh et al.: width 384, 6 blocks, 6 heads. */
export function vitSmall(options: VitOptions = {}): VisionTransformer {
  return vit({ width: 384, depth: 6, heads: 6, ...options });
}

/** ViT-B of Oh et al.: width 768, 12 blocks, 12 heads. */
export function vitBase(options: VitOptions = {}): VisionTransformer {
  return vit({ width: 768, depth: 12, heads: 12, ...options });
}
