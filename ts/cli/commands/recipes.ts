// perpend recipes: the experiments there are, what they cost and what should come out.
import type { Command } from "commander";
import type { Experiment } from "../../recipes/recipe.ts";
import type { Scale } from "../../recipes/setting.ts";
import { SCALES } from "../../recipes/setting.ts";
import { formatCount } from "../../report/numbers.ts";
import { chosenRecipes, loadRecipe, recipeFiles, type RecipeFile } from "../grid/recipe-files.ts";
import { costOf, expectedOptions } from "../grid/cost.ts";
import { settingLine } from "../grid/results.ts";
import { textTable } from "../terminal/text-table.ts";

interface Loaded {
  readonly file: RecipeFile;
  readonly experiment: Experiment;
}

interface Total {
  readonly runs: number;
  readonly flops: number;
  readonly bytes: number;
}

/** All runs of an experiment; `exact` looks at every combination, else the first stands for all. */
function totalOf({ file, experiment }: Loaded, scale: Scale, exact: boolean): Total {
  const setting = experiment.setting(scale);
  const combinations = experiment.combinations(scale);
  const looked = exact ? combinations : combinations.slice(0, 1);
  const costs = looked.map((choice) => costOf(experiment, expectedOptions(experiment, file.name, choice, scale, setting), scale));
  const mean = costs.reduce((sum, { flops }) => sum + flops, 0) / costs.length;
  const runs = combinations.length * setting.seeds;
  return { runs, flops: mean * runs, bytes: Math.max(...costs.map(({ bytes }) => bytes)) };
}

const flopText = (flops: number): string => (flops < 1e15 ? `${(flops / 1e12).toFixed(flops < 1e13 ? 1 : 0)} TFLOP` : `${formatCount(flops / 1e15)} PFLOP`); // prettier-ignore

function list(recipes: readonly Loaded[]): string {
  const parts: string[] = [];
  for (const paper of new Set(recipes.map(({ file }) => file.paper))) {
    const own = recipes.filter(({ file }) => file.paper === paper);
    const { title, authors, year, source } = own[0].experiment.paper;
    const rows = own.map((recipe) => {
      const { runs, flops } = totalOf(recipe, "desk", false);
      return [`  ${recipe.file.name}`, `${runs} runs`, flopText(flops), recipe.experiment.source, recipe.experiment.title];
    });
    parts.push(`${title}\n${authors} ${year}, ${source}`, `${textTable(rows, [0, 3, 4])}\n`);
  }
  return parts.join("\n");
}

function describe(recipe: Loaded): string {
  const { file, experiment } = recipe;
  const { title, paper, source, expects, axes } = experiment;
  const scales = SCALES.map((scale) => {
    const { runs, flops, bytes } = totalOf(recipe, scale, scale !== "paper");
    return [
      `  ${scale}`,
      `${runs} runs`,
      flopText(flops),
      `${formatCount(Math.ceil(bytes / 2 ** 20))} MiB`,
      settingLine(experiment.setting(scale)),
    ];
  });
  return [
    `${file.name}: ${title}`,
    `  ${paper.authors} ${paper.year}, ${source} (${paper.source})`,
    `  expected  ${expects}`,
    ...axes.map(({ name, labels }) => `  vary      ${name}: ${labels.join("; ")}`),
    textTable(scales, [0, 4]),
    "",
  ].join("\n");
}

async function recipes(word: string | undefined): Promise<void> {
  const files = word === undefined ? recipeFiles() : chosenRecipes(word);
  const loaded: Loaded[] = [];
  for (const file of files) loaded.push({ file, experiment: await loadRecipe(file) });
  process.stdout.write(word === undefined ? list(loaded) : `${loaded.map(describe).join("\n")}`);
}

export function addRecipes(program: Command): void {
  program
    .command("recipes")
    .summary("list the papers' experiments")
    .description(
      "Lists the experiments that `perpend reproduce` runs, with their cost at desk scale; of one paper or experiment, everything.",
    )
    .argument("[paper[/experiment]]", "only these, in full")
    .addHelpText(
      "after",
      `
Examples:
  perpend recipes
  perpend recipes orthogonal-update/skip-kinds`,
    )
    .action((word: string | undefined) => recipes(word));
}
