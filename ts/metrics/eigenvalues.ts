// Eigenvalues of symmetric matrices by Jacobi's rotations, in float64 with + - * / and square roots only: the same bits in every engine.
// Off-diagonal values are rotated to zero row by row until nothing is left of them.

const MOST_SWEEPS = 60;

/** One rotation that zeroes a[p, q]; rows and columns p and q of the whole matrix change. */
function rotate(a: Float64Array, n: number, p: number, q: number): void {
  const [rowP, rowQ] = [p * n, q * n];
  const off = a[rowP + q];
  const half = (a[rowQ + q] - a[rowP + p]) / (2 * off);
  // tan of the smaller angle; for a large half 1 / (2 half), as half^2 may overflow.
  const size = Math.abs(half) > 1e150 ? 1 / (2 * Math.abs(half)) : 1 / (Math.abs(half) + Math.sqrt(half * half + 1));
  const t = half < 0 ? -size : size;
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  const [pp, qq] = [a[rowP + p] - t * off, a[rowQ + q] + t * off];
  for (let j = 0; j < n; j++) {
    const [left, right] = [a[rowP + j], a[rowQ + j]];
    const [newP, newQ] = [c * left - s * right, s * left + c * right];
    a[rowP + j] = newP;
    a[rowQ + j] = newQ;
    a[j * n + p] = newP;
    a[j * n + q] = newQ;
  }
  a[rowP + p] = pp;
  a[rowQ + q] = qq;
  a[rowP + q] = a[rowQ + p] = 0;
}

/**
 * Eigenvalues of a symmetric matrix [n,n], largest first. Errors: a length that is no square, a matrix that is not symmetric or holds
 * NaN or infinities.
 */
export function symmetricEigenvalues(matrix: Float64Array): Float64Array {
  const n = Math.floor(Math.sqrt(matrix.length) + 0.5);
  if (n * n !== matrix.length) throw new Error(`symmetricEigenvalues: ${matrix.length} values, wanted n * n`);
  const a = Float64Array.from(matrix);
  let total = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      if (a[i * n + j] !== a[j * n + i])
        throw new Error(`symmetricEigenvalues: ${a[i * n + j]} at [${i},${j}] and ${a[j * n + i]} at [${j},${i}], wanted equal numbers`);
      total += a[i * n + j] * a[i * n + j];
    }
  if (!(total < Infinity)) throw new Error("symmetricEigenvalues: values that are too large or infinite, wanted a finite sum of squares");
  // What changes no eigenvalue by more than a rounding.
  const nothing = 1e-17 * Math.sqrt(total);
  for (let sweep = 0; ; sweep++) {
    let rotations = 0;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++)
        if (Math.abs(a[p * n + q]) > nothing) {
          rotate(a, n, p, q);
          rotations++;
        }
    if (rotations === 0) break;
    if (sweep === MOST_SWEEPS) throw new Error(`symmetricEigenvalues: not done after ${MOST_SWEEPS} sweeps of ${n} rows`);
  }
  return Float64Array.from({ length: n }, (_, i) => a[i * n + i])
    .sort()
    .reverse();
}
