// The laboratory's page as it is built, in headless Chromium, driven by playwright-core. Where there is no Chromium, tests skip themselves.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from "playwright-core";
import * as program from "../../ts/cli/settings/training-program.ts";
import { programOptions, testLoader, trainerSettings, trainLoader } from "../../ts/cli/settings/training-setup.ts";
import { serveLab, type LabServer } from "../../ts/cli/lab-server.ts";
import { openSource } from "../../ts/lab/data-source.ts";
import type { LabSettings } from "../../ts/lab/fields.ts";
import type { Splits } from "../../ts/lab/given-data.ts";
import { bundleLab } from "../../ts/lab/node/bundle.ts";
import { runsOf } from "../../ts/lab/settings.ts";
import { LocalPool, Trainer } from "../../ts/node.ts";
import { findChromium } from "../report/chromium.ts";

/** A name of this machine that browsers do not trust as they trust localhost. */
export const ELSEWHERE = "classroom.test";

const ARGUMENTS = [
  `--host-resolver-rules=MAP ${ELSEWHERE} 127.0.0.1`,
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
].concat(["background-networking", "component-update", "sync", "extensions", "default-apps"].map((what) => `--disable-${what}`));

export const executable = findChromium();
export const WHY = "skipped: no Chromium on this machine; CHROMIUM may name one";
/** Milliseconds that a page may take for anything. */
export const PATIENCE = 60_000;

export interface Opened {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the page complained about. */
  readonly complaints: string[];
}

/** Complaints of a page, as they come. */
export function listen(page: Page): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    // That the browser is told to refuse service workers is the test's own doing.
    const own = message.text().includes("blocked by Playwright");
    if (["error", "warning"].includes(message.type()) && !own) complaints.push(`${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  return complaints;
}

/** A built page and a browser; close() leaves nothing. */
export class Lab {
  readonly folder: string;
  readonly browser: Browser;
  private readonly closing: (() => Promise<void>)[] = [];

  private constructor(folder: string, browser: Browser) {
    this.folder = folder;
    this.browser = browser;
  }

  static async open(): Promise<Lab> {
    const folder = join(mkdtempSync(join(tmpdir(), "perpend-lab-")), "lab");
    const [browser] = await Promise.all([
      chromium.launch({ ...(executable !== undefined && { executablePath: executable }), args: ARGUMENTS }),
      bundleLab(folder),
    ]);
    return new Lab(folder, browser);
  }

  /** The page from the command line's server. */
  async serve(live = false): Promise<LabServer> {
    const server = await serveLab({ folder: this.folder, port: 0, live });
    this.closing.push(() => server.close());
    return server;
  }

  /** The page from a host that sends its files and nothing else; `without` is not there. */
  async host(without: readonly string[] = []): Promise<{ readonly address: string; readonly close: () => Promise<void> }> {
    const types: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
    const server = createServer(({ url = "/" }, response) => {
      const name = new URL(url, "http://localhost").pathname.slice(1) || "index.html";
      try {
        if (without.includes(name)) throw new Error("not there");
        const body = readFileSync(join(this.folder, name));
        response.writeHead(200, { "content-type": types[extname(name)] ?? "application/octet-stream" }).end(body);
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const close = async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    };
    this.closing.push(close);
    return { address: `http://localhost:${(server.address() as AddressInfo).port}/`, close };
  }

  async look(address: string, options: BrowserContextOptions = {}): Promise<Opened> {
    const context = await this.browser.newContext({ serviceWorkers: "block", ...options });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    const complaints = listen(page);
    await page.goto(address);
    await page.waitForSelector(".card");
    return { context, page, complaints };
  }

  async close(): Promise<void> {
    await this.browser.close();
    for (const close of this.closing) await close();
    rmSync(join(this.folder, ".."), { recursive: true });
  }
}

/** Waits until all cards of a page say one of these. */
export async function untilState(page: Page, state: string): Promise<void> {
  await page.waitForFunction((wanted) => {
    const found = [...document.querySelectorAll(".card .state")].map((each) => each.textContent);
    return found.length > 0 && found.every((each) => each === wanted);
  }, state);
}

/** Waits until every run has made so many steps. */
export async function untilStep(page: Page, step: number): Promise<void> {
  await page.waitForFunction((wanted) => [...document.querySelectorAll("progress")].every((each) => each.value >= wanted), step);
}

/** Clicks a button in the very frame in which every run has made so many steps: a click from out here may come when short runs have ended. */
export async function clickAtStep(page: Page, step: number, name: string): Promise<void> {
  await page.waitForFunction(
    ([wanted, label]) => {
      const button = [...document.querySelectorAll("button")].find((each) => each.textContent?.trim() === label);
      if (!button || ![...document.querySelectorAll("progress")].every((each) => each.value >= wanted)) return false;
      button.click();
      return true;
    },
    [step, name] as const,
  );
}

/** Drops files and folders of this machine on the page, as a person does. */
export async function dropOn(page: Page, ...files: readonly string[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [...files], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const)
    await session.send("Input.dispatchDragEvent", { type, x: 200, y: 200, data });
  await session.detach();
}

export function digestsOf(page: Page): Promise<string[]> {
  return page.$$eval(".digest dd", (found) => found.map((each) => each.textContent?.trim() ?? ""));
}

/** The digests that settings come to in Node, on one thread; on drawn shapes unless a set is given. */
export async function expectedDigests(lab: LabSettings, given?: Splits): Promise<string[]> {
  const digests: string[] = [];
  for (const { settings } of runsOf(lab)) {
    const { train, test } = given ?? (await openSource({ kind: "shapes" }, settings));
    const loader = trainLoader(train, settings);
    const pool = new LocalPool(program, { options: programOptions(settings, loader) });
    const trainer = new Trainer({ ...trainerSettings(settings, loader), pool, test: testLoader(test, settings) });
    for await (const event of trainer.fit()) if (event.type === "run-end") digests.push(event.digest);
    await pool.close();
  }
  return digests;
}
