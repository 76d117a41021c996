// A disk in memory that knows what would survive a power cut: bytes of a file only after its sync, entries of a folder only after the
// folder's sync. After a cut any subset of the entries' changes since then may be there, and of the bytes all, none, half or zeros.
import { basename, dirname, join, resolve } from "node:path";
import type { Files, OpenFile } from "../../../ts/train/node/atomic-file.ts";

interface Inode {
  bytes: Uint8Array;
  durable: Uint8Array;
  synced: boolean;
}

interface Folder {
  readonly entries: Map<string, Node>;
  readonly durable: Map<string, Node>;
  /** Changes since the last sync; each happens wholly or not at all. */
  pending: Change[];
}

type Node = { readonly file: Inode } | { readonly folder: Folder };
/** Names and what they stand for afterwards; undefined takes a name away. */
type Change = ReadonlyMap<string, Node | undefined>;

const newFolder = (): Folder => ({ entries: new Map(), durable: new Map(), pending: [] });
const failure = (code: string, path: string): Error => Object.assign(new Error(`${code}: ${path}`), { code });

function apply(entries: Map<string, Node>, change: Change): void {
  for (const [name, node] of change) {
    if (node === undefined) entries.delete(name);
    else entries.set(name, node);
  }
}

export class MemoryFiles implements Files {
  #root = newFolder();

  #node(path: string): Node | undefined {
    let node: Node = { folder: this.#root };
    for (const name of resolve(path).split("/").filter(Boolean)) {
      const next: Node | undefined = "folder" in node ? node.folder.entries.get(name) : undefined;
      if (next === undefined) return undefined;
      node = next;
    }
    return node;
  }

  #folder(path: string): Folder {
    const node = this.#node(path);
    if (node === undefined) throw failure("ENOENT", path);
    if (!("folder" in node)) throw failure("ENOTDIR", path);
    return node.folder;
  }

  #change(path: string, change: Change): void {
    const folder = this.#folder(path);
    apply(folder.entries, change);
    folder.pending.push(change);
  }

  async open(path: string, flags: string): Promise<OpenFile> {
    const close = async (): Promise<void> => undefined;
    if (flags === "r") {
      const folder = this.#folder(path);
      const sync = async (): Promise<void> => {
        for (const change of folder.pending) apply(folder.durable, change);
        folder.pending = [];
      };
      return { write: () => Promise.reject(failure("EBADF", path)), sync, close };
    }
    if (this.#node(path) !== undefined) throw failure("EEXIST", path);
    const file: Inode = { bytes: new Uint8Array(0), durable: new Uint8Array(0), synced: true };
    this.#change(dirname(path), new Map([[basename(path), { file }]]));
    return {
      write: async (bytes, offset, length) => {
        file.bytes = Uint8Array.of(...file.bytes, ...bytes.subarray(offset, offset + length));
        file.synced = false;
        return { bytesWritten: length };
      },
      sync: async () => {
        file.durable = file.bytes;
        file.synced = true;
      },
      close,
    };
  }

  async rename(from: string, to: string): Promise<void> {
    const node = this.#node(from);
    if (node === undefined) throw failure("ENOENT", from);
    if (dirname(from) !== dirname(to)) throw failure("EXDEV", to);
    const there = this.#node(to);
    // Two names of one file: nothing happens.
    if (there !== undefined && "file" in there && "file" in node && there.file === node.file) return;
    this.#change(
      dirname(to),
      new Map([
        [basename(from), undefined],
        [basename(to), node],
      ]),
    );
  }

  async link(existing: string, path: string): Promise<void> {
    const node = this.#node(existing);
    if (node === undefined) throw failure("ENOENT", existing);
    if (this.#node(path) !== undefined) throw failure("EEXIST", path);
    this.#change(dirname(path), new Map([[basename(path), node]]));
  }

  async unlink(path: string): Promise<void> {
    if (this.#node(path) === undefined) throw failure("ENOENT", path);
    this.#change(dirname(path), new Map([[basename(path), undefined]]));
  }

  async mkdir(path: string): Promise<void> {
    if (this.#node(path) !== undefined) return;
    if (this.#node(dirname(path)) === undefined) await this.mkdir(dirname(path));
    this.#change(dirname(path), new Map([[basename(path), { folder: newFolder() }]]));
  }

  async readdir(path: string): Promise<string[]> {
    return [...this.#folder(path).entries.keys()];
  }

  async readFile(path: string): Promise<Uint8Array> {
    const node = this.#node(path);
    if (node === undefined) throw failure("ENOENT", path);
    if (!("file" in node)) throw failure("EISDIR", path);
    return node.file.bytes.slice();
  }

  /** Every disk that may be found after a power cut now. */
  *afterPowerCut(): Generator<MemoryFiles> {
    const folders: Folder[] = [];
    const files = new Set<Inode>();
    const visit = (folder: Folder): void => {
      folders.push(folder);
      for (const node of [...folder.durable.values(), ...folder.pending.flatMap((change) => [...change.values()])]) {
        if (node === undefined) continue;
        if ("file" in node) files.add(node.file);
        else if (!folders.includes(node.folder)) visit(node.folder);
      }
    };
    visit(this.#root);
    const unsynced = [...files].filter(({ synced }) => !synced);
    const bits = folders.reduce((sum, { pending }) => sum + pending.length, 0);
    if (bits > 12) throw new Error(`memory files: ${bits} changes of folders not synced, wanted fewer to try all subsets`);
    for (let subset = 0; subset < 1 << bits; subset++) {
      for (let torn = 0; torn < 4 ** unsynced.length; torn++) {
        yield this.#copy(folders, subset, (file) => {
          const index = unsynced.indexOf(file);
          if (index < 0) return file.durable;
          const { bytes, durable } = file;
          const half = Uint8Array.of(...bytes.subarray(0, bytes.length >> 1));
          return [durable, bytes, half, new Uint8Array(bytes.length)][Math.floor(torn / 4 ** index) % 4];
        });
      }
    }
  }

  /** A disk of what is durable and the chosen changes. */
  #copy(folders: readonly Folder[], subset: number, contents: (file: Inode) => Uint8Array): MemoryFiles {
    const firstBit = new Map<Folder, number>();
    let bits = 0;
    for (const folder of folders) {
      firstBit.set(folder, bits);
      bits += folder.pending.length;
    }
    const inodes = new Map<Inode, Inode>();
    const copyOf = (folder: Folder): Folder => {
      const entries = new Map(folder.durable);
      folder.pending.forEach((change, index) => {
        if ((subset >> ((firstBit.get(folder) ?? 0) + index)) & 1) apply(entries, change);
      });
      const copied = new Map<string, Node>();
      for (const [name, node] of entries) {
        if ("folder" in node) {
          copied.set(name, { folder: copyOf(node.folder) });
          continue;
        }
        const bytes = contents(node.file);
        const file = inodes.get(node.file) ?? { bytes, durable: bytes, synced: true };
        inodes.set(node.file, file);
        copied.set(name, { file });
      }
      return { entries: copied, durable: new Map(copied), pending: [] };
    };
    const copy = new MemoryFiles();
    copy.#root = copyOf(this.#root);
    return copy;
  }

  /** Every path of a file, for messages. */
  paths(folder = "/"): string[] {
    return [...this.#folder(folder).entries].flatMap(([name, node]) => {
      const path = join(folder, name);
      return "folder" in node ? this.paths(path) : [path];
    });
  }
}
