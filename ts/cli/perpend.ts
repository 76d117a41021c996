#!/usr/bin/env node
// The command `perpend`, and what becomes of errors. Exit codes: 0 done, 1 failed, 2 not understood, 130 stopped.
import { CommanderError } from "commander";
import { withOwnName } from "./other-names.ts";
import { makeProgram } from "./program.ts";
import { nearest, UsageError } from "./settings/usage.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Commander's message in our form: one line, without its prefix. */
function messageOf(error: CommanderError): string {
  const message = error.message
    .replace(/^error: /, "")
    .replace(/\s*\n\s*/g, " ")
    .replace(/\.$/, "");
  return process.argv[2] === "train" ? withOwnName(message) : message;
}

function fail(error: unknown): void {
  if (error instanceof CommanderError) {
    // --help and --version end this way too.
    if (error.exitCode === 0) return;
    const help = error.code === "commander.help";
    if (!help) process.stderr.write(`perpend: ${messageOf(error)}\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`perpend: ${message.replace(/\s*\n\s*/g, " ")}\n`);
  if (process.env["PERPEND_DEBUG"] && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
  process.exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
}

// A reader that has seen enough, as `head`, closes the pipe.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : EXIT_FAILED));

async function main(): Promise<void> {
  try {
    const [word] = process.argv.slice(2);
    const program = await makeProgram(word);
    if (word === undefined) program.help({ error: false });
    const names = program.commands.map((command) => command.name());
    if (!word.startsWith("-") && word !== "help" && !names.includes(word)) {
      const meant = nearest(word, names);
      throw new UsageError(`"${word}" is no command, wanted ${names.join(", ")}${meant === undefined ? "" : ` (did you mean ${meant}?)`}`);
    }
    await program.parseAsync();
  } catch (error) {
    fail(error);
  }
}

void main();
