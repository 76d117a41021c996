// Requests and answers: what is asked well is answered like the predictor, all else with its status and a sentence, and nothing of the
// server's insides is told.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createHandler, createPredictor, FormatError, type HandlerOptions } from "../../ts/serve/index.ts";
import { makePng } from "../cli/png-maker.ts";
import { Dice, mutate } from "../fuzz/mutate.ts";
import { inference, pictures, trained } from "./trained.ts";

const test = suite("handler");

const predictor = createPredictor(await trained({}), { kernels: inference });
const [first, second] = pictures(2);
const wanted = JSON.parse(JSON.stringify(predictor.predict([first, second]))) as unknown[];
const json = ({ width, height, pixels }: typeof first): object => ({ width, height, pixels: [...pixels] });
const png = Uint8Array.from(
  makePng({ width: 32, height: 32, depth: 8, color: 2, sample: (x, y, c) => first.pixels[3 * (32 * y + x) + c] }),
);

type Body = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | object;

function post(body: Body, type = "application/json", address = "/"): Request {
  const raw = typeof body === "string" || body instanceof Uint8Array || body instanceof ReadableStream;
  const init = { method: "POST", body: raw ? body : JSON.stringify(body), headers: { "content-type": type }, duplex: "half" };
  return new Request(`http://localhost${address}`, init as RequestInit);
}

async function ask(request: Request, options: HandlerOptions = {}): Promise<{ status: number; body: unknown; headers: Headers }> {
  const response = await createHandler(predictor, options)(request);
  assert.match(response.headers.get("content-type") ?? "", "application/json");
  return { status: response.status, body: JSON.parse(await response.text()) as unknown, headers: response.headers };
}

