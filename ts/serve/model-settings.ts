// The part of a run's settings that says which model a checkpoint is of.
import { FormatError } from "../data/format-error.ts";
import { MODEL_NAMES, SKIP_NAMES, SKIP_OVER, type NamedModel } from "../models/named.ts";

const MOST_WIDTH = 2 ** 20;

export interface ModelSettings extends NamedModel {
  /** Averages of the weights were made; they are what is evaluated. */
  readonly averaged: boolean;
}

/** Reads settings of `perpend train`; `file` is for the error. Throws FormatError. */
export function parseModelSettings(value: unknown, file: string): ModelSettings {
  const refuse = (found: string, wanted: string): never => {
    throw new FormatError({ file, offset: -1, found, wanted });
  };
  if (value === undefined) refuse("a checkpoint without settings", "one that `perpend train` saved");
  const given: Readonly<Record<string, unknown>> =
    typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : refuse("settings that are no object", "one");
  const oneOf = <const W extends string>(key: string, words: readonly W[]): W => {
    const found = words.find((word) => word === given[key]);
    return found ?? refuse(`settings.${key} ${JSON.stringify(given[key])}`, words.join(", "));
  };
  const numberOrNull = (key: string, fits: (value: number) => boolean, wanted: string): number | null => {
    const found = given[key];
    if (found === null || (typeof found === "number" && fits(found))) return found;
    return refuse(`settings.${key} ${JSON.stringify(found)}`, `${wanted} or null`);
  };
  return {
    model: oneOf("model", MODEL_NAMES),
    width: numberOrNull("width", (width) => Number.isSafeInteger(width) && width >= 1 && width <= MOST_WIDTH, `1 to ${MOST_WIDTH}`),
    skip: oneOf("skip", SKIP_NAMES),
    skipOver: given["skipOver"] === null ? null : oneOf("skipOver", SKIP_OVER),
    skipEps: numberOrNull("skipEps", (eps) => eps >= 0 && eps < Infinity, "a finite number of at least 0"),
    averaged: numberOrNull("modelEmaDecay", (decay) => decay >= 0 && decay <= 1, "0 to 1") !== null,
  };
}
