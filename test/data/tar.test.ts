// The tar reader: takes the expected files in any cut of the stream, refuses everything that could write elsewhere.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FormatError } from "../../ts/data/format-error.ts";
import { readTar } from "../../ts/data/tar.ts";
import { tar, type TarMember } from "./tar-writer.ts";

const test = suite("tar");

const a = Uint8Array.from({ length: 1000 }, (_, i) => i & 255);
const b = Uint8Array.from({ length: 512 }, (_, i) => (i * 7) & 255);
const folder: TarMember = { name: "set/", type: "5" };
const good: readonly TarMember[] = [folder, { name: "set/a.bin", data: a }, { name: "set/b.bin", data: b }, { name: "set/none.bin" }];
const files = new Map([
  ["a.bin", 1000],
  ["b.bin", 512],
  ["none.bin", 0],
]);
const expected = { file: "set.tar", folder: "set", files };

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function read(bytes: Uint8Array, size = 700, others?: number): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>();
  for await (const piece of readTar(cut(bytes, size), { ...expected, ...(others !== undefined && { others }) })) {
    const content = found.get(piece.name) ?? [];
    assert.is(content.length, piece.at);
    content.push(...piece.bytes);
    found.set(piece.name, content);
  }
  return found;
}

async function refusal(members: readonly TarMember[], change?: (bytes: Uint8Array) => Uint8Array): Promise<FormatError> {
  const bytes = tar(members);
  try {
    await read(change ? change(bytes) : bytes);
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  return assert.unreachable("accepted") as never;
}

test("reads the files whatever the pieces it gets", async () => {
  const bytes = tar(good);
  for (const size of [1, 7, 511, 512, 513, 1024, 100_000]) {
    const found = await read(bytes, size);
    assert.equal(found.get("a.bin"), [...a], `pieces of ${size}`);
    assert.equal(found.get("b.bin"), [...b]);
  }
});

test("passes over other plain files of the folder and comments, up to a limit", async () => {
  const members: TarMember[] = [
    { name: "PaxHeader", type: "g", data: new Uint8Array(40) },
    folder,
    { name: "set/readme.html", data: new Uint8Array(2000) },
    ...good.slice(1).map((m) => ({ ...m, name: `./${m.name}` })),
  ];
  assert.equal([...(await read(tar(members))).keys()].sort(), ["a.bin", "b.bin"]);
  let error: unknown;
  await read(tar(members), 700, 1999).catch((reason: unknown) => (error = reason));
  assert.match(String(error), /bytes of other files at byte \d+, wanted at most 1999/);
});

test("refuses links, devices and paths that leave the folder", async () => {
  const cases: readonly [TarMember, string, string][] = [
    [{ name: "set/a.bin", type: "2", link: "/etc/passwd" }, 'entry "set/a.bin" of type "2"', "a regular file"],
    [{ name: "set/a.bin", type: "1", link: "set/b.bin" }, 'entry "set/a.bin" of type "1"', "a regular file"],
    [{ name: "set/a.bin", type: "3" }, 'entry "set/a.bin" of type "3"', "a regular file"],
    [{ name: "set/a.bin", type: "L" }, 'entry "set/a.bin" of type "L"', "a regular file"],
    [{ name: "../a.bin", data: a }, 'file "../a.bin"', "only files in set/"],
    [{ name: "set/../../a.bin", data: a }, 'file "set/../../a.bin"', "only files in set/"],
    [{ name: "set/../a.bin", data: a }, 'file "set/../a.bin"', "only files in set/"],
    [{ name: "/set/a.bin", data: a }, 'file "/set/a.bin"', "only files in set/"],
    [{ name: "set\\a.bin", data: a }, 'file "set\\\\a.bin"', "only files in set/"],
    [{ name: "a.bin", data: a }, 'file "a.bin"', "only files in set/"],
    [{ name: "set/x/a.bin", data: a }, 'file "set/x/a.bin"', "only files in set/"],
    [{ name: "set/a.bin", prefix: "..", data: a }, 'file "../set/a.bin"', "only files in set/"],
    [{ name: "other/", type: "5" }, 'folder "other/"', "only set/"],
    [{ name: "set/a.bin/", type: "5" }, 'folder "set/a.bin/"', "only set/"],
    [{ name: "..", type: "5" }, 'folder ".."', "only set/"],
  ];
  for (const [member, found, wanted] of cases) {
    const error = await refusal([folder, member]);
    assert.equal([error.file, error.offset, error.found, error.wanted], ["set.tar", 512, found, wanted]);
  }
});

test("refuses wrong sizes, doubles, gaps and damage", async () => {
  assert.is((await refusal([{ name: "set/a.bin", data: b }])).message, "set.tar: a.bin of 512 bytes at byte 0, wanted 1000 bytes");
  assert.match((await refusal([...good, { name: "set/b.bin", data: b }])).found, /^b.bin a second time/);
  assert.is((await refusal(good.slice(0, 2))).found, "the end without b.bin, none.bin");
  assert.is((await refusal(good, (bytes) => bytes.subarray(0, 1700))).found, "the end in the middle of an entry");
  assert.is((await refusal(good, (bytes) => bytes.subarray(0, 700))).found, "the end in the middle of an entry");
  const flip = (bytes: Uint8Array): Uint8Array => {
    bytes[3] ^= 1;
    return bytes;
  };
  assert.match((await refusal(good, flip)).found, /^a header with checksum \d+$/);
  assert.match((await refusal([{ name: "set/a.bin", data: a, sizeField: "0000000zz" }])).found, /^size field "0000000zz"/);
  // GNU's base-256 sizes are for files beyond 8 GiB.
  assert.match((await refusal([{ name: "set/a.bin", data: a, sizeField: "\x80\0\0\x01" }])).found, /^size field/);
});

test.run();