async function refused(request: Request, status: number, pattern: RegExp, options?: HandlerOptions): Promise<Headers> {
  const found = await ask(request, options);
  assert.is(found.status, status, JSON.stringify(found.body));
  const { error } = found.body as { error: { code: string; message: string } };
  assert.match(error.message, pattern);
  assert.not.match(JSON.stringify(found.body), /\.ts|node_modules|\/serve|at \w+ \(|stack/);
  assert.equal(Object.keys(error), ["code", "message"]);
  return found.headers;
}

test("pixels, gray pixels, several pictures, a PNG, so many classes", async () => {
  assert.equal((await ask(post(json(first)))).body, { classes: wanted[0] });
  assert.equal((await ask(post({ images: [json(first), json(second)] }))).body, { images: wanted.map((classes) => ({ classes })) });
  assert.equal((await ask(post(png, "image/png"))).body, { classes: wanted[0] });
  assert.equal((await ask(post(png, "Image/PNG; q=1", "/?top=2"))).body, { classes: (wanted[0] as unknown[]).slice(0, 2) });
  const gray = { width: 2, height: 2, pixels: [0, 80, 160, 240] };
  const colored = { ...gray, pixels: gray.pixels.flatMap((value) => [value, value, value]) };
  assert.equal((await ask(post(gray))).body, (await ask(post(colored))).body);
});

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

test("files in JSON: base64, a page's data URL, among pixels; so many pixels together", async () => {
  assert.equal((await ask(post({ image: base64(png) }))).body, { classes: wanted[0] });
  assert.equal((await ask(post({ image: json(first) }))).body, { classes: wanted[0] });
  const several = { images: [`data:image/png;base64,${base64(png)}`, json(second), base64(png)] };
  assert.equal((await ask(post(several))).body, { images: [wanted[0], wanted[1], wanted[0]].map((classes) => ({ classes })) });
  await refused(post(several), 400, /^body\.images\[2\]: 32x32 pixels at byte \d+, wanted at most 0\.000976 megapixels/, {
    maxPixels: 2000,
  });
  await refused(post({ image: "no base64!" }), 400, /^body\.image: text that is not base64, wanted a picture's file in base64/);
  await refused(post({ image: "" }), 400, /^body\.image: no picture at byte 0, wanted a PNG$/);
  await refused(post({ images: [base64(png), base64(png.slice(0, 60))] }), 400, /^body\.images\[1\]: .*at byte \d+, wanted/);
  await refused(post({ image: base64(png), top: 3 }), 400, /the field "top", wanted image$/);
  await refused(post({ image: 3 }), 400, /^body\.image: 3, wanted/);
  await refused(post({ image: base64(Uint8Array.of(0xff, 0xd8, 0xff)) }), 400, /no picture at byte 0, wanted a PNG$/);
  await refused(post({ image: base64(Uint8Array.of(1)) }), 400, /wanted a PNG or a JPEG$/, { decodeJpeg: () => first });
});

test("a body that is packed is not taken for a bad one", async () => {
  const request = new Request("http://localhost/", {
    method: "POST",
    body: png,
    headers: { "content-type": "image/png", "content-encoding": "gzip" },
  });
  assert.is((await refused(request, 415, /content-encoding: gzip, wanted a body that is not packed/)).get("accept-encoding"), "identity");
});

test("pages of other sites: none, all, some; what they ask beforehand, and errors that they may read", async () => {
  const from = (origin: string, method: string, more: Record<string, string> = {}): Request =>
    new Request("http://localhost/", { method, headers: { origin, ...more } });
  const before = { "access-control-request-method": "POST", "access-control-request-headers": "content-type" };
  const site = "https://example.org";
  const allowed = (response: Response): string | null => response.headers.get("access-control-allow-origin");

  const closed = createHandler(predictor);
  assert.is((await closed(from(site, "OPTIONS", before))).status, 405);
  assert.is(allowed(await closed(from(site, "GET"))), null);

  const open = createHandler(predictor, { origins: "*" });
  const preflight = await open(from(site, "OPTIONS", before));
  assert.is(preflight.status, 204);
  assert.is(allowed(preflight), "*");
  assert.is(preflight.headers.get("access-control-allow-headers"), "content-type");
  assert.match(preflight.headers.get("access-control-allow-methods") ?? "", "POST");
  const error = await open(from(site, "DELETE"));
  assert.is(error.status, 405);
  assert.is(allowed(error), "*");

  const some = createHandler(predictor, { origins: [site, "http://localhost:5173"] });
  for (const [origin, answer] of [
    [site, site],
    ["http://localhost:5173", "http://localhost:5173"],
    ["https://example.org.evil.test", null],
    ["null", null],
  ] as const) {
    const response = await some(from(origin, "GET"));
    assert.is(allowed(response), answer, origin);
    assert.is(response.headers.get("vary"), "origin");
    assert.is(allowed(await some(from(origin, "OPTIONS", before))), answer);
  }
  assert.throws(() => createHandler(predictor, { origins: ["https://example.org/"] }), /origins: "https:\/\/example\.org\/", wanted/);
  assert.throws(() => createHandler(predictor, { origins: ["example.org"] }), /origins: "example\.org", wanted/);
});

test("what the model takes, and that it is well", async () => {
  const about = await ask(new Request("http://localhost/"));
  assert.equal(about.body, {
    model: "resnetv2_8",
    input: { width: 32, height: 32, channels: 3 },
    accepts: ["application/json", "image/png"],
    classes: predictor.data.classNames,
  });
  assert.equal((await ask(new Request("http://localhost/health"))).body, { status: "ok" });
  const head = await createHandler(predictor)(new Request("http://localhost/health", { method: "HEAD" }));
  assert.is(head.status, 200);
  assert.is(await head.text(), "");
});

test("paths, methods, types", async () => {
  await refused(new Request("http://localhost/../etc/passwd"), 404, /no such path/);
  await refused(post(json(first), "application/json", "/predict"), 404, /no such path/);
  const headers = await refused(new Request("http://localhost/", { method: "DELETE" }), 405, /DELETE/);
  assert.is(headers.get("allow"), "GET, HEAD, POST");
  await refused(post("", "application/json", "/health"), 405, /POST/);
  await refused(post("x", "text/plain"), 415, /text\/plain, wanted application\/json, image\/png/);
  await refused(post(Uint8Array.of(0xff, 0xd8, 0xff), "image/jpeg"), 415, /image\/jpeg/);
  await refused(new Request("http://localhost/", { method: "POST" }), 415, /none/);
  for (const top of ["0", "-1", "1e9", "x", ""]) await refused(post(json(first), "application/json", `/?top=${top}`), 400, /top: /);
});

const JSON_CASES: readonly (readonly [name: string, body: Body, pattern: RegExp])[] = [
  ["nothing", "", /the end.*wanted a JSON value/],
  ["half of it", '{"width":2,"height', /the end/],
  ["no UTF-8", Uint8Array.of(0x7b, 0xff), /not UTF-8/],
  ["a list", "[]", /a list, wanted an object/],
  ["null", "null", /null, wanted an object/],
  ["NaN", '{"width":1,"height":1,"pixels":[NaN]}', /wanted a JSON value/],
  ["a number beyond all", '{"width":1,"height":1,"pixels":[1e999]}', /1e999/],
  ["a huge side", { width: 1e15, height: 1, pixels: [] }, /1000000000000000x1 pixels/],
  ["a side that is no number", { width: "32", height: 32, pixels: [] }, /width: text/],
  ["half a pixel", { width: 0.5, height: 2, pixels: [1] }, /width: 0\.5/],
  ["no pixels", { width: 1, height: 1 }, /pixels: nothing/],
  ["too few pixels", { width: 2, height: 2, pixels: [1, 2, 3] }, /3 values for 2x2 pixels, wanted 12, or 4/],
  ["a value of 256", { width: 1, height: 1, pixels: [0, 256, 0] }, /pixels\[1\]: 256/],
  ["a value of -1", { width: 1, height: 1, pixels: [-1] }, /pixels\[0\]: -1/],
  ["half a value", { width: 1, height: 1, pixels: [0.5] }, /pixels\[0\]: 0\.5/],
  ["text among values", { width: 1, height: 1, pixels: ["0"] }, /pixels\[0\]: text/],
  ["a field too many", { ...json(first), __path: "/etc/passwd" }, /the field "__path"/],
  ["a field twice", '{"width":1,"width":1,"height":1,"pixels":[0]}', /a second time/],
  ["the field __proto__", '{"__proto__":{},"width":1,"height":1,"pixels":[0]}', /__proto__/],
  ["no picture in the list", { images: [] }, /an empty list/],
  ["a bad second picture", { images: [json(first), { width: 1, height: 1, pixels: [] }] }, /images\[1\]\.pixels: 0 values/],
  ["deep JSON", `${"[".repeat(500_000)}`, /at most 4 levels/],
  ["deep objects", `${'{"images":'.repeat(100_000)}`, /at most 4 levels/],
];

for (const [name, body, pattern] of JSON_CASES)
  test(`JSON: ${name}`, async () => {
    await refused(post(body), name === "a huge side" ? 413 : 400, pattern);
  });

test("PNGs: cut, changed, empty, another type, too many pixels", async () => {
  await refused(post(png.slice(0, -5), "image/png"), 400, /body: .*wanted/);
  const changed = png.slice();
  changed[png.length - 20] ^= 1;
  await refused(post(changed, "image/png"), 400, /checksum/);
  await refused(post(new Uint8Array(0), "image/png"), 400, /no PNG/);
  await refused(post(json(first), "image/png"), 400, /no PNG/);
  await refused(post(png, "image/png"), 400, /32x32 pixels/, { maxPixels: 1000 });
});

test("JPEGs by the decoder that is given", async () => {
  const bytes = Uint8Array.from([
    ...[0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 32, 0, 32, 1, 1, 0x11, 0],
    ...[0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 1, 2, 0xff, 0xd9],
  ]);
  const found = await ask(post(bytes, "image/jpeg"), { decodeJpeg: () => first });
  assert.equal(found.body, { classes: wanted[0] });
  const decodeJpeg = (): never => {
    throw new FormatError({ file: "secret.ts", offset: 3, found: "a damaged JPEG", wanted: "a sound one" });
  };
  await refused(post(bytes, "image/jpeg"), 400, /^body: a damaged JPEG at byte 3/, { decodeJpeg });
  await refused(post(bytes.slice(0, -2), "image/jpeg"), 400, /the end/, { decodeJpeg });
  await refused(post(png, "image/jpeg"), 400, /no JPEG/, { decodeJpeg });
});

/** A body that comes in parts. */
function stream(parts: Iterable<Uint8Array>, pulled: { count: number; canceled: boolean }): ReadableStream<Uint8Array> {
  const iterator = parts[Symbol.iterator]();
  return new ReadableStream({
    pull: (controller) => {
      const next = iterator.next();
      pulled.count++;
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
    cancel: () => {
      pulled.canceled = true;
    },
  });
}

test("a body is counted as it comes, and its end is not waited for", async () => {
  const pulled = { count: 0, canceled: false };
  const endless = (function* (): Generator<Uint8Array> {
    for (;;) yield new Uint8Array(1000);
  })();
  await refused(post(stream(endless, pulled)), 413, /more than 10000 bytes, wanted at most 10000/, { maxBytes: 10_000 });
  assert.ok(pulled.count <= 13, `${pulled.count} parts of 1000 bytes were read`);
  assert.ok(pulled.canceled);
  const stated = new Request("http://localhost/", {
    method: "POST",
    body: png,
    headers: { "content-type": "image/png", "content-length": String(png.length) },
  });
  await refused(stated, 413, /wanted at most 10$/, { maxBytes: 10 });
});

test("a body that stops, and one that breaks", async () => {
  const silent = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(Uint8Array.of(0x7b)) });
  await refused(post(silent), 408, /not whole after 0\.05 seconds/, { maxSeconds: 0.05 });
  const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error("secret")) });
  await refused(post(broken), 400, /^body: cut off/);
});

