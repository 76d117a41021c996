// Teams on the worker threads of Node, Deno and Bun.
import { ownModule } from "../../ts/own-files.ts";
import type { Program } from "../../ts/train/index.ts";
import { Team, type TeamOptions } from "../team.ts";
import { PiscinaThread } from "./thread.ts";

export interface NodeTeamOptions extends TeamOptions {
  /** Address of the program's module: `new URL("./program.js", import.meta.url)`. */
  readonly module: URL;
}

/** Starts a team and makes its model. The workers may still be loading their modules: the first step waits for them. */
export function openTeam({ module, ...options }: NodeTeamOptions): Promise<Team> {
  // A path would be taken relative to this file.
  if (!(module instanceof URL)) throw new Error(`createTeam: module ${String(module)}, wanted new URL("./program.js", import.meta.url)`);
  const filename = ownModule("workers/node/worker").href;
  return Team.open(options, {
    start: (setup) => new PiscinaThread(filename, setup),
    address: module.href,
    load: async () => (await import(module.href)) as Program,
  });
}

/** Starts a team; resolves when all workers are ready. */
export async function createTeam(options: NodeTeamOptions): Promise<Team> {
  return (await openTeam(options)).whenReady();
}
