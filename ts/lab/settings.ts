// Settings of the laboratory to and from the address of the page, to those of a run, and to the command that repeats it in a terminal.
import { resolveSettings, flagOf, type GivenSettings, type TrainSettings } from "../cli/settings/settings.ts";
import { DEFAULTS, LAB_KEYS, parseField, type LabSettings } from "./fields.ts";

/** The part behind `#` that stands for these settings: what differs from the defaults. */
export function toHash(settings: LabSettings): string {
  const parts = new URLSearchParams();
  for (const key of LAB_KEYS) if (settings[key] !== DEFAULTS[key]) parts.set(key, String(settings[key] ?? ""));
  return parts.toString();
}

export interface FromHash {
  readonly settings: LabSettings;
  /** What was not understood and is left as it usually is. */
  readonly problems: readonly string[];
}

/** Reads what toHash() wrote, or somebody typed. */
export function fromHash(hash: string): FromHash {
  const given: Record<string, string | number | null> = {};
  const problems: string[] = [];
  for (const [name, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
    const key = LAB_KEYS.find((each) => each === name);
    if (key === undefined) {
      problems.push(`${name.slice(0, 40)}: no such setting`);
      continue;
    }
    try {
      given[key] = parseField(key, text);
    } catch (error) {
      problems.push(`${key}: ${(error as Error).message}`);
    }
  }
  return { settings: { ...DEFAULTS, ...given }, problems };
}

/** As flags of `perpend train` give them. */
function givenOf({ against: _against, imgSize, width, trainSamples, testSamples, weightDecay, ...rest }: LabSettings): GivenSettings {
  return {
    ...rest,
    ...(width !== null && { width }),
    ...(trainSamples !== null && { trainSamples }),
    ...(testSamples !== null && { testSamples }),
    ...(weightDecay !== null && { weightDecay }),
    // Pictures are cut to size as they are read, so that what is left is done as with any set.
    ...(rest.dataset === "image-folder" && { imgSize, cropPct: 1, cropPadding: Math.max(1, Math.floor(imgSize / 8)) }),
  };
}

/** One run. */
export interface RunSettings {
  /** What tells it from the other one. */
  readonly label: string;
  readonly settings: TrainSettings;
  /** The same run in a terminal. */
  readonly command: string;
}

function runOf(lab: LabSettings, label: string): RunSettings {
  const given = givenOf(lab);
  const flags = Object.entries(given).map(([key, value]) => `${flagOf(key)} ${String(value)}`);
  return { label, settings: resolveSettings(given), command: `perpend train ${flags.join(" ")}` };
}

/** The runs that settings stand for: one, or two side by side. Errors: settings that contradict each other. */
export function runsOf(lab: LabSettings): RunSettings[] {
  const { skip, against } = lab;
  if (against === "nothing") return [runOf(lab, skip)];
  return [runOf(lab, skip), runOf({ ...lab, skip: against }, against === skip ? `${against} (2)` : against)];
}
