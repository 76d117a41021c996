// Writes tar archives, good and bad ones, for the tests of the reader.
import { joinBytes } from "../../ts/data/join-bytes.ts";

export interface TarMember {
  readonly name: string;
  readonly type?: string;
  readonly data?: Uint8Array;
  readonly link?: string;
  readonly prefix?: string;
  /** What the size field says, where it lies. */
  readonly sizeField?: string;
}

export function tar(members: readonly TarMember[]): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const { name, type = "0", data = new Uint8Array(0), link = "", prefix = "", sizeField } of members) {
    const header = new Uint8Array(512);
    const put = (at: number, text: string): void => {
      for (let i = 0; i < text.length; i++) header[at + i] = text.charCodeAt(i);
    };
    put(0, name);
    put(100, "0000644\0");
    put(124, sizeField ?? `${data.length.toString(8).padStart(11, "0")}\0`);
    put(148, "        ");
    put(156, type);
    put(157, link);
    put(257, "ustar\x0000");
    put(345, prefix);
    put(
      148,
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, "0")}\0 `,
    );
    const padded = new Uint8Array(Math.ceil(data.length / 512) * 512);
    padded.set(data);
    blocks.push(header, padded);
  }
  blocks.push(new Uint8Array(1024));
  return joinBytes(blocks);
}
