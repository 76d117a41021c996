import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { serveLab, type LabServer } from "../../ts/cli/lab-server.ts";
import type { SamplesEvent, StepEvent } from "../../ts/train/index.ts";

const outside = mkdtempSync(join(tmpdir(), "perpend-lab-"));
const folder = join(outside, "page");
mkdirSync(join(folder, "inner"), { recursive: true });
const files = {
  "index.html": "<title>page</title>",
  "lab.js": "1",
  "report.js": "2",
  "strict.wasm": "\0asm",
  "lab.css": "",
  "notes.txt": "no",
};
for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
writeFileSync(join(folder, "inner", "deep.js"), "deep");
writeFileSync(join(outside, "secret.js"), "secret");

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Asks with a path as it stands, as fetch() would not; resolves when the answer begins. */
function open(address: string, path: string, { method = "GET", headers = {} } = {}): Promise<{ readonly whole: Promise<Answer> }> {
  return new Promise((resolve, reject) => {
    const asked = request(address, { path, method, headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      const whole = new Promise<Answer>((end) => {
        response.on("end", () => end({ status: response.statusCode ?? 0, headers: response.headers, body }));
      });
      resolve({ whole });
    });
    asked.on("error", reject);
    asked.end();
  });
}

const ask = async (...what: Parameters<typeof open>): Promise<Answer> => (await open(...what)).whole;

const step = (number: number): StepEvent => ({
  type: "step",
  epoch: 1,
  step: number,
  loss: number === 2 ? NaN : number,
  accuracy: 0,
  learningRate: 0,
  imagesPerSecond: 1,
});

/** The ids and data of what a server sent. */
const eventsIn = (body: string): string[] => [...body.matchAll(/^id: [\d-]+\.(\d+)\ndata: (.*)$/gm)].map(([, id, data]) => `${id} ${data}`);

const test = suite("lab server");
let server: LabServer;

test.before(async () => {
  server = await serveLab({ folder, port: 0 });
});
test.after(async () => {
  await server.close();
  rmSync(outside, { recursive: true });
});

test("files with their types, isolated, and no script from elsewhere", async () => {
  const types: [path: string, type: string][] = [
    ["/", "text/html"],
    ["/index.html", "text/html"],
    ["/lab.js?v=1", "text/javascript"],
    ["/lab.css", "text/css"],
    ["/strict.wasm", "application/wasm"],
  ];
  for (const [path, type] of types) {
    const { status, headers, body } = await ask(server.address, path);
    assert.is(status, 200, path);
    assert.match(String(headers["content-type"]), type);
    assert.is(headers["cross-origin-opener-policy"], "same-origin");
    assert.is(headers["cross-origin-embedder-policy"], "require-corp");
    assert.is(headers["x-content-type-options"], "nosniff");
    assert.is(headers["access-control-allow-origin"], undefined);
    const policy = String(headers["content-security-policy"]);
    assert.match(policy, "default-src 'none'");
    assert.not.match(policy, "unsafe-inline");
    assert.is(policy.includes("'unsafe-eval'"), false, path);
    assert.is(Buffer.byteLength(body), Number(headers["content-length"]));
  }
  assert.match(String((await ask(server.address, "/report.js")).headers["content-security-policy"]), "'unsafe-eval'");
});

test("this computer alone, unless a host is named: then by number, and under no other name", async () => {
  assert.equal(server.others, []);
  for (const host of ["evil.test", "192.0.2.7", "192.0.2.7:80", "localhost.evil.test"])
    assert.is((await ask(server.address, "/", { headers: { host } })).status, 421, host);
  const open = await serveLab({ folder, port: 0, host: "0.0.0.0" });
  try {
    for (const address of [open.address, ...open.others]) {
      assert.match(address, /^http:\/\/(localhost|\d+\.\d+\.\d+\.\d+):\d+\/$/);
      assert.is((await ask(address, "/lab.js")).body, "1", address);
    }
    for (const host of ["192.0.2.7", "192.0.2.7:80", "[2001:db8::1]:80", "localhost:1"])
      assert.is((await ask(open.address, "/", { headers: { host } })).status, 200, host);
    for (const host of ["evil.test", "1.evil.test:80"]) assert.is((await ask(open.address, "/", { headers: { host } })).status, 421, host);
  } finally {
    await open.close();
  }
  const elsewhere = await serveLab({ folder, port: 0, host: "203.0.113.9" }).then(
    () => "it listens",
    (error: Error) => error.message,
  );
  assert.is(elsewhere, "lab: host 203.0.113.9: EADDRNOTAVAIL, wanted an address of this computer; 0.0.0.0 means all");
});

