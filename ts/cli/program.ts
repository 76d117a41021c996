// The subcommands of `perpend`, each loaded when it is called: most of the time it takes to begin is that of loading modules.
import { Command } from "commander";
import { packageVersion } from "./machine/package-info.ts";

/** How each is added, in the order of the help. */
const SUBCOMMANDS: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  quickstart: async () => (await import("./commands/quickstart.ts")).addQuickstart,
  train: async () => (await import("./commands/train.ts")).addTrain,
  evaluate: async () => (await import("./commands/evaluate.ts")).addEvaluate,
  predict: async () => (await import("./commands/predict.ts")).addPredict,
  verify: async () => (await import("./commands/verify.ts")).addVerify,
  diff: async () => (await import("./commands/diff.ts")).addDiff,
  report: async () => (await import("./commands/report.ts")).addReport,
  data: async () => (await import("./commands/data.ts")).addData,
  recipes: async () => (await import("./commands/recipes.ts")).addRecipes,
  reproduce: async () => (await import("./commands/reproduce.ts")).addReproduce,
  lab: async () => (await import("./commands/lab.ts")).addLab,
  info: async () => (await import("./commands/info.ts")).addInfo,
};

/** The command with the subcommand of that name, or with all of them for any other word. Errors are thrown, none is printed. */
export async function makeProgram(word?: string): Promise<Command> {
  const program = new Command("perpend")
    .description("Trains residual networks on plain CPUs, with the same bits everywhere.")
    .version(packageVersion(), "-V, --version")
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .addHelpText("after", "\n`perpend help train` and its like show examples.");
  const wanted = word !== undefined && Object.hasOwn(SUBCOMMANDS, word) ? [SUBCOMMANDS[word]] : Object.values(SUBCOMMANDS);
  for (const load of wanted) (await load())(program);
  return program;
}
