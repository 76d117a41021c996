// The ceilings of this machine, one thread alone and two at once: multiply-adds of four lanes in plain wasm, and copies between blocks
// that lie in a level of cache or in memory. Bytes are counted as read and as written.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { ThreadSetup, ThreadTask } from "./programs/calibrate-thread.ts";
import { ceilingRun, copies, multiplyAdds, type CeilingCall } from "./suite/ceiling.ts";
import { programFile } from "./suite/compile-programs.ts";
import { interleave, type Duration, type Variant } from "./suite/interleave.ts";
import { KernelRoom, openKernels } from "./suite/kernel-room.ts";
import { isChosen, type Findings, type Plan } from "./suite/plan.ts";
import { measured, type Measured, type Unit } from "./suite/rows.ts";
import { overBest, ratioOfTimes, spread, median } from "./suite/statistics.ts";

interface Ceiling {
  readonly name: string;
  readonly unit: Unit;
  readonly make: (room: KernelRoom) => CeilingCall;
}

const copy = (level: string, bytes: number): Ceiling => ({ name: `copy_${level}`, unit: "GB/s", make: (room) => copies(room, bytes) });

const CEILINGS: readonly Ceiling[] = [
  { name: "multiply_add", unit: "GFLOP/s", make: multiplyAdds },
  copy("l1", 12 * 2 ** 10),
  copy("l2", 192 * 2 ** 10),
  copy("l3", 4 * 2 ** 20),
  copy("dram", 96 * 2 ** 20),
];

/** Milliseconds that both threads run at once. */
const TOGETHER = 25;

class SecondThread {
  private readonly begun = new Int32Array(new SharedArrayBuffer(4));
  private readonly worker: Worker;

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory) {
    const workerData: ThreadSetup = { module, memory, begun: this.begun };
    this.worker = new Worker(programFile("calibrate-thread"), { workerData, execArgv: [] });
  }

  /** Calls a second of both threads at once, as milliseconds a call. */
  async together(run: () => void, { name, parameters }: CeilingCall): Promise<Duration> {
    Atomics.store(this.begun, 0, 0);
    const answer = once(this.worker, "message") as Promise<[number]>;
    const task: ThreadTask = { name, parameters, milliseconds: TOGETHER };
    this.worker.postMessage(task);
    Atomics.wait(this.begun, 0, 0);
    const start = performance.now();
    let calls = 0;
    let passed: number;
    do {
      run();
      calls++;
      passed = performance.now() - start;
    } while (passed < TOGETHER);
    const [others] = await answer;
    return { overriddenDuration: 1 / (calls / passed + others), overriddenIterationCost: passed };
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}

export async function measure(plan: Plan): Promise<Findings> {
  const { module } = openKernels(plan.wasm);
  const room = new KernelRoom(module);
  const chosen = CEILINGS.filter(({ name }) => isChosen(plan, name)).map((ceiling) => {
    const call = ceiling.make(room);
    return { ...ceiling, call, run: ceilingRun(room, call), other: ceiling.make(room) };
  });
  if (chosen.length === 0) return { rows: [], notes: [] };
  // The memory does not grow any more.
  const second = new SecondThread(module, room.memory);
  const variants: Variant[] = chosen.flatMap(({ name, run, other }) => [
    { name, run },
    { name: `${name} twice`, run: () => second.together(run, other), isAsync: true },
  ]);
  const series = await interleave(variants, {
    rounds: plan.rounds ?? (plan.quick ? 5 : 15),
    time: plan.quick ? 10 : 30,
    warmupCalls: 2,
  });
  await second.close();
  const rows = chosen.flatMap(({ name, unit, call }, index): Measured[] => {
    const [alone, twice] = series.slice(2 * index, 2 * index + 2);
    const speed = (ms: number): number => call.work / ms / 1e6;
    const row = ({ medians, best, cpu }: typeof alone, threads: number): Measured =>
      measured({ name, unit, threads, value: speed(median(medians)), best: speed(best), spread: spread(medians), cpu });
    const ratio = ratioOfTimes(alone.medians, twice.medians);
    return [
      row(alone, 1),
      row(twice, 2),
      measured({ name: `${name}_2_over_1`, unit: "speed ratio", threads: 2, value: ratio.median, best: ratio.best, spread: ratio.spread }),
    ];
  });
  const disturbance = 100 * Math.max(...series.map(({ medians }) => overBest(medians)));
  return {
    rows,
    notes: [
      "Two threads: what both do together, each on blocks of its own.",
      `The machine took up to ${disturbance.toFixed(0)} % longer for the same in the median round than in the best.`,
    ],
  };
}
