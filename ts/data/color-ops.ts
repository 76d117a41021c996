// Changes of an image's colors, on bytes and in place, each with the numbers of the function of Pillow that it names. Images are
// [height, width, channels] with 1 or 3 channels; what needs colors leaves a gray image as it is.

/** An image that operations change. */
export interface Canvas {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly pixels: Uint8Array;
  /** As long as `pixels`, for operations that read while they write. */
  readonly spare: Uint8Array;
  /** The color of what comes in from outside. */
  readonly fill: readonly number[];
}

/** Brightness of a color: Pillow's conversion to "L", (19595 R + 38470 G + 7471 B + 2^15) / 2^16. */
function luma(pixels: Uint8Array, at: number, channels: number): number {
  if (channels === 1) return pixels[at];
  return (pixels[at] * 19595 + pixels[at + 1] * 38470 + pixels[at + 2] * 7471 + 0x8000) >> 16;
}

/** other + factor (value - other) in float32, cut to 0 .. 255 and truncated: PIL.Image.blend. */
function blend(other: number, value: number, factor: number): number {
  const mixed = Math.fround(other + Math.fround(Math.fround(factor) * (value - other)));
  return mixed <= 0 ? 0 : mixed >= 255 ? 255 : Math.trunc(mixed);
}

/** Each value by a table of 256, one a channel. */
function look({ pixels, channels }: Canvas, tables: readonly Uint8Array[]): void {
  for (let at = 0; at < pixels.length; at += channels) for (let c = 0; c < channels; c++) pixels[at + c] = tables[c][pixels[at + c]];
}

function lookAlike(canvas: Canvas, value: (v: number) => number): void {
  const table = Uint8Array.from({ length: 256 }, (_, v) => value(v));
  look(canvas, new Array<Uint8Array>(canvas.channels).fill(table));
}

/** How often each value occurs, a channel at a time. */
function histograms({ pixels, channels }: Canvas): Int32Array[] {
  const counts = Array.from({ length: channels }, () => new Int32Array(256));
  for (let at = 0; at < pixels.length; at += channels) for (let c = 0; c < channels; c++) counts[c][pixels[at + c]]++;
  return counts;
}

/** Factor 0 is black, 1 the image: ImageEnhance.Brightness. */
export function brightness(canvas: Canvas, factor: number): void {
  lookAlike(canvas, (v) => blend(0, v, factor));
}

/** Factor 0 is the gray of mean brightness, 1 the image: ImageEnhance.Contrast. */
export function contrast(canvas: Canvas, factor: number): void {
  const { pixels, channels } = canvas;
  let sum = 0;
  for (let at = 0; at < pixels.length; at += channels) sum += luma(pixels, at, channels);
  const mean = Math.floor(sum / (pixels.length / channels) + 0.5);
  lookAlike(canvas, (v) => blend(mean, v, factor));
}

/** Factor 0 is gray, 1 the image: ImageEnhance.Color. */
export function saturation({ pixels, channels }: Canvas, factor: number): void {
  if (channels !== 3) return;
  for (let at = 0; at < pixels.length; at += 3) {
    const gray = luma(pixels, at, 3);
    for (let c = 0; c < 3; c++) pixels[at + c] = blend(gray, pixels[at + c], factor);
  }
}

/** Factor 0 is smooth, 1 the image: ImageEnhance.Sharpness, with the filter (1 1 1; 1 5 1; 1 1 1) / 13. The edge stays as it is. */
export function sharpness({ pixels, spare, height, width, channels }: Canvas, factor: number): void {
  spare.set(pixels);
  const row = width * channels;
  for (let y = 1; y < height - 1; y++) {
    for (let i = channels; i < row - channels; i++) {
      const at = y * row + i;
      let sum = 4 * spare[at];
      for (let dy = -row; dy <= row; dy += row) sum += spare[at + dy - channels] + spare[at + dy] + spare[at + dy + channels];
      pixels[at] = blend(Math.floor((2 * sum + 13) / 26), spare[at], factor);
    }
  }
}

