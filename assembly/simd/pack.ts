// Copies of operands in the layout that the micro-kernel reads: panels of 16 columns, rows following each other, missing
// columns 0; and images with a border of zeros.

/** The next multiple of 64: scratch memory starts a cache line. */
// @ts-ignore: decorator
@inline
export function aligned(p: usize): usize {
  return (p + 63) & ~63;
}

/** Columns rounded up to whole panels. */
// @ts-ignore: decorator
@inline
export function padded16(columns: i32): i32 {
  return (columns + 15) & ~15;
}

/** Sets `bytes` (a multiple of 16) to 0. */
export function zero(p: usize, bytes: usize): void {
  memory.fill(p, 0, bytes);
}

/** Copies `bytes`, a multiple of 4. */
// @ts-ignore: decorator
@inline
export function copyFloats(to: usize, from: usize, bytes: usize): void {
  let i: usize = 0;
  for (; i + 64 <= bytes; i += 64) {
    const v0 = v128.load(from + i);
    const v1 = v128.load(from + i, 16);
    const v2 = v128.load(from + i, 32);
    const v3 = v128.load(from + i, 48);
    v128.store(to + i, v0);
    v128.store(to + i, v1, 16);
    v128.store(to + i, v2, 32);
    v128.store(to + i, v3, 48);
  }
  for (; i < bytes; i += 4) store<f32>(to + i, load<f32>(from + i));
}

/** One panel: `rows` rows of `width` (1 to 16) floats each, `step` bytes apart. */
export function packRows(to: usize, from: usize, rows: i32, width: i32, step: usize): void {
  if (width == 16) {
    for (let i = 0; i < rows; ++i) {
      const v0 = v128.load(from);
      const v1 = v128.load(from, 16);
      const v2 = v128.load(from, 32);
      const v3 = v128.load(from, 48);
      v128.store(to, v0);
      v128.store(to, v1, 16);
      v128.store(to, v2, 32);
      v128.store(to, v3, 48);
      from += step;
      to += 64;
    }
    return;
  }
  for (let i = 0; i < rows; ++i) {
    for (let j = 0; j < 16; ++j) {
      const at = (<usize>j) << 2;
      store<f32>(to + at, j < width ? load<f32>(from + at) : 0);
    }
    from += step;
    to += 64;
  }
}

/** One panel from its transpose: column j (of `width`, 1 to 16) is the run of `rows` floats at from + j step. */
export function packColumns(to: usize, from: usize, rows: i32, width: i32, step: usize): void {
  const whole = width & ~3;
  for (let j = 0; j < whole; j += 4) {
    let p = from + <usize>j * step;
    let q = to + ((<usize>j) << 2);
    let i = 0;
    for (; i + 4 <= rows; i += 4) {
      const r0 = v128.load(p);
      const r1 = v128.load(p + step);
      const r2 = v128.load(p + 2 * step);
      const r3 = v128.load(p + 3 * step);
      const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
      const t1 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
      const t2 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
      const t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
      v128.store(q, v128.shuffle<f32>(t0, t1, 0, 1, 4, 5));
      v128.store(q, v128.shuffle<f32>(t0, t1, 2, 3, 6, 7), 64);
      v128.store(q, v128.shuffle<f32>(t2, t3, 0, 1, 4, 5), 128);
      v128.store(q, v128.shuffle<f32>(t2, t3, 2, 3, 6, 7), 192);
      p += 16;
      q += 256;
    }
    for (; i < rows; ++i) {
      store<f32>(q, load<f32>(p));
      store<f32>(q, load<f32>(p + step), 4);
      store<f32>(q, load<f32>(p + 2 * step), 8);
      store<f32>(q, load<f32>(p + 3 * step), 12);
      p += 4;
      q += 64;
    }
  }
  for (let j = whole; j < 16; ++j) {
    let p = from + <usize>j * step;
    let q = to + ((<usize>j) << 2);
    for (let i = 0; i < rows; ++i) {
      store<f32>(q, j < width ? load<f32>(p) : 0);
      p += 4;
      q += 64;
    }
  }
}

/** Panels of 16 from `groups` runs of `width` floats each, a run's last panel filled up with 0; all 0 where from is 0. */
export function packVector(to: usize, from: usize, groups: i32, width: i32): void {
  const whole = padded16(width);
  for (let g = 0; g < groups; ++g) {
    for (let j = 0; j < whole; ++j) {
      store<f32>(to, from && j < width ? load<f32>(from + ((<usize>j) << 2)) : 0);
      to += 4;
    }
    from = from ? from + ((<usize>width) << 2) : 0;
  }
}

/** Copies `images` images of `rows` x `row` bytes into the middle of canvases: `top` is the first row's place in the first canvas. */
export function packImages(top: usize, from: usize, images: i32, rows: i32, row: usize, canvasRow: usize, canvas: usize): void {
  for (let i = 0; i < images; ++i) {
    let to = top + <usize>i * canvas;
    for (let j = 0; j < rows; ++j) {
      copyFloats(to, from, row);
      from += row;
      to += canvasRow;
    }
  }
}
