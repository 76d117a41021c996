// The JPEG decoder of the command line for handlers.
import { FormatError } from "../../data/format-error.ts";
import { decodeJpeg as decode } from "../../data/node/jpeg-decode.ts";
import type { Picture } from "../../data/picture.ts";

/** Decodes a JPEG, turned as EXIF says. Throws FormatError. */
export function decodeJpeg(bytes: Uint8Array): Picture {
  return decode(
    bytes,
    () => {},
    (offset, found, wanted) => {
      throw new FormatError({ file: "body", offset, found, wanted });
    },
  );
}
