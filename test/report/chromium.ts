// Opens a file in headless Chromium and looks at it: overflow, console, requests, screenshot. Speaks the DevTools protocol over a pipe,
// so it needs nothing but the browser. From the command line: node --import tsx test/report/chromium.ts page.html picture.png [width] [dark|light] [top] [height]
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pathToFileURL } from "node:url";

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The browser on this machine, or undefined. CHROMIUM names another one. */
export function findChromium(): string | undefined {
  return [process.env["CHROMIUM"] ?? "", ...PLACES].find((path) => path !== "" && existsSync(path));
}

export interface Look {
  readonly width: number;
  readonly dark?: boolean;
  /** Pixels a CSS pixel. */
  readonly scale?: number;
  /** An expression of the page, its value must be JSON. */
  readonly evaluate?: string;
  /** The whole page, or a part of its height. */
  readonly screenshot?: boolean | { readonly top: number; readonly height: number };
}

export interface Seen {
  /** Messages on the console, security reports and uncaught errors. */
  readonly complaints: readonly string[];
  /** What the page asked for, itself and data URLs left out. */
  readonly requests: readonly string[];
  readonly value: unknown;
  readonly screenshot?: Buffer;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

export interface Browser {
  look(file: string, look: Look): Promise<Seen>;
  close(): Promise<void>;
}

/** Starts a browser with a profile of its own, which close() removes. */
export function openChromium(executable: string): Browser {
  const profile = mkdtempSync(join(tmpdir(), "perpend-chromium-"));
  const quiet = ["background-networking", "component-update", "sync", "gpu", "quic", "extensions", "default-apps"].map(
    (what) => `--disable-${what}`,
  );
  const child = spawn(
    executable,
    ["--headless=new", "--no-sandbox", "--no-first-run", "--remote-debugging-pipe", `--user-data-dir=${profile}`, ...quiet, "about:blank"],
    { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
  );
  const ended = new Promise<void>((done) => child.once("close", () => done()));
  const connection = connect(child);
  return {
    look: (file, options) => look(connection, pathToFileURL(resolve(file)).href, options),
    close: async () => {
      await connection.send("Browser.close").catch(() => child.kill("SIGKILL"));
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

interface Connection {
  send(method: string, params?: Record<string, unknown>, sessionId?: string): Promise<Record<string, unknown>>;
  readonly listeners: Set<(message: Message) => void>;
}

function connect(child: ChildProcess): Connection {
  const [input, output] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  const waiting = new Map<number, (message: Message) => void>();
  const listeners = new Set<(message: Message) => void>();
  let sent = 0;
  let rest = "";
  output.setEncoding("utf8");
  output.on("data", (text: string) => {
    const messages = (rest + text).split("\0");
    rest = messages.pop() ?? "";
    for (const each of messages) {
      const message = JSON.parse(each) as Message;
      if (message.id === undefined) for (const listener of [...listeners]) listener(message);
      else waiting.get(message.id)?.(message);
    }
  });
  child.once("close", () => {
    for (const answer of waiting.values()) answer({ error: { message: "the browser ended" } });
  });
  input.on("error", () => undefined);
  return {
    listeners,
    send: (method, params = {}, sessionId) =>
      new Promise((done, fail) => {
        const id = ++sent;
        waiting.set(id, ({ result = {}, error }) => {
          waiting.delete(id);
          if (error === undefined) done(result);
          else fail(new Error(`chromium: ${method}: ${error.message}`));
        });
        input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
      }),
  };
}

async function look(
  connection: Connection,
  url: string,
  { width, dark = false, scale = 1, evaluate, screenshot = false }: Look,
): Promise<Seen> {
  const { targetId } = await connection.send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await connection.send("Target.attachToTarget", { targetId, flatten: true });
  const send = (method: string, params?: Record<string, unknown>) => connection.send(method, params, sessionId as string);
  const complaints: string[] = [];
  const requests: string[] = [];
  let loaded = (): void => undefined;
  const load = new Promise<void>((done) => (loaded = done));
  const listener = ({ method, params = {} }: Message): void => {
    if (method === "Page.loadEventFired") loaded();
    else if (method === "Runtime.consoleAPICalled" || method === "Runtime.exceptionThrown" || method === "Log.entryAdded")
      complaints.push(JSON.stringify(params));
    else if (method === "Network.requestWillBeSent") {
      const { url: asked } = params["request"] as { url: string };
      if (asked !== url && !asked.startsWith("data:")) requests.push(asked);
    }
  };
  connection.listeners.add(listener);
  try {
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await send(`${domain}.enable`);
    await send("Emulation.setDeviceMetricsOverride", { width, height: 900, deviceScaleFactor: scale, mobile: width < 600 });
    await send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }] });
    await send("Page.navigate", { url });
    await load;
    const answer = evaluate === undefined ? {} : await send("Runtime.evaluate", { expression: evaluate, returnByValue: true });
    const value = (answer["result"] as { value?: unknown } | undefined)?.value;
    if (screenshot === false) return { complaints, requests, value };
    const { cssContentSize } = (await send("Page.getLayoutMetrics")) as { cssContentSize: { width: number; height: number } };
    const { top, height } = screenshot === true ? { top: 0, height: cssContentSize.height } : screenshot;
    const clip = { x: 0, y: top, width, height: Math.min(height, cssContentSize.height - top), scale: 1 };
    const { data } = await send("Page.captureScreenshot", { captureBeyondViewport: true, clip });
    return { complaints, requests, value, screenshot: Buffer.from(data as string, "base64") };
  } finally {
    connection.listeners.delete(listener);
    await connection.send("Target.closeTarget", { targetId });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [page, picture, width = "1200", mode = "light", top = "0", height = "100000"] = process.argv.slice(2);
  const executable = findChromium();
  if (executable === undefined || page === undefined || picture === undefined) throw new Error("wanted: a Chromium, a page and a picture");
  const browser = openChromium(executable);
  const seen = await browser.look(page, {
    width: Number(width),
    dark: mode === "dark",
    scale: Number(width) < 600 ? 2 : 1,
    screenshot: { top: Number(top), height: Number(height) },
  });
  if (seen.screenshot !== undefined) writeFileSync(picture, seen.screenshot);
  await browser.close();
}
