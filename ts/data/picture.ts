// A picture of any size, as decoders give it, and as a set of equal images stores it.
import { PNG_SIGNATURE, type Fail, type Rgba, type SizeCheck } from "./png.ts";
import { resize, toByte, type Filter } from "./resize.ts";

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** [height, width, 3], 0 .. 255. */
  readonly pixels: Uint8Array;
}

/** The size of a set's images, and how much of a picture they show. */
export interface Fit {
  readonly height: number;
  readonly width: number;
  /** Share of the picture's shorter side that is seen, above 0 and at most 1 (timm's crop_pct). */
  readonly share: number;
  readonly filter?: Filter;
}

/**
 * The middle of a picture: scaled until it covers the size over `share`, and the middle of that. A picture that has the right size is taken
 * as it is.
 */
export function fitted(picture: Picture, { height, width, share, filter }: Fit): Uint8Array {
  const round = (value: number): number => Math.floor(value + 0.5);
  const cover = Math.max(height / share / picture.height, width / share / picture.width);
  const tall = Math.max(height, round(picture.height * cover));
  const wide = Math.max(width, round(picture.width * cover));
  const { pixels } = picture;
  const same = tall === picture.height && wide === picture.width;
  if (same && tall === height && wide === width) return pixels;
  const from = { ...picture, channels: 3 };
  const scaled = same ? pixels : resize(pixels, from, { height: tall, width: wide }, filter);
  const [top, left] = [Math.floor((tall - height) / 2), Math.floor((wide - width) / 2)];
  const image = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++) {
    const row = 3 * ((top + y) * wide + left);
    for (let i = 0; i < 3 * width; i++) image[3 * y * width + i] = toByte(scaled[row + i]);
  }
  return image;
}

/** Whether a file begins as a PNG. */
export function isPng(bytes: Uint8Array): boolean {
  return bytes.length > 8 && PNG_SIGNATURE.every((byte, at) => bytes[at] === byte);
}

/** Whether a file begins as a JPEG. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes.length > 3 && bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/** Refuses pictures without pixels, and of more than `most`. */
export function sizeCheck(most: number, fail: Fail): SizeCheck {
  return (width, height, offset) => {
    if (width < 1 || height < 1) fail(offset, `${width}x${height} pixels`, "at least 1x1");
    if (width * height > most) fail(offset, `${width}x${height} pixels`, `at most ${most / 1e6} megapixels`);
  };
}

/** A picture laid over white where it is transparent. */
export function overWhite({ width, height, pixels: rgba }: Omit<Rgba, "pixels"> & { readonly pixels: ArrayLike<number> }): Picture {
  const pixels = new Uint8Array(3 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const alpha = rgba[4 * pixel + 3];
    for (let c = 0; c < 3; c++) pixels[3 * pixel + c] = Math.floor((alpha * rgba[4 * pixel + c] + (255 - alpha) * 255) / 255 + 0.5);
  }
  return { width, height, pixels };
}
