// The flags of `perpend train`, named as in timm's train.py where that has them. Defaults of settings are in settings.ts, so that it
// can be told what a user asked for from what goes without saying.
import { Option, type Command } from "commander";
import { ON_NON_FINITE } from "../../train/nonfinite-what.ts";
import { ERASE_MODES, INTERPOLATIONS, MIXUP_MODES } from "../settings/augment-settings.ts";
import { DEVICES, type Device } from "../machine/device.ts";
import { DATA_DIR, DATASETS, SHAPES_COUNTS } from "../data-sets.ts";
import { RECORD_LEVELS, type RecordLevel } from "../run/digest-recorder.ts";
import { OUTPUT } from "../run/run-folder.ts";
import { CROP_MODES, MODELS, OPTIMIZERS, SCHEDULES, SKIP_OVER, SKIPS, type GivenSettings } from "../settings/settings.ts";
import { number, numbers, oneOf, type Range } from "../settings/usage.ts";

/** What is not stored as a setting: all but the device changes no bit. */
export interface RunOptions {
  readonly dataDir?: string;
  readonly workers?: number;
  readonly device: Device;
  readonly tune: boolean;
  readonly output?: string;
  readonly experiment?: string;
  readonly resume?: string;
  readonly acceptContract: boolean;
  readonly maxSteps?: number;
  readonly logInterval: number;
  readonly evalInterval: number;
  readonly checkpointHist: number;
  readonly digest: RecordLevel;
  readonly tensorboard: boolean;
  readonly report: boolean;
  /** The port of the page, true for any. */
  readonly lab?: number | true;
  /** Who may look on; the page is served with this alone, too. */
  readonly labHost?: string;
  readonly json: boolean;
}

const whole: Range = { whole: true, least: 1 };
const share: Range = { least: 0, most: 1 };

type Parser = (flag: string) => (text: string, before: never) => unknown;
type Line = readonly [flags: string, description: string, parse?: Parser];

const real =
  (range: Range = {}): Parser =>
  (flag) =>
    number(flag, range);
const labPort: Parser = () => number("--lab", { whole: true, least: 0, most: 65535 });
const words =
  (list: readonly string[]): Parser =>
  (flag) =>
    oneOf(flag, list);
const several =
  (range: Range): Parser =>
  (flag) =>
    numbers(flag, range) as (text: string, before: never) => unknown;

