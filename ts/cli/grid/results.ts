// From the logs of a grid's runs to its table: our numbers, the paper's, whether they point the same way, and what the seeds can show.
import { readFileSync } from "node:fs";
import { matches, type Claim, type Evaluate, type Labels, type Published } from "../../recipes/evaluate.ts";
import { baselineOf, combinationTitle, varying } from "../../recipes/recipe.ts";
import type { Setting } from "../../recipes/setting.ts";
import type { Grid, GridDifference, GridRow, PaperNumber, Verdict } from "../../report/grid.ts";
import { formatCount } from "../../report/numbers.ts";
import { judgedBy, type RunLog } from "../../report/run-log.ts";
import { meanOf, paired, spreadOf, type Paired } from "../../report/significance.ts";
import { readMeasures } from "./measures.ts";
import { packageCommit } from "../machine/package-info.ts";
import type { Plan } from "./plan.ts";
import type { RunFolder } from "../run/run-folder.ts";

/** Differences below this probability count as shown. */
const LEVEL = 0.05;

const mostTelling = <T extends { readonly at: Labels }>(entries: readonly T[], labels: Labels): T | undefined =>
  entries.filter(({ at }) => matches(labels, at)).sort((a, b) => Object.keys(b.at).length - Object.keys(a.at).length)[0];

function paperNumber(evaluate: Evaluate, labels: Labels): PaperNumber | undefined {
  const found: Published | undefined = mostTelling(evaluate.published ?? [], labels);
  if (found === undefined) return undefined;
  const { value, spread, fails = false, unverified } = found;
  return { fails, ...(value !== undefined && { value }), ...(spread !== undefined && { spread }), ...(unverified !== undefined && { unverified }) }; // prettier-ignore
}

/** The number of a run, in the unit of the recipe; a run that diverged guesses. */
export function numberOf({ unit, protocol }: Evaluate, log: RunLog): number {
  if (log.end?.reason === "diverged") return unit.of(1 / Math.max(1, log.start.classes?.length ?? 1));
  const found = judgedBy(log);
  return found.length === 0 ? NaN : unit.of(protocol.of(found));
}

/** What the paper finds of a combination against its baseline: better, worse, or alike; undefined where it says nothing. */
function paperDirection(
  { unit, claims = [] }: Evaluate,
  labels: Labels,
  own: PaperNumber | undefined,
  base: PaperNumber | undefined,
): { readonly is: Claim["is"]; readonly difference?: number; readonly claim?: string } | undefined {
  if (own !== undefined && base !== undefined) {
    if (own.fails || base.fails) return own.fails === base.fails ? undefined : { is: own.fails ? "worse" : "better", claim: own.fails ? "fails" : "better" }; // prettier-ignore
    if (own.value !== undefined && base.value !== undefined) {
      const difference = own.value - base.value;
      const spread = Math.sqrt((own.spread ?? 0) * (own.spread ?? 0) + (base.spread ?? 0) * (base.spread ?? 0));
      if (difference === 0 || Math.abs(difference) <= spread) return { is: "alike", difference };
      return { is: difference > 0 === (unit.better === "higher") ? "better" : "worse", difference };
    }
  }
  const claim = mostTelling(claims, labels);
  return claim && { is: claim.is, claim: `${claim.is}${claim.unverified === undefined ? "" : " *"}` };
}

function verdictOf({ unit }: Evaluate, test: Paired, is: Claim["is"] | undefined): Verdict {
  if (is === undefined) return "paper says nothing";
  if (test.count < 2) return "one seed";
  const shown = test.p < LEVEL;
  if (is === "alike") return shown ? "differs" : "alike";
  const better = test.mean > 0 === (unit.better === "higher");
  if (!shown) return "not shown";
  return better === (is === "better") ? "same" : "opposite";
}

type Half = Omit<GridRow, "difference">;