test("no path leads to another file", async () => {
  const paths = [
    "/../secret.js",
    "/%2e%2e/secret.js",
    "/..%2fsecret.js",
    "/..\\secret.js",
    "/inner/deep.js",
    "/inner",
    "/./inner/../../secret.js",
  ];
  const more = ["/notes.txt", "/nothing.js", "/%", "/%00", "//secret.js", "/__proto__", "/constructor", "/events", `/${"a".repeat(5000)}`];
  for (const path of [...paths, ...more]) {
    const { status, body, headers } = await ask(server.address, path);
    assert.is(status, 404, path);
    assert.is(body, "no such file\n");
    assert.is(headers["x-content-type-options"], "nosniff");
  }
});

test("only this computer's names, only reading", async () => {
  assert.is((await ask(server.address, "/", { headers: { host: "evil.example" } })).status, 421);
  assert.is((await ask(server.address, "/", { headers: { host: "localhost.evil.example" } })).status, 421);
  assert.is((await ask(server.address, "/", { headers: { host: "127.0.0.1:1" } })).status, 200);
  const posted = await ask(server.address, "/", { method: "POST" });
  assert.equal([posted.status, posted.headers["allow"]], [405, "GET, HEAD"]);
  const head = await ask(server.address, "/lab.js", { method: "HEAD" });
  assert.equal([head.status, head.body, head.headers["content-length"]], [200, "", "1"]);
});

test("what is no HTTP disturbs nobody", async () => {
  const { port } = new URL(server.address);
  await new Promise<void>((resolve) => {
    const socket = connect(Number(port), "127.0.0.1", () => socket.write("\u0016\u0003\u0001 what\r\n\r\n"));
    socket.on("close", () => resolve()).on("error", () => resolve());
    socket.resume();
  });
  assert.is((await ask(server.address, "/lab.js")).body, "1");
});

test("a run's events: what was, what comes, and the end; a page that comes back goes on where it was", async () => {
  const live = await serveLab({ folder, port: 0, live: true });
  const page = await ask(live.address, "/");
  assert.match(page.body, '<meta name="perpend-run" content="events" />');
  assert.match(page.body, "<title>page</title>");
  const samples: SamplesEvent = { type: "samples", images: [], labels: [], predictions: [], probabilities: [] };
  live.publish(step(1));
  live.publish(samples);
  const early = await open(live.address, "/events");
  const mark = await new Promise<string>((resolve) => {
    const first = request(live.address, { path: "/events", agent: false }, (response) => {
      response.setEncoding("utf8").on("data", (text: string) => {
        const found = /^id: ([\d-]+)\.0$/m.exec(text);
        if (found === null) return;
        resolve(found[1]);
        first.destroy();
      });
    });
    first.on("error", () => undefined).end();
  });
  live.publish(step(2));
  live.publish({ ...samples, step: 2 });
  const again = await open(live.address, "/events", { headers: { "last-event-id": `${mark}.1` } });
  const other = await open(live.address, "/events", { headers: { "last-event-id": "1-1.1" } });
  const strange = await open(live.address, "/events", { headers: { "last-event-id": `${mark}.x` } });
  live.publish(step(3));
  await live.close();
  const { headers, body } = await early.whole;
  assert.match(String(headers["content-type"]), "text/event-stream");
  const seen = eventsIn(body);
  assert.equal(
    seen.map((line) => line.split(" ")[0]),
    ["0", "1", "2", "3", "4"],
  );
  assert.match(seen[2], '"loss":"NaN"');
  assert.ok(body.endsWith("event: over\ndata: \n\n"));
  assert.equal(eventsIn((await again.whole).body), seen.slice(2));
  // Of samples the newest alone is sent to who comes late, or has seen another run.
  assert.equal(eventsIn((await other.whole).body), [seen[0], ...seen.slice(2)]);
  assert.equal(eventsIn((await strange.whole).body), [seen[0], ...seen.slice(2)]);
});

test("a port that is taken, a page that was not built", async () => {
  const port = Number(new URL(server.address).port);
  const refusal = async (options: Parameters<typeof serveLab>[0]): Promise<string> => {
    try {
      await (await serveLab(options)).close();
    } catch (error) {
      return (error as Error).message;
    }
    return "nothing was refused";
  };
  assert.is(await refusal({ folder, port }), `lab: port ${port}: EADDRINUSE, wanted one that is free`);
  assert.match(await refusal({ folder: join(outside, "none"), port: 0 }), "wanted a built one; run npm run build");
});

test.run();
