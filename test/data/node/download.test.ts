// Downloads against a server on this machine: whole, cut, resumed, without ranges, wrong, moved, and archives that attack.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { downloadArchive, downloadFiles, type Archive, type DownloadOptions, type Progress } from "../../../ts/data/node/download.ts";
import { fetchFile } from "../../../ts/data/node/fetch-file.ts";
import { stream } from "../../../ts/random.ts";
import { tar, type TarMember } from "../tar-writer.ts";

const test = suite("download");
const root = mkdtempSync(join(tmpdir(), "perpend-download-"));

let answer: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;
let asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(`${request.url} ${request.headers.range ?? "all"}`);
  answer(request, response);
});
let base = "";
test.before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
test.before.each(() => {
  asked = [];
});
test.after(() => {
  server.closeAllConnections();
  server.close();
  rmSync(root, { recursive: true });
});

const draws = stream(1, "test/download").cursor();
const a = Uint8Array.from({ length: 300_000 }, () => draws.uint32()); // does not pack
const b = Uint8Array.from({ length: 5000 }, (_, i) => i);
const members: readonly TarMember[] = [
  { name: "set/", type: "5" },
  { name: "set/a.bin", data: a },
  { name: "set/readme.html", data: b.subarray(0, 88) },
  { name: "set/b.bin", data: b },
];
const packed = gzipSync(tar(members), { level: 1 });
const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex");

function archive(bytes: Uint8Array = packed): Archive {
  const files = new Map([
    ["a.bin", a.length],
    ["b.bin", b.length],
  ]);
  return { who: "downloadSet", url: `${base}set.tar.gz`, bytes: bytes.length, md5: md5(bytes), folder: "set", files };
}