test("too many at once are told to come again, and those under way are answered", async () => {
  const handler = createHandler(predictor, { maxAtOnce: 2 });
  const waiting: ReadableStreamDefaultController<Uint8Array>[] = [];
  const slow = (): Request => post(new ReadableStream<Uint8Array>({ start: (controller) => void waiting.push(controller) }), "image/png");
  const under = [handler(slow()), handler(slow())];
  const third = await handler(post(png, "image/png"));
  assert.is(third.status, 503);
  assert.is(third.headers.get("retry-after"), "1");
  assert.is((await handler(new Request("http://localhost/health"))).status, 200);
  for (const controller of waiting) {
    controller.enqueue(png);
    controller.close();
  }
  for (const response of await Promise.all(under)) assert.equal(await response.json(), { classes: wanted[0] });
  assert.is((await handler(post(png, "image/png"))).status, 200);
});

test("errors of the server's own are told to the server alone", async () => {
  const seen: unknown[] = [];
  const failing = {
    ...predictor,
    predict: () => {
      throw new Error("secret at /serve/predictor.ts");
    },
  };
  const response = await createHandler(failing, { onError: (error) => seen.push(error) })(post(json(first)));
  assert.is(response.status, 500);
  assert.equal(await response.json(), { error: { code: "internal", message: "the prediction failed" } });
  assert.is(seen.length, 1);
});

