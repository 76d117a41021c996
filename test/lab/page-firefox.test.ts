// The page in Firefox, which nobody drives: a script beside the page presses the button and sends back what the page came to.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { take } from "../../ts/data/index.ts";
import { readCifar10, readMnist, type Splits } from "../../ts/data/node/files.ts";
import { DEFAULTS, type LabSettings } from "../../ts/lab/fields.ts";
import { bundleLab } from "../../ts/lab/node/bundle.ts";
import { toHash } from "../../ts/lab/settings.ts";
import { expectedDigests } from "./browser.ts";
import { archive, cifar10Members, idx } from "./set-writer.ts";

const SETTINGS: LabSettings = { ...DEFAULTS, trainSamples: 160, testSamples: 48, width: 4, batchSize: 16, epochs: 2 };
const firefox = ["/usr/bin/firefox-esr", "/usr/bin/firefox"].find((path) => existsSync(path));
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/** What every script begins with. */
const BEGIN = `
const errors = [];
addEventListener("error", (event) => errors.push(event.message));
addEventListener("unhandledrejection", (event) => errors.push(String(event.reason)));
const pause = () => new Promise((resolve) => setTimeout(resolve, 100));
const until = async (holds) => { while (!holds()) await pause(); };
const texts = (selector) => [...document.querySelectorAll(selector)].map((each) => each.textContent);
const train = async () => {
  const button = [...document.querySelectorAll("button")].find((each) => each.textContent.startsWith("Train"));
  await until(() => !button.disabled);
  button.click();
  await until(() => !texts(".card .state").includes("finished"));
  await until(() => texts(".card .state").every((state) => state === "finished" || state === "failed"));
  return texts(".digest dd");
};
const send = (digests, said = []) => fetch("answer", {
  method: "POST",
  body: JSON.stringify({ errors, isolated: crossOriginIsolated, failures: texts(".failure"), digests, said }),
});
await until(() => document.querySelector(".card"));`;

/** Presses the button and waits. */
const TRAIN = `${BEGIN}
await send(await train());`;

/** Gives files as a person does who chooses or drops them; what they hold lies beside the page. */
const GIVE = `${BEGIN}
const given = async (...names) => {
  const transfer = new DataTransfer();
  for (const name of names) transfer.items.add(new File([await (await fetch("own/" + name)).arrayBuffer()], name));
  return transfer;
};
const drop = async (...names) => {
  const dataTransfer = await given(...names);
  for (const type of ["dragover", "drop"])
    document.querySelector(".setup").dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
};
const noted = (text) => until(() => document.querySelector(".setup .note").textContent.includes(text));
const input = document.querySelector("input[name=files]");
input.files = (await given("cifar-10-binary.tar.gz")).files;
input.dispatchEvent(new Event("change", { bubbles: true }));
await noted("1 file,");
const cifar = await train();
await drop("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte");
await noted("4 files,");
const mnist = await train();
await drop("notes.txt");
await until(() => texts(".setup [role=alert]").length > 0);
await send([...cifar, ...mnist], texts(".setup [role=alert]"));`;

interface Answer {
  readonly errors: readonly string[];
  readonly isolated: boolean;
  readonly failures: readonly string[];
  readonly digests: readonly string[];
  readonly said: readonly string[];
}

