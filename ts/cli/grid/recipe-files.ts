// The recipes there are: a file each in ts/recipes/<paper>/. Beside them a folder has `paper.ts`, which is none.
import { readdirSync } from "node:fs";
import { moduleEnding, ownModule } from "../../own-files.ts";
import type { Experiment } from "../../recipes/recipe.ts";
import { nearest, UsageError } from "../settings/usage.ts";

const ENDING = moduleEnding;
const folder = ownModule("ts/recipes/");
const SHARED = "paper";

export interface RecipeFile {
  /** `<paper>/<experiment>`. */
  readonly name: string;
  readonly paper: string;
  /** The module: a program, and the recipe itself as its default export. */
  readonly url: URL;
}

/** Recipes by paper, as the folders have them. */
export function recipeFiles(): readonly RecipeFile[] {
  const papers = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return papers
    .map(({ name }) => name)
    .sort()
    .flatMap((paper) =>
      readdirSync(new URL(`${paper}/`, folder))
        .filter((file) => file.endsWith(ENDING) && !file.endsWith(`.d${ENDING}`))
        .map((file) => file.slice(0, -ENDING.length))
        .filter((experiment) => experiment !== SHARED)
        .sort()
        .map((experiment) => ({ name: `${paper}/${experiment}`, paper, url: new URL(`${paper}/${experiment}${ENDING}`, folder) })),
    );
}

/** The recipes that `PAPER` or `PAPER/EXPERIMENT` names. Error: a word that names none, with the nearest. */
export function chosenRecipes(word: string, files: readonly RecipeFile[] = recipeFiles()): readonly RecipeFile[] {
  const found = files.filter(({ name, paper }) => name === word || paper === word);
  if (found.length > 0) return found;
  const papers = [...new Set(files.map(({ paper }) => paper))];
  const [asked] = word.split("/");
  const inPaper = files.filter(({ paper }) => paper === asked);
  const words = inPaper.length > 0 ? inPaper.map(({ name }) => name) : papers;
  const meant = nearest(word, inPaper.length > 0 ? words : [...papers, ...files.map(({ name }) => name)]);
  throw new UsageError(
    `"${word}" is no ${inPaper.length > 0 ? `experiment of ${asked}` : "paper"}, wanted ${words.join(", ")}` +
      `${meant === undefined ? "" : ` (did you mean ${meant}?)`}`,
  );
}

export async function loadRecipe({ name, url }: RecipeFile): Promise<Experiment> {
  let experiment: Experiment | undefined;
  try {
    ({ default: experiment } = (await import(url.href)) as { readonly default?: Experiment });
  } catch (error) {
    // A recipe's choices are made when it is read.
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
  }
  if (typeof experiment?.combinations !== "function") throw new Error(`${name}: no recipe as its default export, wanted recipe({ ... })`);
  return experiment;
}
