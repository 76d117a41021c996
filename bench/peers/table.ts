// From the times of all peers to Markdown: medians, best steps, and ratios of steps of the same round.

export interface Row {
  /** The library with its version and form. */
  readonly peer: string;
  readonly runtime: string;
  readonly threads: number;
  /** Images a step. */
  readonly batch: number;
  /** Milliseconds by round; a peer that took too long has fewer. */
  readonly ms: readonly number[];
  /** Largest memory of its process, in bytes. */
  readonly memory: number;
  /** It is perpend, which the others are compared with. */
  readonly own: boolean;
}

export const beginMark = "<!-- peers:begin -->";
export const endMark = "<!-- peers:end -->";

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Images a second by round. */
function rates({ ms, batch }: Row): number[] {
  return ms.map((time) => (1000 * batch) / time);
}

/** How many times as fast as `row` perpend is: the median over rounds that both ran in. */
export function ratio(own: Row, row: Row): number {
  const theirs = rates(row);
  return median(
    rates(own)
      .slice(0, theirs.length)
      .map((rate, round) => rate / theirs[round]),
  );
}

const digits = (value: number): string => value.toFixed(value < 10 ? 1 : 0);

/** One table: rows in the order given, a column of ratios for each runtime that perpend ran in. */
export function tableOf(rows: readonly Row[]): string {
  const runtimes = [...new Set(rows.filter(({ own }) => own).map(({ runtime }) => runtime))];
  const head = [
    "peer",
    "runtime",
    "threads",
    "images/s, median",
    "best",
    "steps",
    "MiB",
    ...runtimes.map((each) => `perpend on ${each}, times`),
  ];
  const lines = rows.map((row) => {
    const all = rates(row);
    const times = runtimes.map((runtime) => {
      const own = rows.find((other) => other.own && other.runtime === runtime && other.threads === row.threads);
      if (own === undefined) return "";
      const value = ratio(own, row);
      return value.toFixed(value < 10 ? 2 : 0);
    });
    return [
      row.peer,
      row.runtime,
      String(row.threads),
      digits(median(all)),
      digits(Math.max(...all)),
      String(row.ms.length),
      (row.memory / 2 ** 20).toFixed(0),
      ...times,
    ];
  });
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, index) => (index < 2 ? "---" : "---:"))), ...lines.map(line)].join("\n");
}

/** A text with what stands between the marks replaced. Error: marks that are not there. */
export function replaceBetweenMarks(text: string, content: string, file: string): string {
  const begin = text.indexOf(beginMark);
  const end = text.indexOf(endMark);
  if (begin < 0 || end < begin) throw new Error(`peers: ${file} without ${beginMark} and ${endMark}, wanted both, in this order`);
  return `${text.slice(0, begin + beginMark.length)}\n\n${content.trim()}\n\n${text.slice(end)}`;
}
