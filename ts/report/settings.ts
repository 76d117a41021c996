// The settings of the runs, what differs first; the machine, the digest and how to repeat a run.
import type { Json, Machine } from "../train/events.ts";
import { swatch, type RunLabel } from "./figure.ts";
import { html, type Html } from "./html.ts";
import type { RunLog } from "./run-log.ts";

export interface LabeledRun {
  readonly label: RunLabel;
  readonly run: RunLog;
}

/** A recipe as paths and values: `optimizer.momentum` -> `0.9`. */
export function flatten(value: Json, path = ""): Map<string, string> {
  const flat = new Map<string, string>();
  if (Array.isArray(value) && (value as readonly Json[]).every((each) => typeof each !== "object" || each === null)) {
    flat.set(path, (value as readonly Json[]).map(textOf).join(", "));
  } else if (typeof value === "object" && value !== null && Object.keys(value).length > 0) {
    for (const [name, each] of Object.entries(value)) {
      for (const [inner, text] of flatten(each as Json, path === "" ? name : `${path}.${name}`)) flat.set(inner, text);
    }
  } else flat.set(path, textOf(value));
  return flat;
}

function textOf(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function settingsOf({ start }: RunLog): Map<string, string> {
  const { model, epochs, shards, workers, seed } = start;
  const flat = flatten(start.recipe);
  for (const [name, value] of Object.entries({ model, epochs, seed, shards, workers })) if (!flat.has(name)) flat.set(name, String(value));
  return flat;
}

/** The settings; of several runs what differs first, side by side. */
export function settings(runs: readonly LabeledRun[]): Html {
  const all = runs.map(({ run }) => settingsOf(run));
  const names = [...new Set(all.flatMap((each) => [...each.keys()]))];
  const differing = names.filter((name) => new Set(all.map((each) => each.get(name))).size > 1);
  const same = names.filter((name) => !differing.includes(name));
  const shared = html`<dl class="facts many">${same.map((name) => fact(breakable(name), all[0].get(name) ?? ""))}</dl>`;
  if (runs.length === 1) return shared;
  return html`${differing.length > 0 ? comparison(differing, runs, all) : html`<p class="note">The runs have the same settings.</p>`}
    <details>
      <summary>What is the same: ${same.length} settings</summary>
      ${shared}
    </details>`;
}

/** Room that a column of the comparison wants, in pixels; the table scrolls by itself where there is less. */
const COLUMN = 104;

function comparison(names: readonly string[], runs: readonly LabeledRun[], all: readonly ReadonlyMap<string, string>[]): Html {
  return html`<h3>What differs</h3>
    <div class="scroll">
      <table class="settings" style="min-width:${(runs.length + 1) * COLUMN}px">
        <thead>
          <tr>
            <th scope="col">setting</th>
            ${runs.map(({ label }) => html`<th scope="col">${swatch(label.index)}${label.name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${names.map(
            (name) =>
              html`<tr>
                <th scope="row">${breakable(name)}</th>
                ${runs.map((_, i) => html`<td>${all[i].get(name) ?? html`<span class="none">not set</span>`}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

/** A path may break behind its dots. */
function breakable(path: string): Html {
  const parts = path.split(".");
  return html`${parts.map((part, i) => html`${part}${i < parts.length - 1 && html`.<wbr />`}`)}`;
}

function machineRows({ cpu, cores, memoryBytes, platform, architecture, runtime, engine }: Machine): [string, string][] {
  return [
    ["CPU", `${cpu}, ${cores} ${cores === 1 ? "core" : "cores"}`],
    ["Memory", `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`],
    ["System", `${platform}, ${architecture}`],
    ["Engine", `${runtime}, ${engine}`],
  ];
}

/** Machine, versions, digest and command of each run; a machine that all share is told once. */
export function reproduction(runs: readonly LabeledRun[]): Html {
  const machines = runs.map(({ run: { start } }) => [...machineRows(start.machine), ...Object.entries(start.versions)]);
  const shared = machines.every((each) => JSON.stringify(each) === JSON.stringify(machines[0]));
  // The relaxed build trades the same bits for speed.
  const exact = runs.every(({ run: { start } }) => !Object.values(start.versions).some((version) => version.includes("relaxed")));
  return html`${shared && facts(machines[0])}
    <div class="repeats">
      ${runs.map(({ label, run }, i) => {
        const { start, end } = run;
        const rows: [string, string][] = shared ? [] : [...machines[i]];
        rows.push(["Seed", String(start.seed)]);
        if (start.startedAt !== undefined)
          rows.push(["Started", start.startedAt.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)[\d:.]*Z$/, "$1 $2 UTC")]);
        return html`<article class="repeat">
          ${runs.length > 1 && html`<h3>${swatch(label.index)}${label.name}</h3>`} ${facts(rows)}
          ${
            end !== undefined &&
            html`<p class="label">Digest of the final weights (SHA-256)</p>
              <code class="digest">${end.digest}</code>`
          }
          ${
            start.command !== undefined &&
            html`<p class="label">Repeat it</p>
              <pre><code>${start.command.split(" ").map((word) => html`<span>${word}</span> `)}</code></pre>`
          }
        </article>`;
      })}
    </div>
    ${exact && html`<p class="note">The same command gives the same digest with any number of workers.</p>`}`;
}

function facts(rows: readonly (readonly [string, string])[]): Html {
  return html`<dl class="facts">${rows.map(([name, value]) => fact(name, value))}</dl>`;
}

function fact(name: string | Html, value: string): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}