/** Turns colors around the circle by `turn` (1 is all the way): through Pillow's "HSV" of bytes, as torchvision's adjust_hue. */
export function hue({ pixels, channels }: Canvas, turn: number): void {
  if (channels !== 3) return;
  const f = Math.fround;
  const shift = Math.trunc(turn * 255) & 255;
  for (let at = 0; at < pixels.length; at += 3) {
    const [r, g, b] = [pixels[at], pixels[at + 1], pixels[at + 2]];
    const most = Math.max(r, g, b);
    const range = most - Math.min(r, g, b);
    let [h, s] = [0, 0];
    if (range > 0) {
      const [rc, gc, bc] = [f((most - r) / range), f((most - g) / range), f((most - b) / range)];
      const sector = f(r === most ? f(bc - gc) : g === most ? 2 + rc - bc : 4 + gc - rc);
      const turned = sector / 6 + 1;
      h = Math.trunc(f(turned - Math.floor(turned)) * 255);
      s = Math.trunc(f(range / most) * 255);
    }
    if (s === 0) {
      pixels.fill(most, at, at + 3);
      continue;
    }
    const position = f(f(((h + shift) & 255) * 6) / 255);
    const sextant = Math.floor(position);
    const part = f(position - sextant);
    const share = f(s / 255);
    const near = (value: number): number => Math.floor(value + 0.5);
    const p = near(most * (1 - share));
    const q = near(most * (1 - share * part));
    const t = near(most * (1 - share * (1 - part)));
    const colors = [[most, t, p], [q, most, p], [p, most, t], [p, q, most], [t, p, most], [most, p, q]]; // prettier-ignore
    pixels.set(colors[sextant % 6], at);
  }
}

/** 255 - v: ImageOps.invert. */
export function invert(canvas: Canvas): void {
  lookAlike(canvas, (v) => 255 - v);
}

/** Keeps the upper `bits` of 8: ImageOps.posterize. */
export function posterize(canvas: Canvas, bits: number): void {
  if (bits < 8) lookAlike(canvas, (v) => v & (0xff << (8 - bits)));
}

/** Inverts values from `threshold` on: ImageOps.solarize. */
export function solarize(canvas: Canvas, threshold: number): void {
  lookAlike(canvas, (v) => (v < threshold ? v : 255 - v));
}

/** Adds to values below 128. */
export function solarizeAdd(canvas: Canvas, added: number): void {
  lookAlike(canvas, (v) => (v < 128 ? Math.min(255, v + added) : v));
}

/** Stretches each channel to 0 .. 255: ImageOps.autocontrast. */
export function autoContrast(canvas: Canvas): void {
  const tables = histograms(canvas).map((counts) => {
    const low = counts.findIndex((n) => n > 0);
    let high = 255;
    while (high > 0 && counts[high] === 0) high--;
    if (high <= low) return Uint8Array.from({ length: 256 }, (_, v) => v);
    const scale = 255 / (high - low);
    return Uint8Array.from({ length: 256 }, (_, v) => Math.min(255, Math.max(0, Math.trunc(v * scale - low * scale))));
  });
  look(canvas, tables);
}

/** Makes each channel's values about equally frequent: ImageOps.equalize. */
export function equalize(canvas: Canvas): void {
  const tables = histograms(canvas).map((counts) => {
    const used = counts.filter((n) => n > 0);
    const step = Math.floor((canvas.height * canvas.width - used[used.length - 1]) / 255);
    const table = Uint8Array.from({ length: 256 }, (_, v) => v);
    if (used.length <= 1 || step === 0) return table;
    let sum = Math.floor(step / 2);
    for (let v = 0; v < 256; v++) {
      table[v] = Math.min(255, Math.floor(sum / step));
      sum += counts[v];
    }
    return table;
  });
  look(canvas, tables);
}
