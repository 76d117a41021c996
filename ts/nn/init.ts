// Initial values of weights, drawn by counter. Fans: of a filter [R,S,C,K], in = R*S*C and out = R*S*K; of a matrix [out,in], its sizes.
import type { RandomStream } from "../random.ts";
import { filtersOf, type Filters } from "./filters.ts";
import type { Variable } from "./module.ts";

export type Fan = "in" | "out";

/** Fills a variable with random values. */
export type Initializer = (variable: Variable, random: RandomStream) => void;

/** Incoming and outgoing connections of a weight. */
function fansOf({ shape }: Variable): { in: number; out: number } {
  if (shape.length === 2) return { in: shape[1], out: shape[0] };
  const window = shape.slice(0, -2).reduce((size, length) => size * length, 1);
  return { in: window * shape[shape.length - 2], out: window * shape[shape.length - 1] };
}

function fill(variable: Variable, values: Float64Array): void {
  variable.backend.write(variable.buffer, values);
}

/** `value` throughout. */
export function constant(value: number): (variable: Variable) => void {
  return ({ backend, buffer }) => backend.fill(buffer, value);
}

/** Normal with standard deviation `std`. */
export function normal(std: number): Initializer {
  return (variable, random) => {
    const values = random.fillNormal(new Float64Array(variable.size));
    for (let at = 0; at < values.length; at++) values[at] *= std;
    fill(variable, values);
  };
}

/** Uniform between -bound and bound. */
export function uniform(bound: number): Initializer {
  return (variable, random) => {
    const values = random.fillUniform(new Float64Array(variable.size));
    for (let at = 0; at < values.length; at++) values[at] = bound * (2 * values[at] - 1);
    fill(variable, values);
  };
}

/** He et al. 2015: normal with variance 2 / fan. */
export function heNormal({ fan = "in" }: { fan?: Fan } = {}): Initializer {
  return (variable, random) => normal(Math.sqrt(2 / fansOf(variable)[fan]))(variable, random);
}

/** He et al. 2015: uniform with variance 2 / fan. */
export function heUniform({ fan = "in" }: { fan?: Fan } = {}): Initializer {
  return (variable, random) => uniform(Math.sqrt(6 / fansOf(variable)[fan]))(variable, random);
}

/** Glorot and Bengio 2010: normal with variance 2 / (in + out). */
export function xavierNormal(): Initializer {
  return (variable, random) => {
    const fans = fansOf(variable);
    normal(Math.sqrt(2 / (fans.in + fans.out)))(variable, random);
  };
}

/** Glorot and Bengio 2010: uniform with variance 2 / (in + out). */
export function xavierUniform(): Initializer {
  return (variable, random) => {
    const fans = fansOf(variable);
    uniform(Math.sqrt(6 / (fans.in + fans.out)))(variable, random);
  };
}

/** PyTorch's default for linear layers: uniform with bound 1 / sqrt(in). */
export function fanInUniform(fanIn: number): Initializer {
  return uniform(1 / Math.sqrt(fanIn));
}

/** Normal deviates, a vector a row of the counter, made orthonormal from `first` on among themselves. */
function orthonormalVectors(random: RandomStream, first: number, count: number, length: number): Float64Array[] {
  const vectors = Array.from({ length: count }, (_, row) =>
    Float64Array.from({ length }, (_none, at) => random.normal((first + row) * length + at)),
  );
  vectors.forEach((vector, row) => {
    // Modified Gram-Schmidt, twice for orthogonality to rounding.
    for (let pass = 0; pass < 2; pass++)
      for (let before = 0; before < row; before++) {
        let dot = 0;
        for (let at = 0; at < length; at++) dot += vector[at] * vectors[before][at];
        for (let at = 0; at < length; at++) vector[at] -= dot * vectors[before][at];
      }
    let square = 0;
    for (let at = 0; at < length; at++) square += vector[at] * vector[at];
    const scale = 1 / Math.sqrt(square);
    for (let at = 0; at < length; at++) vector[at] *= scale;
  });
  return vectors;
}

/** Fills a weight from a value for each output and input. */
function fillFilters(variable: Variable, { inputs, outputs, rows }: Filters, at: (output: number, input: number) => number): void {
  const values = Float64Array.from({ length: variable.size }, (_, index) =>
    rows ? at(Math.floor(index / inputs), index % inputs) : at(index % outputs, Math.floor(index / outputs)),
  );
  fill(variable, values);
}

/** Saxe et al. 2014: rows (outputs), or columns where there are fewer inputs than outputs, are orthonormal, times `gain`. */
export function orthogonal({ gain = 1 }: { gain?: number } = {}): Initializer {
  return (variable, random) => {
    const filters = filtersOf(variable.shape);
    const { inputs, outputs } = filters;
    const wide = outputs > inputs;
    const vectors = orthonormalVectors(random, 0, wide ? inputs : outputs, wide ? outputs : inputs);
    fillFilters(variable, filters, (output, input) => gain * (wide ? vectors[input][output] : vectors[output][input]));
  };
}

/**
 * Xie et al. 2017: filters are orthonormal, times `gain`; where there are more of them than inputs, inside each of ceil(outputs / inputs)
 * groups. The paper has no gain. Up to as many outputs as inputs the values are those of `orthogonal`.
 */
export function orthonormalFilters({ gain = 1 }: { gain?: number } = {}): Initializer {
  if (!(gain > 0 && gain < Infinity)) throw new Error(`orthonormalFilters: gain ${gain}, wanted a finite one above 0`);
  return (variable, random) => {
    const filters = filtersOf(variable.shape);
    let first = 0;
    const vectors = filters.groups.flatMap((count) => {
      const group = orthonormalVectors(random, first, count, filters.inputs);
      first += count;
      return group;
    });
    fillFilters(variable, filters, (output, input) => gain * vectors[output][input]);
  };
}