/** What a page does in Firefox. */
interface Visit {
  readonly settings: LabSettings;
  readonly script: string;
  /** Files beside the page, in `own/`. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

function serve(folder: string, { script, files = {} }: Visit, answered: (answer: Answer) => void): Server {
  return createServer((incoming, response) => {
    if (incoming.method === "POST") {
      let text = "";
      incoming.setEncoding("utf8").on("data", (part: string) => (text += part));
      incoming.on("end", () => {
        response.end();
        answered(JSON.parse(text) as Answer);
      });
      return;
    }
    const name = new URL(incoming.url ?? "/", "http://localhost").pathname.slice(1) || "index.html";
    const headers = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
    try {
      const own = name.startsWith("own/") ? files[name.slice(4)] : undefined;
      const plain = own ?? (name === "press.js" ? script : readFileSync(join(folder, name)));
      const body =
        name === "index.html" ? String(plain).replace("</head>", '<script type="module" src="press.js"></script></head>') : plain;
      response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream", ...headers }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
}

/** Opens the page and waits for its answer. Error: Firefox ends before. */
async function press(executable: string, visit: Visit): Promise<Answer> {
  const folder = mkdtempSync(join(tmpdir(), "perpend-firefox-"));
  const [page, profile] = [join(folder, "page"), join(folder, "profile")];
  mkdirSync(profile);
  await bundleLab(page);
  let answered: (answer: Answer) => void = () => {};
  const answer = new Promise<Answer>((resolve) => (answered = resolve));
  const server = serve(page, visit, answered);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://localhost:${(server.address() as AddressInfo).port}/#${toHash(visit.settings)}`;
  const child = spawn(executable, ["--headless", "--no-remote", "--profile", profile, address], {
    stdio: "ignore",
    detached: true, // a process group of its own: a browser is many processes
    env: { ...process.env, HOME: folder },
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()).once("error", () => resolve()));
  try {
    return await Promise.race([
      answer,
      ended.then(() => {
        throw new Error("Firefox ended before its page answered");
      }),
    ]);
  } finally {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // it has ended
    }
    await ended;
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

const test = suite("lab page in Firefox");

if (firefox === undefined) test.skip("trains in Firefox (skipped: no Firefox on this machine)", () => undefined);
else {
  test("isolated, without an error, to the same digests", async () => {
    const answer = await press(firefox, { settings: SETTINGS, script: TRAIN });
    assert.equal(answer, { errors: [], isolated: true, failures: [], digests: await expectedDigests(SETTINGS), said: [] });
  });

  test("own files, chosen and dropped: the digests of Node on CIFAR-10's archive and on MNIST; what is no set is named", async () => {
    const members = cifar10Members();
    const mnist: Readonly<Record<string, Uint8Array>> = {
      "train-images-idx3-ubyte.gz": gzipSync(idx([80, 28, 28])),
      "train-labels-idx1-ubyte": idx([80]),
      "t10k-images-idx3-ubyte": idx([40, 28, 28]),
      "t10k-labels-idx1-ubyte": idx([40]),
    };
    const folder = mkdtempSync(join(tmpdir(), "perpend-own-"));
    mkdirSync(join(folder, "cifar-10-batches-bin"));
    for (const { name, data } of members) if (data) writeFileSync(join(folder, "cifar-10-batches-bin", basename(name)), data);
    for (const [name, data] of Object.entries(mnist)) writeFileSync(join(folder, name), data);
    const few = ({ train, test: held }: Splits): Splits => ({ train: take(train, 64), test: take(held, 32) });
    const own: LabSettings = { ...DEFAULTS, against: "nothing", width: 4, batchSize: 16, epochs: 1 };
    try {
      const answer = await press(firefox, {
        settings: { ...own, dataset: "cifar10", trainSamples: 64, testSamples: 32 },
        script: GIVE,
        files: { ...mnist, "cifar-10-binary.tar.gz": gzipSync(archive(members), { level: 1 }), "notes.txt": new Uint8Array(100) },
      });
      assert.equal(answer, {
        errors: [],
        isolated: true,
        failures: [],
        digests: [
          ...(await expectedDigests(
            { ...own, dataset: "cifar10", trainSamples: 64, testSamples: 32 },
            few(await readCifar10({ dir: folder })),
          )),
          ...(await expectedDigests({ ...own, dataset: "mnist" }, await readMnist({ dir: folder }))),
        ],
        said: answer.said,
      });
      assert.match(answer.said.join(), "notes.txt: nothing to train on");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

test.run();
