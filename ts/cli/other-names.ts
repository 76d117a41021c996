// What other training programs call the flags of `perpend train`.

const names: Readonly<Record<string, string>> = {
  "--learning-rate": "--lr",
  "--batch": "--batch-size",
  "--bs": "--batch-size",
  "--wd": "--weight-decay",
  "--optim": "--opt",
  "--optimizer": "--opt",
  "--scheduler": "--sched",
  "--lr-scheduler": "--sched",
  "--label-smoothing": "--smoothing",
  "--max-grad-norm": "--clip-grad",
  "--gradient-accumulation-steps": "--grad-accum-steps",
  "--num-workers": "--workers",
  "--threads": "--workers",
  "--num-epochs": "--epochs",
  "--arch": "--model",
  "--data": "--data-dir",
  "--input-size": "--img-size",
  "--out": "--output",
  "--output-dir": "--output",
  "--name": "--experiment",
  "--ema": "--model-ema",
  "--checkpoint": "--resume",
  "--gradient-checkpointing": "--checkpoint-blocks",
  "--random-seed": "--seed",
};

/** A message of an unknown option of `perpend train` with the flag that is meant, where another program calls it so. */
export function withOwnName(message: string): string {
  const [, other = ""] = /^unknown option '([^'=]+)/.exec(message) ?? [];
  return Object.hasOwn(names, other) ? `unknown option '${other}' (Did you mean ${names[other]}?)` : message;
}
