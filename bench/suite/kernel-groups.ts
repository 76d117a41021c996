// Groups of kernel calls that are measured in turn, each with what bounds them: multiply-adds or copies.
import type { Kernel, Numbers, Role } from "../../ts/kernels/kernel.ts";
import { ceilingRun, copies, multiplyAdds } from "./ceiling.ts";
import { interleave, type Series, type Variant } from "./interleave.ts";
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

const BOUND = "bound";

interface Measurement {
  readonly group: Group;
  readonly bound: Series;
  /** Of one call of the bound. */
  readonly boundWork: number;
  readonly series: ReadonlyMap<string, Series>;
}

function rowsOf({ group, bound, boundWork, series }: Measurement): Measured[] {
  const unit: Unit = group.bound === "compute" ? "GFLOP/s" : "GB/s";
  const rows = group.calls.flatMap(({ name, work, elements }) => {
    const own = series.get(name);
    if (own === undefined) return [];
    const speed = (amount: number, kind: Unit): Measured =>
      measured({
        name,
        value: amount / median(own.medians) / 1e6,
        unit: kind,
        best: amount / own.best / 1e6,
        spread: spread(own.medians),
        cpu: own.cpu,
      });
    const share = work / boundWork / ratioOfTimes(own.medians, bound.medians).median;
    return [{ ...speed(work, unit), ceilingShare: share }, ...(elements === undefined ? [] : [speed(elements, "Gelem/s")])];
  });
  const ratios = (group.ratios ?? []).flatMap(({ name, slow, fast }) => {
    const over = series.get(slow);
    const under = series.get(fast);
    if (over === undefined || under === undefined) return [];
    const ratio = ratioOfTimes(over.medians, under.medians);
    return [measured({ name, value: ratio.median, unit: "speed ratio", best: over.best / under.best, spread: ratio.spread })];
  });
  return [...rows, ...ratios];
}

/** Measures the groups one after the other. Also gives the series of all bounds of multiply-adds, which tell how calm the machine was. */
export async function measureGroups(
  module: WebAssembly.Module,
  groups: readonly Group[],
  plan: Plan,
): Promise<{ rows: Measured[]; chains: Series[] }> {
  const room = new KernelRoom(module);
  const rows: Measured[] = [];
  const chains: Series[] = [];
  const chosen = groups
    .map((group) => ({ ...group, calls: group.calls.filter(({ name }) => isChosen(plan, name)) }))
    .filter(({ calls }) => calls.length > 0);
  for (const [index, group] of chosen.entries()) {
    progress(index, chosen.length, group.name);
    room.clear();
    const ceiling = group.bound === "compute" ? multiplyAdds(room) : copies(room, group.bound.copyBytes);
    const variants: Variant[] = [
      { name: BOUND, run: ceilingRun(room, ceiling) },
      ...group.calls.map(({ name, prepare }) => ({ name, run: prepare(room) })),
    ];
    const [first, ...rest] = await interleave(variants, {
      rounds: plan.rounds ?? (plan.quick ? 5 : 11),
      time: plan.quick ? 4 : 12,
      warmupTime: plan.quick ? 8 : 40,
      warmupCalls: 2,
    });
    if (group.bound === "compute") chains.push(first);
    rows.push(...rowsOf({ group, bound: first, boundWork: ceiling.work, series: new Map(rest.map((series) => [series.name, series])) }));
  }
  progress(chosen.length, chosen.length, "");
  return { rows, chains };
}
