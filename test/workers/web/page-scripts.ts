// Scripts of a page whose Web Workers make a team, over the package's own files for browsers. In one worker something goes wrong, once.

const PERPEND = `import * as perpend from "/perpend/ts/browser.js";
`;

/** What all threads train; `?n=0&explode=throw` says which worker it is, and what goes wrong in the first one's fifth step. */
const program = `${PERPEND}
const asked = typeof document === "undefined" ? new URL(location.href).searchParams : new URLSearchParams();
const explode = asked.get("n") === "0" ? asked.get("explode") : null;
let calls = 0;
export const createModel = () => perpend.resnetV2({ depth: 8, width: 8, classes: 10, seed: 7 });
export function loss(model, batch) {
  if (++calls === 5) {
    if (explode === "throw") throw new Error("exploded on purpose");
    if (explode === "uncaught") setTimeout(() => { throw new Error("exploded on purpose"); });
    if (explode === "close") close();
    if (explode === "hang") for (;;);
  }
  const logits = model.forward(batch.images);
  return { loss: perpend.crossEntropy(logits, batch.labels), logits };
}
`;

const training = `${PERPEND}
import * as program from "./program.js";

const data = perpend.shapes({ count: 192, seed: 3 });

/** The digest after two epochs of six steps each, and what befell workers. */
export async function train(pool) {
  const loader = new perpend.DataLoader(data, { batchSize: 32, shuffle: true, seed: 1 });
  const faults = [];
  let steps = 0;
  for (let epoch = 0; epoch < 2; epoch++)
    for await (const batch of loader.epoch(epoch)) {
      await pool.step(batch, { lr: 0.05 });
      // What happens between two tasks of a worker is seen a moment later.
      if (++steps === 5) await new Promise((done) => setTimeout(done, 50));
      faults.push(...(pool.takeFaults?.() ?? []));
    }
  const digest = perpend.digest(pool.model);
  await pool.close();
  return { digest, workers: pool.workers, notice: pool.notice ?? null, faults: faults.map(({ kind, message }) => kind + ": " + message) };
}

export const alone = () => train(new perpend.LocalPool(program));

export const ofModule = (workers) => perpend.createTeam({ module: new URL("./program.js", import.meta.url), workers });

export function withFault(explode) {
  let started = 0;
  const worker = () => new Worker(new URL("./member.js?n=" + started++ + "&explode=" + explode, import.meta.url), { type: "module" });
  return perpend.createTeam({ program, worker, workers: 2, patience: { least: 2 } });
}

export const withWorker = (name) => perpend.createTeam({ program, worker: new URL(name, import.meta.url), workers: 2 });
export const withModule = (name) => perpend.createTeam({ module: new URL(name, import.meta.url), workers: 2 });
export const joinHere = () => perpend.joinTeam(program);
`;

/** A page that does \`work\` with all of training.js as \`t\`, and tells its result, or what went wrong. */
export function pageOf(work: string): string {
  return `<!doctype html><title>team</title><script type="module">
import * as t from "/app/training.js";
const said = (work) => work().then(() => "nothing", (error) => error.message);
let answer;
try {
  answer = { value: await (async () => { ${work} })() };
} catch (error) {
  answer = { trouble: String(error.stack ?? error) };
}
await fetch("/answer", { method: "POST", body: JSON.stringify(answer) });
</script>`;
}

export const scripts: Readonly<Record<string, string>> = {
  "/app/program.js": program,
  "/app/training.js": training,
  "/app/member.js": `${PERPEND}import * as program from "./program.js";\nperpend.joinTeam(program);\n`,
  /** A worker that leads a team itself. */
  "/app/leader.js": `import { ofModule, train } from "./training.js";\nofModule(2).then(train).then((found) => postMessage(found));\n`,
  /** A program over a copy of its own, as a bundler that joined it alone would make one. */
  "/app/other-copy.js": program.replace("/perpend/ts/browser.js", "/copy/ts/browser.js"),
};
