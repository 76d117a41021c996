// What a user typed, checked: one line says what it is and what was wanted, and names the nearest word where one is near.

/** A command line that cannot be carried out as it stands; exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** Letters to add, leave out, change or swap to get from one word to the other. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    before = last;
    last = row;
  }
  return last[b.length];
}

/** The word that was probably meant; undefined where none is near. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replace(/[-_ ]/g, "");
  let best: string | undefined;
  let least = Infinity;
  for (const each of words) {
    const steps = distance(plain(word), plain(each));
    if (steps < least) [best, least] = [each, steps];
  }
  if (best === undefined) return undefined;
  const begins = words.filter((each) => word.length >= 2 && plain(each).startsWith(plain(word)));
  if (begins.length === 1) return begins[0];
  return least <= Math.max(1, Math.floor(Math.max(word.length, best.length) * 0.4)) ? best : undefined;
}

/** `a, b or c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words[words.length - 1]}`;
}

/** One of these words. */
export function oneOf<const W extends string>(flag: string, words: readonly W[]): (text: string) => W {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    const meant = nearest(text, words);
    throw new UsageError(`${flag}: "${text}", wanted ${listed(words)}${meant === undefined ? "" : ` (did you mean ${meant}?)`}`);
  };
}

export interface Range {
  readonly least?: number;
  readonly most?: number;
  /** Larger than this. */
  readonly above?: number;
  /** Smaller than this. */
  readonly below?: number;
  readonly whole?: boolean;
}

function wanted({ least, most, above, below, whole = false }: Range): string {
  const bounds = [
    ...(least === undefined ? [] : [`at least ${least}`]),
    ...(above === undefined ? [] : [`above ${above}`]),
    ...(most === undefined ? [] : [`at most ${most}`]),
    ...(below === undefined ? [] : [`below ${below}`]),
  ];
  return `a ${whole ? "whole " : ""}number${bounds.length > 0 ? ` ${bounds.join(" and ")}` : ""}`;
}

/** A number of this range. */
export function number(flag: string, range: Range = {}): (text: string) => number {
  const { least = -Infinity, most = Infinity, above = -Infinity, below = Infinity, whole = false } = range;
  return (text) => {
    const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : NaN;
    const fits = value >= least && value <= most && value > above && value < below && Number.isFinite(value);
    if (!fits || (whole && !Number.isSafeInteger(value))) throw new UsageError(`${flag}: "${text}", wanted ${wanted(range)}`);
    return value;
  };
}

/** Numbers, as several words or with commas between: for variadic options. */
export function numbers(flag: string, range: Range = {}): (text: string, before: readonly number[] | undefined) => readonly number[] {
  const parse = number(flag, range);
  return (text, before) => [
    ...(before ?? []),
    ...text
      .split(",")
      .filter((part) => part !== "")
      .map(parse),
  ];
}
