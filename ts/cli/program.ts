// The subcommands of `perpend`.
import { Command } from "commander";
import { addData } from "./data.ts";
import { addEvaluate } from "./evaluate.ts";
import { addInfo } from "./info.ts";
import { packageVersion } from "./package-info.ts";
import { addPredict } from "./predict.ts";
import { addQuickstart } from "./quickstart.ts";
import { addReport } from "./report.ts";
import { addTrain } from "./train.ts";

/** The whole command; errors are thrown, none is printed. */
export function makeProgram(): Command {
  const program = new Command("perpend")
    .description("Trains residual networks on plain CPUs, with the same bits everywhere.")
    .version(packageVersion(), "-V, --version")
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .addHelpText("after", "\n`perpend help train` and its like show examples.");
  for (const add of [addQuickstart, addTrain, addEvaluate, addPredict, addReport, addData, addInfo]) add(program);
  return program;
}
