// measures.jsonl of a recipe's run: what its method measures beside skips, a JSON object a line, with the step and the measure's name.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Measure } from "../../report/grid.ts";
import type { DiagnosticsEvent, JsonObject, RunEvent } from "../../train/index.ts";
import { writeFileAtomic } from "../../train/node/atomic-file.ts";
import { openLines } from "../../train/node/log-file.ts";
import type { RunFolder } from "../run/run-folder.ts";

const fileOf = ({ dir }: RunFolder): string => join(dir, "measures.jsonl");

/** Lines as objects; a last one that was cut short is left out. */
function linesOf(path: string): JsonObject[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => {
      try {
        const value: unknown = JSON.parse(line);
        return typeof value === "object" && value !== null && !Array.isArray(value) ? [value as JsonObject] : [];
      } catch {
        return [];
      }
    });
}

function numbersOf(object: object): { readonly [name: string]: number } {
  return Object.fromEntries(Object.entries(object).filter((entry): entry is [string, number] => typeof entry[1] === "number"));
}

/** What was measured, without what is no number; `layers` has an object a layer, the one next to the image first. */
export function readMeasures(folder: RunFolder): Measure[] {
  return linesOf(fileOf(folder)).flatMap(({ step, measure, layers, ...rest }) => {
    if (typeof step !== "number" || typeof measure !== "string") return [];
    const own = Array.isArray(layers) ? layers.map((layer: unknown) => numbersOf(typeof layer === "object" && layer !== null ? layer : {})) : []; // prettier-ignore
    return [{ step, measure, values: numbersOf(rest), layers: own }];
  });
}

export interface Measures {
  /** Writes what is a measure among a step's observations, and returns the event without it. */
  take(event: RunEvent): RunEvent;
  add(step: number, measures: readonly JsonObject[]): void;
  addExamined(step: number, measures: readonly JsonObject[]): void;
  /** Flushes. */
  sync(): void;
  close(): void;
}

/** Marks what a trained net was examined for. */
const EXAMINED = "examined";

/** Whether the trained net was examined. */
export function wasExamined(folder: RunFolder): boolean {
  return linesOf(fileOf(folder)).some((line) => line[EXAMINED] === true);
}

/**
 * Opens the file behind what there is up to a step; later lines are dropped, they will be measured again, and at step 0 all of them. So are those
 * of an examination.
 */
export async function openMeasures(folder: RunFolder, step: number): Promise<Measures> {
  const path = fileOf(folder);
  const kept = linesOf(path).filter((line) => typeof line["step"] === "number" && line["step"] <= step && step > 0 && line[EXAMINED] !== true); // prettier-ignore
  const text = kept.map((line) => `${JSON.stringify(line)}\n`).join("");
  if (existsSync(path) && readFileSync(path, "utf8") !== text) await writeFileAtomic(path, new TextEncoder().encode(text));
  let file: ReturnType<typeof openLines> | null = null;
  const add = (at: number, measures: readonly JsonObject[]): void => {
    for (const measure of measures) {
      // No file where a method measures nothing.
      file ??= openLines(path, { append: true });
      file.write(JSON.stringify({ ...measure, step: at }));
    }
  };
  return {
    take: (event) => {
      if (event.type !== "diagnostics") return event;
      const isMeasure = (block: object): boolean => "measure" in block;
      add(event.step, event.blocks.filter(isMeasure).map(({ index: _index, ...rest }) => rest as unknown as JsonObject)); // prettier-ignore
      const blocks = event.blocks.filter((block) => !isMeasure(block));
      return { ...event, blocks } satisfies DiagnosticsEvent;
    },
    add,
    addExamined: (at, measures) =>
      add(
        at,
        measures.map((measure) => ({ ...measure, [EXAMINED]: true })),
      ),
    sync: () => file?.sync(),
    close: () => file?.close(),
  };
}
