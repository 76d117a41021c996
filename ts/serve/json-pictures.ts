// Pictures as JSON: {"width":2,"height":1,"pixels":[...]}, 0 to 255, three values a pixel (red, green, blue) or one (gray), row by row;
// {"image":"..."}, a file in base64; {"images":[...]}, several of either form.
import type { Picture } from "../data/picture.ts";
import { parseStrictJson, type StrictJson } from "../train/strict-json.ts";
import { bytesOfBase64 } from "./encoded-picture.ts";
import { RequestError } from "./request-error.ts";

/** Levels: body, images, image, pixels. */
const DEPTH = 4;

export interface PictureLimits {
  readonly maxImages: number;
  readonly maxPixels: number;
}

function refuse(path: string, found: string, wanted: string): never {
  throw new RequestError(400, `body${path}: ${found}, wanted ${wanted}`);
}

function textOf(value: StrictJson | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null || typeof value === "boolean" || typeof value === "number") return String(value);
  return typeof value === "string" ? "text" : Array.isArray(value) ? "a list" : "an object";
}

type Fields = ReadonlyMap<string, StrictJson>;

function fieldsOf(value: StrictJson | undefined, path: string, wanted: readonly string[]): Fields {
  if (!(value instanceof Map)) return refuse(path, textOf(value), `an object of ${wanted.join(", ")}`);
  const fields: Fields = value;
  for (const key of fields.keys()) if (!wanted.includes(key)) refuse(path, `the field ${JSON.stringify(key)}`, wanted.join(", "));
  return fields;
}

function pictureOf(value: StrictJson, path: string, { maxPixels }: PictureLimits): Picture {
  const fields = fieldsOf(value, path, ["width", "height", "pixels"]);
  const side = (key: string): number => {
    const size = fields.get(key);
    return typeof size === "number" && Number.isSafeInteger(size) && size >= 1
      ? size
      : refuse(`${path}.${key}`, textOf(size), "a whole number of at least 1");
  };
  const [width, height] = [side("width"), side("height")];
  if (width * height > maxPixels) throw new RequestError(413, `body${path}: ${width}x${height} pixels, wanted at most ${maxPixels} in all`);
  const given = fields.get("pixels");
  if (!Array.isArray(given)) return refuse(`${path}.pixels`, textOf(given), "a list of numbers");
  const values: readonly StrictJson[] = given;
  const count = width * height;
  if (values.length !== 3 * count && values.length !== count)
    refuse(`${path}.pixels`, `${values.length} values for ${width}x${height} pixels`, `${3 * count}, or ${count} of a gray picture`);
  const channels = values.length / count;
  const pixels = new Uint8Array(3 * count);
  values.forEach((entry, index) => {
    if (typeof entry !== "number" || !(entry >= 0 && entry <= 255) || !Number.isInteger(entry))
      return refuse(`${path}.pixels[${index}]`, textOf(entry), "a whole number of 0 to 255");
    if (channels === 3) pixels[index] = entry;
    else pixels.fill(entry, 3 * index, 3 * index + 3);
  });
  return { width, height, pixels };
}

/** A picture, or the file that it is in, and where it stands in the body. */
export interface JsonPicture {
  readonly path: string;
  readonly content: Picture | Uint8Array;
}

function entryOf(value: StrictJson, path: string, limits: PictureLimits): JsonPicture {
  if (typeof value !== "string") return { path, content: pictureOf(value, path, limits) };
  const bytes = bytesOfBase64(value);
  return { path, content: bytes ?? refuse(path, "text that is not base64", "a picture's file in base64") };
}

/** The pictures in a body, and whether they came as a list. Throws RequestError or FormatError. */
export function parsePictures(
  bytes: Uint8Array,
  limits: PictureLimits,
): { readonly entries: readonly JsonPicture[]; readonly several: boolean } {
  const body = parseStrictJson(bytes, { file: "body", at: 0, depth: DEPTH, values: bytes.length + 1 });
  if (body instanceof Map && body.has("image")) {
    const image = fieldsOf(body, "", ["image"]).get("image");
    return { entries: [entryOf(image ?? null, ".image", limits)], several: false };
  }
  if (!(body instanceof Map) || !body.has("images"))
    return { entries: [{ path: "", content: pictureOf(body, "", limits) }], several: false };
  const images = fieldsOf(body, "", ["images"]).get("images");
  if (!Array.isArray(images)) return refuse(".images", textOf(images), "a list of pictures");
  const given: readonly StrictJson[] = images;
  if (given.length < 1) refuse(".images", "an empty list", "at least one picture");
  if (given.length > limits.maxImages)
    throw new RequestError(413, `body.images: ${given.length} pictures, wanted at most ${limits.maxImages}`);
  return { entries: given.map((each, index) => entryOf(each, `.images[${index}]`, limits)), several: true };
}
