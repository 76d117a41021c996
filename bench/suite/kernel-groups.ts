// Groups of kernel calls that are measured in turn, each with what bounds them: multiply-adds or copies. Kernels run on this thread
// alone, so what counts is CPU time: on a machine that others use, it holds where the clock does not.
import type { Kernel, Numbers, Role } from "../../ts/kernels/kernel.ts";
import { ceilingRun, copies, multiplyAdds } from "./ceiling.ts";
import { interleave, type Series } from "./interleave.ts";
import { KernelRoom } from "./kernel-room.ts";
import { isChosen, progress, type Plan } from "./plan.ts";
import { measured, type Measured, type Unit } from "./rows.ts";
import { median, ratioOfTimes, spread } from "./statistics.ts";

/** One call in a group. */
export interface Call {
  readonly name: string;
  /** Floating-point operations or bytes of one call, as the group's bound counts. */
  readonly work: number;
  /** Elements of one call, where speed is told in those too. */
  readonly elements?: number;
  readonly prepare: (room: KernelRoom) => () => void;
}

export interface Group {
  readonly name: string;
  /** Multiply-adds, or copies of that many bytes. */
  readonly bound: "compute" | { readonly copyBytes: number };
  readonly calls: readonly Call[];
  /** Pairs of calls by name: how many times as fast the second is. */
  readonly ratios?: readonly { readonly name: string; readonly slow: string; readonly fast: string }[];
}

/** A call of a kernel. */
export function callOf<B extends Record<string, Role>, N extends readonly string[]>(
  kernel: Kernel<B, N>,
  sizes: Numbers<N>,
): Call["prepare"] {
  return (room) => room.prepare(kernel, sizes);
}

/** Bytes that a kernel reads and writes, if it does each once. */
export function trafficOf<B extends Record<string, Role>, N extends readonly string[]>(kernel: Kernel<B, N>, sizes: Numbers<N>): number {
  const lengths: Readonly<Record<string, number>> = kernel.lengths(sizes);
  return kernel.order.reduce((sum, name) => sum + 4 * lengths[name] * (kernel.buffers[name] === "inout" ? 2 : 1), 0);
}

/** Milliseconds of a batch of calls, at least: the clocks are read once a batch. */
const BATCH = 0.2;

interface Batch {
  readonly run: () => void;
  readonly calls: number;
}

/** Warms a call up, and makes batches of calls that take long enough to be timed. */
function batchOf(run: () => void, warmup: number): Batch {
  const start = performance.now();
  let fastest = Infinity;
  for (let before = start, calls = 0; calls < 3 || before - start < warmup; calls++) {
    run();
    const after = performance.now();
    fastest = Math.min(fastest, after - before);
    before = after;
  }
  const calls = Math.ceil(BATCH / Math.max(fastest, BATCH / 10_000));
  return {
    calls,
    run: () => {
      for (let i = 0; i < calls; i++) run();
    },
  };
}

/** CPU milliseconds of one call in each round, and the best by either clock. */
interface Times {
  readonly rounds: readonly number[];
  readonly best: number;
  readonly cpu: number;
}

function timesOf({ cpuTimes, best, cpu }: Series, { calls }: Batch): Times {
  const rounds = cpuTimes.map((ms) => ms / calls);
  return { rounds, best: Math.min(best / calls, ...rounds), cpu };
}

interface Measurement {
  readonly group: Group;
  readonly bound: Times;
  /** Of one call of the bound. */
  readonly boundWork: number;
  readonly calls: ReadonlyMap<string, Times>;
}

function rowsOf({ group, bound, boundWork, calls }: Measurement): Measured[] {
  const unit: Unit = group.bound === "compute" ? "GFLOP/s" : "GB/s";
  const rows = group.calls.flatMap(({ name, work, elements }) => {
    const own = calls.get(name)!;
    const speed = (amount: number, kind: Unit): Measured => {
      const { rounds, best, cpu } = own;
      const value = amount / median(rounds) / 1e6;
      return measured({ name, unit: kind, value, best: amount / best / 1e6, spread: spread(rounds), cpu });
    };
    const share = work / boundWork / ratioOfTimes(own.rounds, bound.rounds).median;
    return [{ ...speed(work, unit), ceilingShare: share }, ...(elements === undefined ? [] : [speed(elements, "Gelem/s")])];
  });
  const ratios = (group.ratios ?? []).flatMap(({ name, slow, fast }) => {
    const over = calls.get(slow);
    const under = calls.get(fast);
    if (over === undefined || under === undefined) return [];
    const ratio = ratioOfTimes(over.rounds, under.rounds);
    return [measured({ name, value: ratio.median, unit: "speed ratio", best: over.best / under.best, spread: ratio.spread })];
  });
  return [...rows, ...ratios];
}

/** Measures the groups one after the other. Also gives the times of all multiply-adds, which tell how calm the machine was. */
export async function measureGroups(
  module: WebAssembly.Module,
  groups: readonly Group[],
  plan: Plan,
): Promise<{ readonly rows: Measured[]; readonly chain: number[] }> {
  const room = new KernelRoom(module);
  const rows: Measured[] = [];
  const chain: number[] = [];
  const chosen = groups
    .map((group) => ({ ...group, calls: group.calls.filter(({ name }) => isChosen(plan, name)) }))
    .filter(({ calls }) => calls.length > 0);
  const warmup = plan.quick ? 8 : 40;
  for (const [index, group] of chosen.entries()) {
    progress(index, chosen.length, group.name);
    room.clear();
    const ceiling = group.bound === "compute" ? multiplyAdds(room) : copies(room, group.bound.copyBytes);
    const runs = [ceilingRun(room, ceiling), ...group.calls.map(({ prepare }) => prepare(room))];
    const batches = runs.map((run) => batchOf(run, warmup));
    const series = await interleave(
      batches.map(({ run }, variant) => ({ name: String(variant), run })),
      { rounds: plan.rounds ?? (plan.quick ? 5 : 11), time: plan.quick ? 4 : 12 },
    );
    const [bound, ...rest] = series.map((own, variant) => timesOf(own, batches[variant]));
    const calls = new Map(group.calls.map(({ name }, call) => [name, rest[call]]));
    if (group.bound === "compute") chain.push(...bound.rounds);
    rows.push(...rowsOf({ group, bound, boundWork: ceiling.work, calls }));
  }
  progress(chosen.length, chosen.length, "");
  return { rows, chain };
}
