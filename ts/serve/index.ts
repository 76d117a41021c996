// Predictions by trained models, alone and behind HTTP, in any JavaScript engine.
export type { DataDescription } from "../data/description.ts";
export { FormatError } from "../data/format-error.ts";
export type { Picture } from "../data/picture.ts";
export { createHandler, type Handler, type HandlerOptions } from "./handler.ts";
export { createPredictor, type CanvasPicture, type Prediction, type Predictor, type PredictorOptions } from "./predictor.ts";
export { checkpointForServing, loadTrainedModel, type ReadOptions, type TrainedModel } from "./trained-model.ts";
