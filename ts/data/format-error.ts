// The error of every reader: which file, at which byte, what is there and what was wanted.

/** A file that is not what it should be. Message: `<file>: <found> at byte <offset>, wanted <wanted>`. */
export class FormatError extends Error {
  readonly file: string;
  readonly offset: number;
  readonly found: string;
  readonly wanted: string;

  constructor(at: { readonly file: string; readonly offset: number; readonly found: string; readonly wanted: string }) {
    super(`${at.file}: ${at.found} at byte ${at.offset}, wanted ${at.wanted}`);
    this.name = "FormatError";
    this.file = at.file;
    this.offset = at.offset;
    this.found = at.found;
    this.wanted = at.wanted;
  }
}