const groups: readonly (readonly [title: string, lines: readonly Line[]])[] = [
  [
    "Model",
    [
      [
        "--model <name>",
        "resnetv2_20, _32, _44, _56, _110, _164, _1001, _18, _34, _50, _101; _8 and _14; vit_tiny_patch4, vit_small_patch4, " +
          "vit_base_patch4 (default: resnetv2_20)",
        words(MODELS),
      ],
      ["--width <channels>", "channels of the first stage, or of a vit's stream (default: the model's own)", real(whole)],
      ["--skip <kind>", "how blocks join their stream: additive, orthogonal, none (default: additive)", words(SKIPS)],
      [
        "--skip-over <what>",
        "orthogonal to the stream of each feature position or of the whole sample (default: feature)",
        words(SKIP_OVER),
      ],
      ["--skip-eps <number>", "added to the stream's squared norm (default: 1e-6)", real({ least: 0 })],
    ],
  ],
  [
    "Data",
    [
      ["--dataset <name>", `${DATASETS.join(", ")} (default: shapes, drawn on the spot)`, words(DATASETS)],
      ["--data-dir <folder>", `where the data set is (default: ${DATA_DIR})`],
      ["--train-samples <count>", `train on the first so many images (default: all; of shapes ${SHAPES_COUNTS.train})`, real(whole)],
      ["--test-samples <count>", `evaluate on the first so many (default: all; of shapes ${SHAPES_COUNTS.test})`, real(whole)],
      ["--crop-padding <pixels>", "pad by so many and crop at random (default: 4; mnist 2)", real({ whole: true, least: 0 })],
      ["--crop-mode <mode>", "zero, reflect (default: zero)", words(CROP_MODES)],
      ["--hflip <probability>", "mirror left and right (default: 0.5; mnist 0)", real(share)],
      ["--reprob <probability>", "random erasing (default: 0)", real(share)],
      ["--remode <mode>", "erase to const, the mean color; rand, a random one; pixel, noise (default: pixel)", words(ERASE_MODES)],
      ["--no-aug", "no augmentation at all"],
    ],
  ],
  [
    "Pictures and mixing",
    [
      ["--img-size <pixels>", "of image-folder and tiny-imagenet: side of the images (default: 224; tiny-imagenet 64)", real(whole)],
      [
        "--crop-pct <share>",
        "share of a picture's shorter side in evaluation (default: 0.875; tiny-imagenet 1)",
        real({ above: 0, most: 1 }),
      ],
      [
        "--scale <shares...>",
        "random-resized crop: least and largest share of the area (default for pictures: 0.08 1)",
        several({ above: 0, most: 1 }),
      ],
      ["--ratio <ratios...>", "its width over height (default: 0.75 1.333)", several({ above: 0 })],
      ["--train-interpolation <name>", `${INTERPOLATIONS.join(", ")} (default: bilinear)`, words(INTERPOLATIONS)],
      ["--aa <policy>", "RandAugment as rand-m9-n2; -mstd0.5, -inc1 and -p0.5 as in timm (default: none)"],
      ["--color-jitter <strengths...>", "one number, or brightness, contrast, saturation and hue (default: none)", several({ least: 0 })],
      ["--mixup <alpha>", "mix images; accuracy in training is that of the larger share (default: 0)", real({ least: 0 })],
      ["--cutmix <alpha>", "put a part of one image in another (default: 0)", real({ least: 0 })],
      ["--mixup-prob <probability>", "of mixing at all (default: 1)", real(share)],
      ["--mixup-switch-prob <probability>", "of cutmix where there are both (default: 0.5)", real(share)],
      ["--mixup-mode <mode>", "what has a share of its own: batch, pair, elem (default: batch)", words(MIXUP_MODES)],
      ["--mixup-off-epoch <epoch>", "mix no more from this epoch on (default: never)", real({ whole: true, least: 0 })],
    ],
  ],
  [
    "Optimization",
    [
      ["--epochs <count>", "passes over the data (default: 10)", real({ whole: true, least: 0 })],
      ["-b, --batch-size <images>", "images of a step (default: 128)", real(whole)],
      ["--grad-accum-steps <count>", "batches whose gradients make one step (default: 1)", real(whole)],
      ["--opt <name>", `${OPTIMIZERS.join(", ")} (default: sgd)`, words(OPTIMIZERS)],
      ["--lr <number>", "learning rate (default: 0.1; adam and adamw 0.001)", real({ least: 0 })],
      ["--momentum <number>", "of sgd (default: 0.9)", real({ least: 0, below: 1 })],
      ["--nesterov", "Nesterov's momentum in sgd"],
      ["--opt-betas <numbers...>", "of adam and adamw (default: 0.9 0.999)", several({ least: 0, below: 1 })],
      ["--opt-eps <number>", "of adam and adamw (default: 1e-8)", real({ above: 0 })],
      ["--weight-decay <number>", "of weights, not of norms and biases (default: 5e-4; adam 0, adamw 0.01)", real({ least: 0 })],
      ["--decay-all", "weight decay of norms and biases too"],
      ["--clip-grad <norm>", "largest norm of the gradient (default: no limit)", real({ above: 0 })],
      ["--smoothing <share>", "label smoothing (default: 0)", real({ least: 0, below: 1 })],
      ["--bn-group <images>", "batch norm within groups of so many images (default: the whole batch)", real(whole)],
      ["--model-ema", "keep a moving average of the weights, and evaluate it"],
      ["--model-ema-decay <number>", "its decay (default: 0.9998)", real({ least: 0, below: 1 })],
    ],
  ],
  [
    "Learning rate",
    [
      ["--sched <name>", `${SCHEDULES.join(", ")} (default: cosine)`, words(SCHEDULES)],
      [
        "--warmup-epochs <count>",
        "epochs of warm-up (default: a tenth, at most 5, before cosine and poly; the rise of onecycle, 30 %)",
        real({ least: 0 }),
      ],
      ["--warmup-lr <number>", "rate at the start of the warm-up (default: 0; onecycle lr / 25)", real({ least: 0 })],
      ["--min-lr <number>", "rate at the end of cosine and poly (default: 0)", real({ least: 0 })],
      ["--decay-epochs <count>", "of step: epochs between decays (default: a third of all)", real({ above: 0 })],
      ["--decay-milestones <epochs...>", "of multistep (default: half and three quarters of all)", several({ above: 0 })],
      ["--decay-rate <factor>", "of step and multistep (default: 0.1)", real({ above: 0 })],
    ],
  ],
  [
    "Run",
    [
      ["--seed <number>", "of weights, order and augmentation (default: 42)", real({ whole: true, least: 0, most: 0xffffffff })],
      ["--shards <count>", "logical pieces of a batch, part of the result (default: a fourth of the batch, at most 24)", real(whole)],
      [
        "-j, --workers <count>",
        "threads; 0 is the calling one alone (default: one a core; changes no bit)",
        real({ whole: true, least: 0 }),
      ],
      [
        "--checkpoint-blocks <blocks>",
        "save memory: compute so many blocks at a time again in the backward pass, 1.4 times as long, the same bits (default: none; " +
          "info --model says what it saves)",
        real(whole),
      ],
      [
        "--on-nonfinite <what>",
        "what becomes of a step that comes to NaN or infinity, which is never made: stop the run and save the state before it, or skip its batch " +
          "(default: stop)",
        words(ON_NON_FINITE),
      ],
      [
        "--device <name>",
        "cpu; webgpu for a GPU, outside of the bit promise: no digests, other bits on every GPU (default: cpu)",
        words(DEVICES),
      ],
      ["--tune", "with --device webgpu: measure first how this GPU does its products fastest (seconds)"],
      ["--fast", "relaxed kernels: fused multiply-add, no longer the same bits everywhere"],
      ["--max-steps <count>", "stop after so many steps in all", real(whole)],
      ["--resume <path>", "go on from a run's folder or a checkpoint, to the same bits as without a stop"],
      ["--accept-contract", "go on from a checkpoint of another numerics contract, to other bits than those of an uninterrupted run"],
      ["--output <folder>", `where run folders are made (default: ${OUTPUT})`],
      ["--experiment <name>", "the run folder's name (default: from model, skip, data set and seed)"],
      ["--eval-interval <epochs>", "epochs between evaluations (default: 1)", real(whole)],
      ["--checkpoint-hist <count>", "checkpoints to keep (default: 3)", real(whole)],
      ["--log-interval <steps>", "steps between step events (default: every step; on the screen by time)", real(whole)],
      [
        "--digest <level>",
        "record digests for `perpend verify` and `perpend diff`: step, one a step; layer, of each parameter too; shard, of all that single " +
          "shards give, which takes time; off (default: step)",
        words(RECORD_LEVELS),
      ],
      ["--tensorboard", "write TensorBoard event files too"],
      ["--report", "write report.html at the end (the default)"],
      ["--no-report", "do not"],
      ["--lab [port]", "show the run live on a page for this computer, and print its address (port: any that is free)", labPort],
      ["--lab-host <address>", "who may look on: 0.0.0.0 for every device in the network, such as phones (default: this computer)"],
      ["--json", "print one JSON line an event instead of the display"],
    ],
  ],
];

