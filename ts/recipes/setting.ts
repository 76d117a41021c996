// The numbers of a run at one of three scales: the paper's own; `desk`, some minutes a run on two cores; `smoke`, seconds on drawn shapes.
import { defaultShards } from "../shards.ts";

export const SCALES = ["smoke", "desk", "paper"] as const;
export type Scale = (typeof SCALES)[number];

/** Every number that decides a run beside its choices and its seed. It is stored as JSON. */
export type Setting = {
  readonly epochs: number;
  /** Images of a step. */
  readonly batch: number;
  /** Learning rate that the schedule starts from. */
  readonly lr: number;
  /** Runs of each combination. */
  readonly seeds: number;
  /** The first so many images; all by default. */
  readonly trainImages?: number;
  readonly testImages?: number;
  /** Layers, where the grid does not vary them. */
  readonly depth?: number;
  /** Channels of the first stage; the model's own by default. */
  readonly width?: number;
  /** Logical shards of a batch. */
  readonly shards?: number;
  /** Images that batch norm normalizes together; the whole batch by default. */
  readonly bnGroup?: number;
  readonly clipGrad?: number;
  /** Blocks that are computed again together in the backward pass; changes no bit. */
  readonly checkpointBlocks?: number;
  /** The part of the grid that is run at this scale: labels by axis. */
  readonly only?: { readonly [axis: string]: readonly string[] };
};

/** A recipe's numbers: the paper's in full, and what differs at the smaller scales (desk from paper, smoke from desk). */
export interface Scales {
  readonly paper: Setting;
  readonly desk: Partial<Setting>;
  readonly smoke?: Partial<Setting>;
}

/** What makes a run of seconds of any recipe. */
const SMOKE: Partial<Setting> = { epochs: 1, batch: 8, seeds: 1, trainImages: 16, testImages: 16, width: 4, bnGroup: undefined };

function whole(who: string, name: string, value: number | undefined, least: number): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && value >= least))
    throw new Error(`${who}: ${name} ${value}, wanted a whole number of at least ${least}`);
}

/** The shards of a batch. */
export function shardsOf({ batch, shards, bnGroup = 0 }: Setting): number {
  return shards ?? Math.min(defaultShards(batch), bnGroup > 0 ? Math.ceil(batch / bnGroup) : batch);
}

/** Refuses numbers that no run can have; `who` is the recipe. */
export function checkSetting(who: string, setting: Setting): void {
  const { epochs, batch, lr, seeds, trainImages, testImages, width, depth, bnGroup, checkpointBlocks } = setting;
  whole(who, "epochs", epochs, 0);
  for (const [name, value] of Object.entries({ batch, seeds, trainImages, testImages, width, depth, bnGroup, checkpointBlocks }))
    whole(who, name, value, 1);
  whole(who, "shards", setting.shards, 1);
  if (!(lr >= 0 && Number.isFinite(lr))) throw new Error(`${who}: learning rate ${lr}, wanted a number of at least 0`);
  const { clipGrad } = setting;
  if (clipGrad !== undefined && !(clipGrad > 0)) throw new Error(`${who}: clipGrad ${clipGrad}, wanted a number above 0`);
  const shards = shardsOf(setting);
  if (shards > batch) throw new Error(`${who}: ${shards} shards for a batch of ${batch} images, wanted at most one an image`);
  if (bnGroup !== undefined && bnGroup > batch)
    throw new Error(`${who}: bnGroup ${bnGroup} of a batch of ${batch}, wanted at most ${batch}`);
  if (trainImages !== undefined && batch > trainImages)
    throw new Error(`${who}: a batch of ${batch} of ${trainImages} training images, wanted at most ${trainImages}`);
}

/** The numbers at a scale. Errors: as checkSetting. */
export function settingAt(who: string, { paper, desk, smoke = {} }: Scales, scale: Scale): Setting {
  const small = { ...paper, ...desk };
  const setting = { paper, desk: small, smoke: { ...small, ...SMOKE, ...smoke } }[scale];
  checkSetting(who, setting);
  return setting;
}
