// The JPEG decoder of the command line for handlers, loaded with the first JPEG.
import { FormatError } from "../../data/format-error.ts";
import type { Picture } from "../../data/picture.ts";

/** Decodes a JPEG, turned as EXIF says. Throws FormatError. */
export async function decodeJpeg(bytes: Uint8Array): Promise<Picture> {
  const { decodeJpeg: decode } = await import("../../data/node/jpeg-decode.ts");
  return decode(
    bytes,
    () => {},
    (offset, found, wanted) => {
      throw new FormatError({ file: "body", offset, found, wanted });
    },
  );
}
