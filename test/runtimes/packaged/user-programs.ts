// The programs of a user who has perpend in node_modules, as JavaScript: they import "perpend", and the runtime's condition in package.json
// chooses the entry.

const START = `import * as perpend from "perpend";
import { alone, programOf, twentySteps } from "./twenty-steps.js";
`;

export const programs: Readonly<Record<string, string>> = {
  /** What every thread of a team imports. */
  "program.js": `${START}export const { createModel, createOptimizer } = programOf(perpend);\n`,
  /** Node, Deno and Bun. */
  "run.js": `${START}
const answer = await alone(perpend);
const module = new URL("./program.js", import.meta.url);
const team = await perpend.createTeam({ module, workers: 3 });
console.log(JSON.stringify({ ...answer, teams: { "3 threads": await twentySteps(perpend, team) } }));
`,
  "workerd.js": `${START}
export default { fetch: async () => Response.json(await alone(perpend)) };
`,
  /** A page's script that a bundler has joined, and the file of its workers. */
  "page.js": `${START}
export async function answer() {
  const worker = new URL("./team-worker.js", import.meta.url);
  const team = await perpend.createTeam({ program: programOf(perpend), worker, workers: 3 });
  if (team.notice !== null) throw new Error(team.notice);
  return { ...(await alone(perpend)), teams: { "3 workers": await twentySteps(perpend, team) } };
}
`,
  "team-worker.js": `${START}perpend.joinTeam(programOf(perpend));\n`,
  /** A page's script without a bundler: the package's own files for browsers, at an address. */
  "plain-page.js": `import * as perpend from "/perpend/ts/browser.js";
import { alone, twentySteps } from "./twenty-steps.js";

export async function answer() {
  const team = await perpend.createTeam({ module: new URL("./plain-program.js", import.meta.url), workers: 2 });
  if (team.notice !== null) throw new Error(team.notice);
  const { alone: digest } = await alone(perpend);
  return { "calling thread, no bundler": digest, "2 workers, no bundler": await twentySteps(perpend, team) };
}
`,
  "plain-program.js": `import * as perpend from "/perpend/ts/browser.js";
import { programOf } from "./twenty-steps.js";
export const { createModel, createOptimizer } = programOf(perpend);
`,
};

/** A page that does both, and tells what came out. */
export const page = `<!doctype html><title>perpend</title><script type="module">
const tell = (text) => fetch("/answer", { method: "POST", body: text });
try {
  const bundled = await (await import("/app/page.js")).answer();
  const plain = await (await import("/plain/plain-page.js")).answer();
  await tell(JSON.stringify({ ...bundled, teams: { ...bundled.teams, ...plain } }));
} catch (error) {
  await tell(String(error instanceof Error ? error.stack ?? error.message : error));
}
</script>`;
