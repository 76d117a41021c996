// Makes a Web Worker a member of a team.
import type { Program, ProgramModule } from "../../ts/train/program.ts";
import { Member } from "../member.ts";
import { webLocks, type FromMember, type ToMember } from "./messages.ts";

declare const WorkerGlobalScope: unknown;

const tell = (message: FromMember): void => postMessage(message);

async function load(address: string): Promise<Program> {
  try {
    return (await import(/* @vite-ignore */ /* webpackIgnore: true */ address)) as Program;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(message.includes(address) ? message : `${address} could not be loaded: ${message}`, { cause: error });
  }
}

/** Holds the lock until the thread ends: that is how its team sees the end of it. */
async function hold(lock: string): Promise<void> {
  const locks = webLocks();
  if (locks === undefined) return;
  await new Promise<void>((held) => {
    void locks.request(lock, () => {
      held();
      return new Promise<never>(() => {});
    });
  });
}

/**
 * Makes this Web Worker a member of the team that started it. A worker's file of its own calls it once, with the program where a bundler
 * has joined the two: `joinTeam(program)`. Error: called outside a Web Worker.
 */
export function joinTeam(program: ProgramModule | null = null): void {
  if (typeof WorkerGlobalScope === "undefined") throw new Error("joinTeam: called outside a Web Worker, wanted the file of one");
  let member: Member | null = null;
  let begun: Promise<void> = Promise.resolve();
  addEventListener("message", ({ data }: MessageEvent<ToMember>) => {
    if (data.type === "begin") {
      const { setup, thread, lock } = data;
      begun = hold(lock).then(() => {
        tell({ type: "begun" });
        member = new Member(setup, {
          thread,
          load: () => (program === null ? load(setup.program ?? "") : Promise.resolve(program as Program)),
        });
      });
      return;
    }
    const { number, task } = data;
    void begun.then(() => member!.run(task)).then((answer) => tell({ type: "answer", number, answer }));
  });
  tell({ type: "here" });
}
