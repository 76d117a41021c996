// Files that were dropped on the page or chosen, folders with all that is in them.
import type { GivenFile } from "../given-data.ts";

/** Files of a folder at most; a person who drops a whole disk is told. */
const MOST = 200_000;

export function chosenFiles(list: FileList): GivenFile[] {
  return Array.from(list, (file) => ({ path: file.webkitRelativePath || file.name, file }));
}

const fileOf = (entry: FileSystemFileEntry): Promise<File> => new Promise((resolve, reject) => entry.file(resolve, reject));

async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  // A reader gives a part at a time.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

async function walk(entry: FileSystemEntry, into: GivenFile[]): Promise<void> {
  if (into.length >= MOST) throw new Error(`more than ${MOST} files, wanted a data set`);
  if (entry.isFile) into.push({ path: entry.fullPath.replace(/^\//, ""), file: await fileOf(entry as FileSystemFileEntry) });
  else for (const inner of await entriesOf(entry as FileSystemDirectoryEntry)) await walk(inner, into);
}

/** What was dropped. Must be called in the drop event itself. */
export async function droppedFiles(transfer: DataTransfer): Promise<GivenFile[]> {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry?.() ?? null).filter((entry) => entry !== null);
  if (entries.length === 0) return chosenFiles(transfer.files);
  const files: GivenFile[] = [];
  for (const entry of entries) await walk(entry, files);
  return files;
}
