// The command behind `npm test` and `npm run test:long`: builds what is stale, runs test/**/*.test.ts (with --long those in test/long and
// those that do more then, else all but those in test/long) and closes with the line `N passed, N failed`, with `, N skipped` where tests
// were skipped. Arguments that are no option select files by a part of their path.

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { freshBuild } from "./fresh-build.ts";
import { home, killAll, runTests } from "./runner.ts";
import type { Totals } from "./runner.ts";

const help = `npm test -- [options] [part of a path ...]
npm run test:long -- [options] [part of a path ...]
  --root DIR       where to look for *.test.ts (test)
  --long           what npm run test:long runs: tests in folders called long, and those that do more with PERPEND_LONG=1, which it sets; it
                   says first how long they take, and runs one after the other
  --limit SECONDS  longest time a file may take (120; with --long 600, and three times what the file says where that is more)
  --jobs N         files at a time (the number of cores; with --long 1)
  --no-build       test what build/ holds, however old`;

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`test/run: --${option} is ${text}, a number above 0 is wanted`);
  return value;
}

/** The last line of every run; its failures are the exit code. */
function close({ passed, failed, skipped }: Totals): void {
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  process.exitCode = failed > 0 ? 1 : 0;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      root: { type: "string", default: "test" },
      long: { type: "boolean", default: false },
      limit: { type: "string" },
      jobs: { type: "string" },
      "no-build": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(help);
  const { root, long } = values;
  const limit = positive("limit", values.limit ?? (long ? "600" : "120"));
  const jobs = Math.ceil(positive("jobs", values.jobs ?? (long ? "1" : String(availableParallelism()))));
  const start = performance.now();
  const seconds = (): string => `${((performance.now() - start) / 1000).toFixed(1)} s`;

  if (!values["no-build"]) {
    const { built, failure } = await freshBuild(home);
    if (failure !== null) {
      console.log(`FAIL  the build\n${failure.trimEnd()}`);
      return close({ passed: 0, failed: 1, skipped: 0 });
    }
    if (built.length > 0) console.log(`built ${built.join(" and ")} in ${seconds()}`);
  }
  const totals = await runTests({ root, parts: positionals, limit, jobs, long, print: (line) => console.log(line) });
  console.log(`\n${seconds()}`);
  close(totals);
}

for (const [signal, code] of [
  ["SIGHUP", 129],
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.on(signal, () => {
    killAll();
    process.exit(code);
  });
}

await main();
