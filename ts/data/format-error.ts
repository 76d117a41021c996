// The error of every reader: which file, at which byte, what is there and what was wanted.

/** A file that is not what it should be. Message: `<file>: <found> at byte <offset>, wanted <wanted>`; offset -1 stands for no byte and is left out. */
export class FormatError extends Error {
  readonly file: string;
  readonly offset: number;
  readonly found: string;
  readonly wanted: string;

  constructor(at: { readonly file: string; readonly offset: number; readonly found: string; readonly wanted: string }) {
    super(`${at.file}: ${at.found}${at.offset < 0 ? "" : ` at byte ${at.offset}`}, wanted ${at.wanted}`);
    this.name = "FormatError";
    this.file = at.file;
    this.offset = at.offset;
    this.found = at.found;
    this.wanted = at.wanted;
  }
}

/** Refuses a file of `size` bytes where `wanted` are wanted; `detail` says why so many. */
export function checkFileSize(file: string, size: number, wanted: number, detail: string): void {
  if (size === wanted) return;
  const found = size < wanted ? `the file ends after ${size} bytes` : `the file goes on to ${size} bytes`;
  throw new FormatError({ file, offset: size < wanted ? size : wanted, found, wanted: `${wanted} bytes (${detail})` });
}