test("good requests among bad ones get the answers that they get alone", async () => {
  const handler = createHandler(predictor);
  const bad = [() => post("{"), () => post(png.slice(0, 99), "image/png"), () => post(json(first), "x/y"), () => post({ images: 3 })];
  const answers = await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      if (index % 3 > 0) return (await handler(bad[index % bad.length]())).status;
      const body: unknown = await (await handler(post(index % 2 ? json(first) : png, index % 2 ? "application/json" : "image/png"))).json();
      assert.equal(body, { classes: wanted[0] });
      return 200;
    }),
  );
  assert.is(answers.filter((status) => status === 200).length, 20);
  assert.is(answers.filter((status) => status === 400 || status === 415).length, 40);
});

test("changed requests are answered or refused, and never the server's fault", async () => {
  const failures: unknown[] = [];
  const handler = createHandler(predictor, { maxPixels: 10_000, maxBytes: 100_000, onError: (error) => failures.push(error) });
  const dice = new Dice(11);
  const small = new TextEncoder().encode(
    JSON.stringify({ images: [{ width: 3, height: 2, pixels: [...first.pixels.subarray(0, 18)] }, base64(png)] }),
  );
  const tokens = ["NaN", "1e999", "-0", '"width":', "[[[[", "null", "\u0000", "255.5", "IDAT", "IEND"];
  const statuses = new Map<number, number>();
  for (let round = 0; round < 600; round++) {
    const isPicture = round % 2 === 0;
    const body = Uint8Array.from(mutate(isPicture ? png : small, dice, [png, small], tokens));
    const { status } = await handler(post(body, isPicture ? "image/png" : "application/json"));
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  assert.equal(failures, []);
  assert.equal(
    [...statuses.keys()].filter((status) => ![200, 400, 413].includes(status)),
    [],
  );
  assert.ok((statuses.get(400) ?? 0) > 300, JSON.stringify([...statuses]));
});

test("limits above 0", () => {
  assert.throws(() => createHandler(predictor, { maxBytes: 0 }), /maxBytes 0/);
  assert.throws(() => createHandler(predictor, { maxAtOnce: NaN }), /maxAtOnce NaN/);
});

test.run();
