// A compute shader as data. Its body reads and writes buffers by functions alone, x_at(i) and y_put(i, value), which add the offset of a
// view. Several names may stand for one GPU buffer (in-place kernels, views of one tensor), which WebGPU binds once: `places` says which.
// `item` is the type of what is read and written: f32, or four of them from i on. A vector is written as a whole, since WGSL lets a device
// write all of it where one of its components is written.

export type Use = "in" | "in?" | "out" | "out?" | "inout";

export type Extension = "f16" | "subgroups";

export interface Source {
  /** Unique. */
  readonly name: string;
  readonly buffers: Readonly<Record<string, Use>>;
  /** Names of whole numbers, u.<name>: u32. */
  readonly integers?: readonly string[];
  /** Names of numbers, u.<name>: f32. */
  readonly floats?: readonly string[];
  /** Invocations of a workgroup. */
  readonly threads: number;
  /** Extensions of WGSL that it is written in. */
  readonly extensions?: readonly Extension[];
  /** Invocations of a subgroup, where that is asked for. */
  readonly subgroup?: number;
  /** Reads and writes four elements at once: views begin at multiples of four, and so does every i. */
  readonly fours?: boolean;
  /** Functions and workgroup variables. */
  readonly declarations?: string;
  /** Body of the entry point. It sees `group` (number of the workgroup), `thread` and `wg.z`. */
  readonly main: string;
}

/** One dispatch. */
export interface Pass {
  readonly source: Source;
  readonly numbers: Readonly<Record<string, number>>;
  /** Workgroups; those beyond a dimension's limit are laid out in rows, so that `group` may be larger. */
  readonly groups: number;
  /** Layers of workgroups, wg.z. */
  readonly layers?: number;
  /** Buffers that begin at these places of the scratch memory, which has then no name itself. */
  readonly parts?: Readonly<Record<string, number>>;
}

/** Rows and columns of a matrix product that a workgroup has (product.ts). */
export type TileName = "huge" | "tall64" | "large" | "tall32" | "tall16" | "small" | "untiled";

/** What shaders are chosen for. */
export interface Target {
  /** The tile to take throughout; by the product's size where absent. */
  readonly tile?: TileName;
  /** False where products are not to read four elements at once, as in views that begin elsewhere. */
  readonly fours?: boolean;
  /** Operands of products are in half precision while they are in workgroup memory. */
  readonly half?: boolean;
  /** Convolutions that the CPU transforms by Winograd are transformed here too; false where that is not even to be tried. */
  readonly winograd?: boolean;
  /** Floats of working memory of a kernel that can do its work in parts; WORKSPACE where absent. */
  readonly workspace?: number;
  /** Rows are summed by shuffles between so many invocations. */
  readonly shuffled?: number;
  /** Products are laid out by subgroups of so many invocations. */
  readonly products?: number;
  /** Their size is asked for, since drivers may choose another one. */
  readonly sized?: boolean;
  /** Invocations of the subgroups that products could be laid out by. */
  readonly shareable?: number;
}

/** What a kernel does otherwise than its target says, for some numbers. */
export type Choice = Pick<Target, "tile" | "fours" | "winograd" | "products">;

/** Floats of working memory of a kernel that can do its work in parts, unless one part needs more. */
export const WORKSPACE = 16777216;

/** How a kernel runs on a GPU. */
export interface GpuKernel {
  /** Floats of scratch memory, which shaders know as `scratch`; none by default. */
  readonly scratch?: (numbers: Readonly<Record<string, number>>, target: Target) => number;
  readonly passes: (numbers: Readonly<Record<string, number>>, target: Target) => readonly Pass[];
  /** Other ways that may be faster on a device, for tune.ts to try; none by default. */
  readonly ways?: (numbers: Readonly<Record<string, number>>, target: Target) => readonly Choice[];
}

export type GpuKernels = Readonly<Record<string, GpuKernel>>;

/** Which binding each buffer of a source is, -1 for one that is absent. */
export type Places = readonly number[];

const isWritten = (use: Use): boolean => use === "out" || use === "out?" || use === "inout";

/** For each binding whether the shader writes to it. */
export function writtenBindings({ buffers }: Source, places: Places): boolean[] {
  const written: boolean[] = [];
  Object.values(buffers).forEach((use, index) => {
    const place = places[index];
    if (place >= 0) written[place] = (written[place] ?? false) || isWritten(use);
  });
  return written;
}

function accessors(name: string, use: Use, place: number, fours: boolean): string {
  if (place < 0) {
    const put = isWritten(use) ? `\nfn ${name}_put(i: u32, value: item) {}` : "";
    return `const has_${name} = false;\nfn ${name}_at(i: u32) -> item { return item(0.0); }${put}`;
  }
  const at = `memory${place}[${fours ? `(u.at_${name} + i) / 4u` : `u.at_${name} + i`}]`;
  const put = isWritten(use) ? `\nfn ${name}_put(i: u32, value: item) { ${at} = value; }` : "";
  return `const has_${name} = true;\nfn ${name}_at(i: u32) -> item { return ${at}; }${put}`;
}

/** The numbers of a source in the order of its uniform block: offsets of buffers, whole numbers, others. */
export function uniformNames({ buffers, integers = [], floats = [] }: Source): { readonly integers: string[]; readonly floats: string[] } {
  return { integers: [...Object.keys(buffers).map((name) => `at_${name}`), ...integers], floats: [...floats] };
}

/** The text of a shader. */
export function shaderText(source: Source, places: Places): string {
  const { integers, floats } = uniformNames(source);
  const { extensions = [], subgroup, fours = false } = source;
  const fields = [...integers.map((name) => `  ${name}: u32,`), ...floats.map((name) => `  ${name}: f32,`)];
  const memories = writtenBindings(source, places).map(
    (written, index) => `@group(0) @binding(${index + 1}) var<storage, ${written ? "read_write" : "read"}> memory${index}: array<item>;`,
  );
  return [
    ...extensions.map((name) => `enable ${name};`),
    ...(subgroup === undefined ? [] : ["enable subgroup_size_control;"]),
    `alias item = ${fours ? "vec4<f32>" : "f32"};`,
    `struct Numbers {\n${fields.join("\n")}\n}`,
    "@group(0) @binding(0) var<uniform> u: Numbers;",
    ...memories,
    ...Object.entries(source.buffers).map(([name, use], index) => accessors(name, use, places[index], fours)),
    source.declarations ?? "",
    `@compute @workgroup_size(${source.threads})${subgroup === undefined ? "" : ` @subgroup_size(${subgroup})`}`,
    "fn main(@builtin(workgroup_id) wg: vec3<u32>, @builtin(num_workgroups) wgs: vec3<u32>, @builtin(local_invocation_index) thread: u32) {",
    "  let group = wg.y * wgs.x + wg.x;",
    source.main,
    "}",
  ].join("\n");
}
