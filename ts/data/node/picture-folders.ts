// Lists folders that nobody vouches for: names in the order of their UTF-16 units (the same on every machine), bounded in number, and no
// folder that is a link or name that a terminal would not show.
import { opendir, stat } from "node:fs/promises";
import { join } from "node:path";
import { FormatError } from "../format-error.ts";

/** Classes of a set, and pictures of all its classes, at most. */
export const MOST_CLASSES = 0xffff;
export const MOST_PICTURES = 2 ** 24;

const PICTURE = /\.(?:jpe?g|png)$/i;
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd]/;

export function refuse(file: string, found: string, wanted: string, offset = -1): never {
  throw new FormatError({ file, offset, found, wanted });
}

const byUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

interface Entries {
  readonly folders: string[];
  /** Files and links; a link is looked at when it is opened. */
  readonly files: string[];
}

/** What is in a folder but for names that begin with a dot. */
export async function listFolder(dir: string, wanted: string): Promise<Entries> {
  const folder = await opendir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return refuse(dir, "no such folder", wanted);
    return refuse(dir, `this is not a folder that can be read (${error.code ?? error.message})`, wanted);
  });
  const entries: Entries = { folders: [], files: [] };
  let count = 0;
  for await (const entry of folder) {
    if (entry.name.startsWith(".")) continue;
    if (++count > MOST_PICTURES) refuse(dir, `more than ${MOST_PICTURES} entries`, "fewer");
    if (UNSEEN.test(entry.name)) refuse(join(dir, entry.name), "a name with characters that do not show", "a plain one");
    if (entry.isDirectory()) entries.folders.push(entry.name);
    else if (entry.isFile()) entries.files.push(entry.name);
    else if (entry.isSymbolicLink()) {
      const path = join(dir, entry.name);
      if ((await stat(path).catch(() => null))?.isDirectory()) refuse(path, "a link to a folder", "the folder itself");
      entries.files.push(entry.name);
    }
  }
  entries.folders.sort(byUnits);
  entries.files.sort(byUnits);
  return entries;
}

/** The JPEG and PNG files of a folder that holds nothing but files; others are passed over. */
export async function listPictures(dir: string): Promise<string[]> {
  const { folders, files } = await listFolder(dir, "a folder of pictures");
  if (folders.length > 0) refuse(join(dir, folders[0]), "a folder among pictures", "pictures alone");
  return files.filter((name) => PICTURE.test(name));
}
