// Shaders of one invocation an element: the body sees `i`, below u.length.
import type { Source, Use } from "./source.ts";

export const THREADS = 256;

interface EachSpec {
  readonly name: string;
  readonly buffers: Readonly<Record<string, Use>>;
  readonly integers?: readonly string[];
  readonly floats?: readonly string[];
  readonly declarations?: string;
  readonly body: string;
}

/** One invocation for each i below u.length. */
export function each({ name, buffers, integers = [], floats = [], declarations = "", body }: EachSpec): Source {
  return {
    name,
    buffers,
    integers: ["length", ...integers],
    floats,
    threads: THREADS,
    declarations,
    main: `  let i = group * ${THREADS}u + thread;\n  if (i >= u.length) { return; }\n${body}`,
  };
}

/** Workgroups for so many elements. */
export const groupsFor = (length: number): number => Math.ceil(length / THREADS);

/** Values that WGSL has no literals for. */
export const NOT_NUMBERS = `
fn not_a_number() -> f32 { var bits = 0x7fc00000u; return bitcast<f32>(bits); }
fn infinity() -> f32 { var bits = 0x7f800000u; return bitcast<f32>(bits); }
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn is_finite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }
`;
