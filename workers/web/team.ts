// Teams of Web Workers. Whoever starts one may be a page or a worker: it waits for nothing but messages. Where workers cannot share
// memory, the calling thread trains alone, to the same bits.
import { setBackend } from "../../ts/autograd/index.ts";
import { createWasmBackend } from "../../ts/backend/index.ts";
import { ownModule } from "../../ts/own-files.ts";
import { LocalPool, type Pool, type Program, type ProgramModule } from "../../ts/train/index.ts";
import { Team, type TeamOptions } from "../team.ts";
import { WebThread, type WorkerFile } from "./thread.ts";

/** The program as a module with an address of its own, which workers import. */
interface ByAddress {
  /** `new URL("./program.js", import.meta.url)`; it must import the copy of perpend that createTeam is of. */
  readonly module: URL;
}

/** The program in a worker's file of its own, which calls `joinTeam(program)`: for bundlers. */
interface ByFile {
  readonly program: ProgramModule;
  /** Its address, or what starts it: `() => new Worker(new URL("./team-worker.ts", import.meta.url), { type: "module" })`. */
  readonly worker: URL | (() => Worker);
}

export type WebTeamOptions = Omit<TeamOptions, "kernels"> & Partial<Pick<TeamOptions, "kernels">> & (ByAddress | ByFile);

/** A team, or the calling thread in its place. */
export interface WebTeam extends Pool {
  /** Why the calling thread trains alone; null where workers do. */
  readonly notice: string | null;
}

declare const crossOriginIsolated: boolean | undefined;

/** Why workers cannot train here, as a sentence; null where they can. */
export function teamObstacle(): string | null {
  const alone = "training runs on the calling thread alone";
  if (typeof Worker === "undefined") return `perpend: no Web Workers here, ${alone}`;
  if (typeof SharedArrayBuffer === "undefined" || (typeof crossOriginIsolated === "boolean" && !crossOriginIsolated))
    return (
      `perpend: this page is not cross-origin isolated, so that workers cannot share memory: ${alone}; ` +
      "serve it with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp"
    );
  return null;
}

function fileOf(options: WebTeamOptions): WorkerFile {
  const { worker = ownModule("workers/web/worker") } = options as Partial<ByFile>;
  if (typeof worker === "function") return { address: "the team's worker", make: worker };
  return { address: worker.href, make: () => new Worker(worker, { type: "module", name: "perpend worker" }) };
}

/** Starts a team; resolves when all workers are ready. Errors: bad counts; a worker that cannot be loaded, a program that cannot be made. */
export async function createTeam(options: WebTeamOptions & Pick<TeamOptions, "kernels">): Promise<WebTeam> {
  const address = "module" in options ? options.module.href : null;
  const load = async (): Promise<Program> =>
    (address === null ? (options as ByFile).program : await import(/* @vite-ignore */ /* webpackIgnore: true */ address)) as Program;
  const notice = teamObstacle();
  if (notice !== null) {
    const { kernels, emaDecay, options: given = {} } = options;
    setBackend(createWasmBackend(kernels));
    const alone = new LocalPool(await load(), { options: given, ...(emaDecay !== undefined && { emaDecay }) });
    return Object.assign(alone, { notice });
  }
  const file = fileOf(options);
  const team = await Team.open(options, { start: (setup) => new WebThread(file, setup), address, load });
  return Object.assign(await team.whenReady(), { notice: null });
}