/** Declares the flags. */
export function addTrainOptions(command: Command): Command {
  for (const [title, lines] of groups) {
    command.optionsGroup(`${title}:`);
    for (const [flags, description, parse] of lines) {
      const option = new Option(flags, description);
      if (parse) option.argParser(parse(option.long ?? flags) as (text: string, before: unknown) => unknown);
      command.addOption(option);
    }
  }
  return command;
}

const RUN_ONLY = ["dataDir", "workers", "device", "tune", "output", "experiment", "resume", "acceptContract", "maxSteps", "logInterval", "evalInterval", "checkpointHist", "digest", "tensorboard", "report", "lab", "labHost", "json"]; // prettier-ignore

/** What was typed, in two: what decides the bits, and the rest. */
export function givenOptions(command: Command): { given: GivenSettings; run: RunOptions } {
  const all = command.opts<Record<string, unknown>>();
  const typed = Object.entries(all).filter(([key]) => command.getOptionValueSource(key) === "cli");
  const given = Object.fromEntries(typed.filter(([key]) => !RUN_ONLY.includes(key))) as GivenSettings;
  const asked = Object.fromEntries(typed.filter(([key]) => RUN_ONLY.includes(key))) as Partial<RunOptions>;
  const usual = {
    device: "cpu" as const,
    tune: false,
    acceptContract: false,
    logInterval: 1,
    evalInterval: 1,
    checkpointHist: 3,
    digest: "step" as const,
    tensorboard: false,
    report: true,
    json: false,
  };
  return { given, run: { ...usual, ...asked } };
}
