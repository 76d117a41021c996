// The programs of a user who has perpend in node_modules, as JavaScript: they import "perpend", and the runtime's condition in package.json
// chooses the entry.

const START = `import * as perpend from "perpend";
import { alone, programOf, twentySteps } from "./twenty-steps.js";
`;

/** A page's way to say what came out. */
const tell = (answer: string): string => `
const tell = (text) => fetch("/answer", { method: "POST", body: text });
try {
  await tell(JSON.stringify(await (async () => {${answer}})()));
} catch (error) {
  await tell(String(error instanceof Error ? error.stack ?? error.message : error));
}
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
  /** A page whose files a bundler has joined, and the file of its workers. */
  "page.js": `${START}${tell(`
  const answer = await alone(perpend);
  const worker = new URL("./team-worker.js", import.meta.url);
  const team = await perpend.createTeam({ program: programOf(perpend), worker, workers: 3 });
  if (team.notice !== null) throw new Error(team.notice);
  return { ...answer, teams: { "3 workers": await twentySteps(perpend, team) } };`)}`,
  "team-worker.js": `${START}perpend.joinTeam(programOf(perpend));\n`,
  /** A page without a bundler: the package's own files for browsers, at an address. */
  "plain-page.js": `import * as perpend from "/perpend/ts/browser.js";
import { alone, twentySteps } from "./twenty-steps.js";
${tell(`
  const answer = await alone(perpend);
  const team = await perpend.createTeam({ module: new URL("./plain-program.js", import.meta.url), workers: 2 });
  if (team.notice !== null) throw new Error(team.notice);
  return { ...answer, teams: { "2 workers": await twentySteps(perpend, team) } };`)}`,
  "plain-program.js": `import * as perpend from "/perpend/ts/browser.js";
import { programOf } from "./twenty-steps.js";
export const { createModel, createOptimizer } = programOf(perpend);
`,
};
