// Mutants that compute what the original computes, as somebody has seen who read them: no test can catch them. They are known by their line.
import type { Mutant } from "./kernel-mutants.ts";

interface Equivalent extends Pick<Mutant, "path" | "from" | "to"> {
  /** The line, without the space around it. */
  readonly line: string;
  readonly why: string;
}

const UNUSED_LANE = "a lane of the shuffle that nobody reads";
const BOTH_PATHS = "both paths give the same bits there";
const UNUSED_WORK = "computes what is not used then";

export const equivalents: readonly Equivalent[] = [
  {
    path: "assembly/simd/reduce.ts",
    line: "return f32x4.extract_lane(f32x4.pmax(b0, v128.shuffle<f32>(b0, b0, 1, 0, 3, 2)), 0);",
    from: "3",
    to: "4",
    why: UNUSED_LANE,
  },
  {
    path: "assembly/simd/softmax.ts",
    line: "a = f32x4.pmax(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));",
    from: "1",
    to: "2",
    why: UNUSED_LANE,
  },
  {
    path: "assembly/simd/weighted-update.ts",
    line: "if (parts & BRANCH) affine(factors + 4, u, branches, length, shifts);",
    from: "&",
    to: "|",
    why: UNUSED_WORK,
  },
  {
    path: "assembly/simd/weighted-update.ts",
    line: "if (parts & STREAM) row_scale_f32(factors, x, streams, 1, length);",
    from: "&",
    to: "|",
    why: UNUSED_WORK,
  },
  {
    path: "assembly/simd/rowwise.ts",
    line: "if (cols > ROW_BLOCK) backwardLong(x, u, s, dy, dx, du, rows, cols, eps);",
    from: ">",
    to: ">=",
    why: BOTH_PATHS,
  },
  {
    path: "assembly/simd/rowwise.ts",
    line: "else if ((cols & 15) == 0 && cols > 0) backwardWhole(x, u, s, dy, dx, du, scratch, rows, cols, eps);",
    from: ">",
    to: "<",
    why: BOTH_PATHS,
  },
  {
    path: "assembly/simd/group-norm.ts",
    line: "const rstd = 1 / sqrt<f64>((variance < 0 ? 0 : variance) + eps);",
    from: "<",
    to: "<=",
    why: "0 is 0 either way",
  },
  {
    path: "assembly/simd/softmax.ts",
    line: "store<f32>(loss, cols > 0 ? weight * logOf(sum) - inner : 0);",
    from: "0",
    to: "1",
    why: "the loss of one class is 0",
  },
  {
    path: "assembly/simd/weighted-rows.ts",
    line: "for (let from = 0; from < rows; from += step) {",
    from: "<",
    to: "<=",
    why: "a turn without rows adds 0",
  },
  {
    path: "assembly/simd/pool.ts",
    line: "for (; at + 64 <= pixel; at += 64) windowMaximum16(corner + at, y + at, index + at, r0, r1, s0, s1, size, row, pixel);",
    from: "+",
    to: "-",
    why: "0 - 64 is no small number: the loop behind does it all, later",
  },
  {
    path: "assembly/simd/transcendental.ts",
    line: "89,",
    from: "89",
    to: "90",
    why: "e^89 is infinite already",
  },
  {
    path: "assembly/simd/winograd-tiles.ts",
    line: "const spare = room + pixel * 36;",
    from: "36",
    to: "37",
    why: "scratch memory, of which there is more",
  },
  {
    path: "assembly/simd/group-norm.ts",
    line: "memory.fill(total, 0, 2 * sums);",
    from: "0",
    to: "1",
    why: "sums that begin at 8e-304 instead of 0 end as the same float32",
  },
  {
    path: "assembly/simd/conv-input-gradient.ts",
    line: "return reach > 0 ? reach / stride : 0;",
    from: ">",
    to: ">=",
    why: "0 is 0 either way",
  },
  {
    path: "assembly/simd/conv-input-gradient.ts",
    line: "const blockRows = images > 1 ? rows : min(rows, max(1, 256 / max(1, columns)));",
    from: "/",
    to: "*",
    why: "rows at a time: the speed alone",
  },
  {
    path: "assembly/simd/copy-strided.ts",
    line: "const width = min(8, n - j);",
    from: "8",
    to: "9",
    why: "copies a column twice",
  },
  {
    path: "assembly/simd/copy-strided.ts",
    line: "if (n >= 256) {",
    from: "256",
    to: "257",
    why: BOTH_PATHS,
  },
  {
    path: "assembly/simd/random.ts",
    line: "for (let i = cols; i > 0; i -= 32, first += 8) {",
    from: ">",
    to: ">=",
    why: "a turn without values writes none",
  },
  {
    path: "assembly/simd/rowwise.ts",
    line: "for (let from = 0; from < rows; from += step) {",
    from: "<",
    to: "<=",
    why: "a turn without rows does nothing",
  },
  {
    path: "assembly/simd/channel-sums.ts",
    line: "return c > 2 * NARROW ? 2 : c > NARROW ? 4 : STRIP;",
    from: ">",
    to: ">=",
    why: "rows at a time: no sum depends on them",
  },
  {
    path: "assembly/simd/power.ts",
    line: "const y = exp2(max<f64>(-1000, min<f64>(1000, b * log2(x))));",
    from: "1000",
    to: "1001",
    why: "infinite or 0 as a float32 already",
  },
  {
    path: "assembly/simd/transcendental.ts",
    line: "const small = f32x4.lt(x, constant(LOG, 0));",
    from: "lt",
    to: "le",
    why: BOTH_PATHS,
  },
];

/** Why a mutant computes what the original computes; undefined of one of which nobody said so. `source` is the original's text. */
export function equivalenceOf({ path, line, from, to }: Mutant, source: string): string | undefined {
  const text = source.split("\n")[line - 1].trim();
  return equivalents.find((each) => each.path === path && each.line === text && each.from === from && each.to === to)?.why;
}
