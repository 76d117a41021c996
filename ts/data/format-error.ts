// The error of every reader: which file, at which byte, what is there and what was wanted.

/** Characters of a file that a message quotes at most. */
const MOST_SHOWN = 1000;

// Control characters, marks that turn the direction of writing, and ends of lines could rewrite what a terminal shows.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Text that nobody vouches for as a message may show it: characters that do not show are spelled out, and it is cut where it is long. */
export function shown(text: string): string {
  const seen = text.slice(0, MOST_SHOWN + 1).replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return text.length <= MOST_SHOWN ? seen : `${seen.slice(0, MOST_SHOWN)}... (${text.length} characters)`;
}

export interface Finding {
  readonly file: string;
  /** The byte; -1 stands for no byte. */
  readonly offset: number;
  readonly found: string;
  readonly wanted: string;
}

/** A file that is not what it should be. Message: `<file>: <found> at byte <offset>, wanted <wanted>`; an offset of -1 is left out. */
export class FormatError extends Error {
  readonly file: string;
  readonly offset: number;
  readonly found: string;
  readonly wanted: string;

  constructor({ file, offset, found, wanted }: Finding) {
    super(`${shown(file)}: ${shown(found)}${offset < 0 ? "" : ` at byte ${offset}`}, wanted ${shown(wanted)}`);
    this.name = "FormatError";
    this.file = file;
    this.offset = offset;
    this.found = shown(found);
    this.wanted = shown(wanted);
  }
}

/** Refuses a file of `size` bytes where `wanted` are wanted; `detail` says why so many. */
export function checkFileSize(file: string, size: number, wanted: number, detail: string): void {
  if (size === wanted) return;
  const found = size < wanted ? `the file ends after ${size} bytes` : `the file goes on to ${size} bytes`;
  throw new FormatError({ file, offset: size < wanted ? size : wanted, found, wanted: `${wanted} bytes (${detail})` });
}