function differenceOf(evaluate: Evaluate, row: Half, base: Half): GridDifference {
  const pairs = row.values.flatMap((value, index) => {
    const other = base.values[index];
    return value === null || other === null || other === undefined ? [] : [value - other];
  });
  const direction = paperDirection(evaluate, row.labels, row.paper, base.paper);
  const about = {
    from: base.name,
    ...(direction?.difference !== undefined && { paper: direction.difference }),
    ...(direction?.claim !== undefined && { claim: direction.claim }),
  };
  if (pairs.length === 0) return { ...about, paired: { ...paired([0]), count: 0 }, verdict: "no runs" };
  const test = paired(pairs);
  return { ...about, paired: test, verdict: verdictOf(evaluate, test, direction?.is) };
}

/** The setting in a line: `ResNet ... 10,000 images, 8 epochs`. */
export function settingLine({ epochs, batch, trainImages, width, depth, lr }: Setting): string {
  return [
    ...(depth === undefined ? [] : [`depth ${depth}`]),
    ...(width === undefined ? [] : [`width ${width}`]),
    trainImages === undefined ? "all training images" : `${formatCount(trainImages)} training images`,
    `${epochs} ${epochs === 1 ? "epoch" : "epochs"}`,
    `batch ${batch}`,
    `learning rate ${lr}`,
  ].join(", ");
}

/** The commit that a run's recipe.json says it was made by; none of an installed package, or of a file that cannot be read. */
function recordedCommit({ recipe }: RunFolder): string[] {
  try {
    const { commit } = JSON.parse(readFileSync(recipe, "utf8")) as { readonly commit?: unknown };
    return typeof commit === "string" && /^[0-9a-f]{7,64}$/.test(commit) ? [commit] : [];
  } catch {
    return [];
  }
}

const same = (a: Labels, b: Labels): boolean => Object.keys(a).length === Object.keys(b).length && matches(a, b);

/** Gathers what there is; runs that are not done are gaps. `logs` are those of plan.runs, in order. */
export function gatherGrid(plan: Plan, logs: readonly (RunLog | undefined)[], command: string): Grid {
  const { experiment, combinations, seeds, setting, scale, file } = plan;
  const { evaluate, axes, title, paper, source, expects } = experiment;
  const telling = varying(axes, combinations);
  const halves = combinations.map((labels): Half => {
    const own = seeds.map((seed) => logs[plan.runs.findIndex((run) => run.seed === seed && same(run.choice, labels))] ?? null);
    const values = own.map((log) => (log === null ? null : numberOf(evaluate, log)));
    const known = values.filter((value) => value !== null);
    const number = paperNumber(evaluate, labels);
    return {
      name: combinationTitle(labels, telling),
      labels,
      values,
      diverged: own.filter((log) => log?.end?.reason === "diverged").length,
      mean: known.length > 0 ? meanOf(known) : NaN,
      spread: spreadOf(known),
      ...(number && { paper: number }),
      logs: own,
      measures: seeds.map((seed) => {
        const run = plan.runs.find((each) => each.seed === seed && same(each.choice, labels));
        return run ? readMeasures(run.folder) : [];
      }),
    };
  });
  const rows = halves.map((row): GridRow => {
    const wanted = baselineOf(row.labels, evaluate.against);
    const base = wanted && halves.find(({ labels }) => same(labels, wanted));
    return base ? { ...row, difference: differenceOf(evaluate, row, base) } : row;
  });
  const recorded = plan.runs.flatMap(({ folder }, index) => (logs[index] ? recordedCommit(folder) : []));
  const commit = recorded.length > 0 ? [...new Set(recorded)].join(", ") : packageCommit();
  return {
    name: file.name,
    title,
    source: `${paper.authors.split(",")[0]}${paper.authors.includes(",") ? " et al." : ""} ${paper.year}, ${source} (${paper.source})`,
    expects,
    scale,
    setting: settingLine(setting) + (scale === "smoke" ? ", of drawn shapes; this shows that it runs, and nothing else" : ""),
    unit: evaluate.unit.label,
    better: evaluate.unit.better,
    protocol: evaluate.protocol.label,
    axes: telling,
    ...(evaluate.sweep !== undefined && { sweep: evaluate.sweep }),
    curves: evaluate.curves ?? [],
    profiles: evaluate.profiles ?? [],
    maps: evaluate.maps ?? [],
    columns: evaluate.columns ?? [],
    streams: evaluate.streams ?? false,
    seeds,
    rows,
    command,
    ...(commit !== undefined && { commit }),
  };
}