/** Serves these bytes with ranges; ends the connection after `most` bytes of a response, once they are on their way. */
function serve(bytes: Uint8Array, { ranges = true, most = Infinity } = {}): void {
  answer = (request, response) => {
    const range = ranges ? /^bytes=(\d+)-$/.exec(request.headers.range ?? "") : null;
    const from = Number(range?.[1] ?? 0);
    if (from >= bytes.length) {
      response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
      return;
    }
    response.writeHead(range ? 206 : 200, {
      "content-length": bytes.length - from,
      ...(range && { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
      // What some servers say of .gz files: nothing must be unpacked because of it.
      "content-encoding": "gzip",
    });
    const end = Math.min(bytes.length, from + most);
    response.write(bytes.subarray(from, end), () => (end < bytes.length ? response.socket?.end() : response.end()));
  };
}

let folders = 0;
function fresh(): string {
  return join(root, `to${folders++}`);
}

async function refusal(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => assert.unreachable("accepted") as never,
    (error: Error) => error,
  );
}

function checkSet(to: string): void {
  assert.equal(readdirSync(to), ["set"]);
  assert.equal(readdirSync(join(to, "set")), ["a.bin", "b.bin"]);
  assert.ok(readFileSync(join(to, "set/a.bin")).equals(a));
  assert.ok(readFileSync(join(to, "set/b.bin")).equals(b));
}

test("fetches, checks, unpacks, and is done at once the second time", async () => {
  serve(packed);
  const to = fresh();
  const seen: Progress[] = [];
  const options: DownloadOptions = { to, onProgress: (p) => seen.push({ ...p }) };
  assert.is(await downloadArchive(archive(), options), join(to, "set"));
  checkSet(to);
  assert.equal([...new Set(seen.map((p) => p.phase))], ["download", "check", "unpack"]);
  for (const phase of ["download", "check", "unpack"]) {
    const steps = seen.filter((p) => p.phase === phase);
    const last = steps[steps.length - 1];
    assert.is(last.done, last.total);
    steps.forEach((p, i) => assert.ok(i === 0 || p.done >= steps[i - 1].done));
  }
  assert.equal(asked, ["/set.tar.gz all"]);
  await downloadArchive(archive(), options);
  assert.is(asked.length, 1);
});

test("a connection that breaks is taken up where it broke, at once and by a later run", async () => {
  const step = Math.ceil(packed.length / 3);
  serve(packed, { most: step });
  const to = fresh();
  await downloadArchive(archive(), { to });
  checkSet(to);
  // What was under way when the connection broke may be lost: each request goes on from what had come, at most a step after the last.
  assert.is(asked[0], "/set.tar.gz all");
  const starts = [0, ...asked.slice(1).map((line) => Number(/^\/set\.tar\.gz bytes=(\d+)-$/.exec(line)?.[1]))];
  assert.ok(starts.length >= 3, asked.join());
  for (let at = 1; at < starts.length; at++) assert.ok(starts[at] > starts[at - 1] && starts[at] <= starts[at - 1] + step, asked.join());

  const later = fresh();
  mkdirSync(later);
  writeFileSync(join(later, "set.tar.gz.part"), packed.subarray(0, 1234));
  serve(packed);
  asked = [];
  await downloadArchive(archive(), { to: later });
  checkSet(later);
  assert.equal(asked, ["/set.tar.gz bytes=1234-"]);
});

test("a stop by signal keeps the part, and the next run goes on from it", async () => {
  serve(packed, { most: 50_000 });
  const to = fresh();
  const stop = new AbortController();
  const error = await refusal(downloadArchive(archive(), { to, signal: stop.signal, onProgress: () => stop.abort() }));
  assert.is(error.name, "AbortError");
  const part = readFileSync(join(to, "set.tar.gz.part"));
  assert.ok(part.length > 0 && part.equals(packed.subarray(0, part.length)));
  serve(packed);
  asked = [];
  await downloadArchive(archive(), { to });
  checkSet(to);
  assert.equal(asked, [`/set.tar.gz bytes=${part.length}-`]);
});

test("a server without ranges sends it all again", async () => {
  serve(packed, { ranges: false });
  const to = fresh();
  mkdirSync(to);
  writeFileSync(join(to, "set.tar.gz.part"), "an earlier beginning");
  await downloadArchive(archive(), { to });
  checkSet(to);
  assert.equal(asked, ["/set.tar.gz bytes=20-"]);
});

test("a part that is too long or of another file is begun anew", async () => {
  for (const content of [new Uint8Array(packed.length + 1), new Uint8Array(packed.length), new Uint8Array(99)]) {
    serve(packed);
    const to = fresh();
    mkdirSync(to);
    writeFileSync(join(to, "set.tar.gz.part"), content);
    await downloadArchive(archive(), { to });
    checkSet(to);
  }
});

test("a wrong checksum is refused and leaves nothing", async () => {
  const damaged = Uint8Array.from(packed);
  damaged[100] ^= 1;
  serve(damaged);
  const to = fresh();
  const error = await refusal(downloadArchive(archive(), { to }));
  assert.is(error.message, `downloadSet: ${base}set.tar.gz has MD5 ${md5(damaged)}, wanted ${md5(packed)}`);
  assert.equal(readdirSync(to), []);
});

test("another size is refused before it is fetched", async () => {
  serve(packed.subarray(0, 1000));
  const error = await refusal(downloadArchive(archive(), { to: fresh() }));
  assert.is(error.message, `downloadSet: ${base}set.tar.gz has 1000 bytes, wanted ${packed.length}`);
  answer = (_, response) => {
    response.writeHead(200); // no length, no end
    const more = (): void => void (response.writableEnded || response.destroyed || response.write(new Uint8Array(65536), more));
    more();
  };
  const to = fresh();
  assert.match((await refusal(downloadArchive(archive(), { to }))).message, /sends more than \d+ bytes$/);
  assert.ok(readFileSync(join(to, "set.tar.gz.part")).length <= packed.length);
});

test("what a server refuses is said; what may pass is tried again, then given up", async () => {
  const options = { who: "get", url: `${base}x`, path: join(root, "x"), bytes: b.length, md5: md5(b), pause: 1 };
  answer = (_, response) => response.writeHead(404).end("no");
  assert.is((await refusal(fetchFile(options))).message, `get: ${base}x answers 404 Not Found, wanted the file`);
  assert.is(asked.length, 1);
  asked = [];
  answer = (_, response) => response.writeHead(503).end("busy");
  assert.match((await refusal(fetchFile(options))).message, /stops after 0 of 5000 bytes \(get: .* answers 503 .*\); run it again/);
  assert.is(asked.length, 4);
  answer = (request, response) => {
    if (asked.length < 6) return response.writeHead(500).end();
    response.writeHead(200).end(b);
    return request;
  };
  await fetchFile(options);
  assert.ok(readFileSync(options.path).equals(b));
  rmSync(options.path);
  answer = () => undefined; // never answers
  assert.match((await refusal(fetchFile({ ...options, idle: 20 }))).message, /nothing came for 0.02 s/);
});

test("follows to another address, not in circles", async () => {
  const options = { who: "get", url: `${base}from`, path: join(root, "moved"), bytes: b.length, md5: md5(b), pause: 1 };
  answer = (request, response) => {
    if (request.url === "/from") response.writeHead(302, { location: "/there" }).end();
    else response.writeHead(200).end(b);
  };
  await fetchFile(options);
  assert.ok(readFileSync(options.path).equals(b));
  answer = (_, response) => response.writeHead(302, { location: "/from" }).end();
  assert.match((await refusal(fetchFile({ ...options, path: join(root, "circle") }))).message, /leads on more than 5 times/);
  assert.match((await refusal(fetchFile({ ...options, url: "file:///etc/passwd" }))).message, /is file:\/\/, wanted https/);
});

test("an archive that would write elsewhere is refused and leaves nothing unpacked", async () => {
  const attacks: readonly TarMember[] = [
    { name: "set/../../escaped.bin", data: b },
    { name: "../escaped.bin", data: b },
    { name: "/tmp/escaped.bin", data: b },
    { name: "set/a.bin", type: "2", link: "../../escaped.bin" },
    { name: "set/a.bin", type: "1", link: "/etc/passwd" },
  ];
  for (const attack of attacks) {
    const bytes = gzipSync(tar([...members.slice(0, 1), { name: "set/b.bin", data: b }, attack]));
    serve(bytes);
    const to = fresh();
    const error = await refusal(downloadArchive(archive(bytes), { to }));
    assert.is(error.name, "FormatError");
    assert.equal(readdirSync(to), ["set.tar.gz.part"]);
    assert.not.ok(existsSync(join(root, "escaped.bin")));
  }
});

test("a folder that is there but not whole is not touched; a file that cannot be unpacked is said", async () => {
  serve(packed);
  const to = fresh();
  mkdirSync(join(to, "set"), { recursive: true });
  writeFileSync(join(to, "set/a.bin"), "mine");
  assert.match((await refusal(downloadArchive(archive(), { to }))).message, /set is there but not whole, wanted no such folder/);
  assert.is(readFileSync(join(to, "set/a.bin"), "utf8"), "mine");
  const text = new TextEncoder().encode("no archive");
  serve(text);
  assert.match((await refusal(downloadArchive(archive(text), { to: fresh() }))).message, /^downloadSet: cannot unpack .*set.tar.gz/);
});

test("an archive that is already there is checked, used and kept", async () => {
  const to = fresh();
  mkdirSync(to);
  writeFileSync(join(to, "set.tar.gz"), packed);
  await downloadArchive(archive(), { to });
  assert.equal(asked, []);
  assert.equal(readdirSync(to), ["set", "set.tar.gz"]);
  const other = fresh();
  mkdirSync(other);
  writeFileSync(join(other, "set.tar.gz"), new Uint8Array(packed.length));
  assert.match((await refusal(downloadArchive(archive(), { to: other }))).message, /set.tar.gz has another MD5, wanted/);
});

test("a set of files: only those that are missing, from any mirror", async () => {
  const contents: Record<string, Uint8Array> = { "one.gz": a, "two.gz": b };
  answer = (request, response) => response.writeHead(200).end(contents[request.url?.split("/").at(-1) ?? ""]);
  const files = Object.entries(contents).map(([name, bytes]) => ({ name, bytes: bytes.length, md5: md5(bytes) }));
  const to = fresh();
  mkdirSync(to);
  writeFileSync(join(to, "one.gz"), a);
  await downloadFiles({ who: "downloadTwo", url: "http://nowhere.invalid/", files }, { to, url: `${base}mirror` });
  assert.equal(asked, ["/mirror/two.gz all"]);
  assert.ok(readFileSync(join(to, "two.gz")).equals(b));
});

test.run();
