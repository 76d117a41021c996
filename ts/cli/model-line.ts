// A model in one line, and its summary, without running it.
import { withBackend } from "../autograd/index.ts";
import { createDryBackend } from "../backend/index.ts";
import type { ImageShape } from "../data/index.ts";
import { summarizeModel, type ModelSummary } from "../models/index.ts";
import { uninitialized } from "../nn/index.ts";
import { formatCount } from "../report/numbers.ts";
import type { TrainSettings } from "./settings.ts";
import { createModel } from "./training-program.ts";

/** The summary of the model that settings name, for images of this shape. */
export function summaryOf(settings: TrainSettings, { height, width, channels }: ImageShape, classes: number): ModelSummary {
  const options = { ...settings, classes, channels, observeEvery: 0 };
  const model = withBackend(createDryBackend(), () => uninitialized(() => createModel(options)));
  return summarizeModel(model, [height, width, channels]);
}

/** `resnetv2_20, orthogonal skips: 269,722 parameters, 81.1 MFLOP forward and 2.0 MB of activations an image`. */
export function modelLine(settings: TrainSettings, { image, classes }: { readonly image: ImageShape; readonly classes: number }): string {
  const { parameters, flops, activationBytes } = summaryOf(settings, image, classes);
  const { model, skip } = settings;
  return (
    `${model}, ${skip === "none" ? "no" : skip} skips: ${formatCount(parameters)} parameters, ` +
    `${(flops / 1e6).toFixed(1)} MFLOP forward and ${(activationBytes / 1e6).toFixed(1)} MB of activations an image`
  );
}
