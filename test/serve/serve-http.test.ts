// The server of Node's over real sockets: hostile clients of every kind, one after the other and at once, and good ones among them.
import { connect } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createHandler, createPredictor, decodeJpeg, serveHttp } from "../../ts/serve/node/index.ts";
import { RAMP_JPEG } from "../cli/jpeg.ts";
import { inference, pictures, trained } from "./trained.ts";

const test = suite("serve-http");

const predictor = createPredictor(await trained({}), { kernels: inference });
const failures: unknown[] = [];
const handler = createHandler(predictor, { maxBytes: 200_000, maxSeconds: 0.5, decodeJpeg, onError: (error) => failures.push(error) });
const server = await serveHttp(handler);
const { port } = new URL(server.url);
const [picture] = pictures(1);
const good = JSON.stringify({ width: 32, height: 32, pixels: [...picture.pixels] });
const wanted: unknown = JSON.parse(JSON.stringify({ classes: predictor.predict([picture])[0] }));

const post = (body: BodyInit, type = "application/json"): Promise<Response> =>
  fetch(server.url, { method: "POST", body, headers: { "content-type": type }, duplex: "half" } as RequestInit);

/** What comes back for these bytes; with `stay`, the socket is not closed by this side. */
function raw(text: string, { stay = true, wait = 5000 }: { stay?: boolean; wait?: number } = {}): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(Number(port), "127.0.0.1", () => {
      socket.write(text);
      if (!stay) socket.destroy();
    });
    const done = (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(wait, done);
    socket.on("data", (chunk) => {
      answer += String(chunk);
      if (answer.endsWith("}\n") || answer.includes("content-length: 0")) done();
    });
    socket.on("close", done);
    socket.on("error", () => {});
  });
}

const fine = async (): Promise<void> => assert.equal(await (await post(good)).json(), wanted);

test("a good request", fine);

test("a JPEG, and one that is cut off", async () => {
  const found = (await (await post(Uint8Array.from(RAMP_JPEG), "image/jpeg")).json()) as { classes: unknown[] };
  assert.is(found.classes.length, 5);
  assert.is((await post(Uint8Array.from(RAMP_JPEG.subarray(0, 200)), "image/jpeg")).status, 400);
});

test("too much, in one piece and in many, is answered and not waited for", async () => {
  const whole = await post(new Uint8Array(5_000_000));
  assert.is(whole.status, 413);
  await whole.json();
  let parts = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => (parts++ < 500 ? controller.enqueue(new Uint8Array(10_000).fill(32)) : controller.close()),
  });
  assert.is((await post(stream)).status, 413);
  await fine();
});

test("a body that stops, and one whose sender goes away", async () => {
  const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n";
  assert.match(await raw(`${head}{"width":32`), /^HTTP\/1\.1 408 /);
  assert.is(await raw(`${head}{"width":32`, { stay: false }), "");
  await fine();
});

test("what is no HTTP, or no request that anybody takes", async () => {
  assert.match(await raw("GARBAGE\r\n\r\n"), /400 Bad Request/);
  assert.match(await raw("TRACE / HTTP/1.1\r\nHost: x\r\n\r\n"), /^HTTP\/1\.1 400 /);
  assert.match(await raw("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"), /^HTTP\/1\.1 405 [^]*"method-not-allowed"/);
  assert.match(await raw("GET //evil.example/x HTTP/1.1\r\nHost: a b\r\n\r\n"), /^HTTP\/1\.1 404 /);
  assert.match(await raw("GET http://evil.example/health HTTP/1.1\r\nHost: x\r\n\r\n"), /^HTTP\/1\.1 200 /);
  assert.match(await raw(`GET /${"x".repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`), /^HTTP\/1\.1 431 /);
  assert.match(await raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1e3\r\n\r\n"), /^HTTP\/1\.1 400 /);
  const head = await raw("HEAD /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  assert.match(head, /^HTTP\/1\.1 200 [^]*\r\n\r\n$/);
  assert.not.match(head, /content-length/i);
  await fine();
});

test("good requests among bad ones, at the same time", async () => {
  const bad: readonly (() => Promise<unknown>)[] = [
    () => post("{"),
    () => post("[".repeat(100_000)),
    () => post(new Uint8Array(300_000)),
    () => post("x", "image/png"),
    () => raw("GARBAGE\r\n\r\n"),
    () => raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{", { stay: false }),
  ];
  const all: Promise<unknown>[] = [];
  for (let index = 0; index < 24; index++) all.push(index % 2 ? bad[index % bad.length]().catch(() => {}) : fine());
  await Promise.all(all);
  assert.equal(failures, []);
});

test("closing takes no more requests", async () => {
  await server.close();
  assert.is(await post(good).then(
    () => "an answer",
    () => "none",
  ), "none"); // prettier-ignore
});

test.run();
