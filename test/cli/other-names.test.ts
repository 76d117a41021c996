// Names of flags in other programs: each leads to a flag that there is, and is none itself.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { withOwnName } from "../../ts/cli/other-names.ts";
import { makeProgram } from "../../ts/cli/program.ts";

const test = suite("cli/other-names");

test("each leads to a flag of train", async () => {
  const program = await makeProgram("train");
  const own = new Set(program.commands.find((command) => command.name() === "train")!.options.map(({ long }) => long));
  assert.ok(own.size > 40, `${own.size} flags`);
  for (const other of [
    "--learning-rate",
    "--batch",
    "--optimizer",
    "--label-smoothing",
    "--num-workers",
    "--out",
    "--checkpoint",
    "--arch",
  ]) {
    assert.not.ok(own.has(other), other);
    const [, meant] = /Did you mean (.*)\?\)$/.exec(withOwnName(`unknown option '${other}'`)) ?? [];
    assert.ok(meant !== undefined && own.has(meant), `${other}: ${String(meant)}`);
  }
});

test("all else stays as it is", () => {
  for (const message of ["unknown option '--modle' (Did you mean --model?)", "too many arguments", "unknown option '--constructor'"])
    assert.is(withOwnName(message), message);
});

test.run();
