// Opens a page in a headless browser and waits for what it posts: Chromium driven by playwright, Firefox by itself.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { openSite, type Site, type SiteFiles } from "./site.ts";

export type BrowserKind = "chromium" | "firefox";

/** Shows the page until `until` settles; resolves early with a sentence when the browser ends. */
type Show = (file: string, site: Site, until: Promise<unknown>) => Promise<string>;

const showInChromium: Show = async (file, { address }, until) => {
  const args = ["--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  const browser = await chromium.launch({ executablePath: file, headless: true, args: ["--no-sandbox", "--no-first-run", ...args] });
  const gone = new Promise<void>((done) => void browser.on("disconnected", () => done()));
  try {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    await page.goto(address);
    await Promise.race([until, gone]);
    return ["chromium ended, or its page said nothing", ...complaints].join("\n");
  } finally {
    await browser.close();
  }
};

const showInFirefox: Show = async (file, { address }, until) => {
  const profile = mkdtempSync(join(tmpdir(), "perpend-firefox-"));
  const child = spawn(file, ["--headless", "--no-remote", "--profile", profile, address], {
    stdio: "ignore",
    detached: true, // a process group of its own: a browser is many processes
    env: { ...process.env, HOME: profile },
  });
  const ended = new Promise<void>((done) => {
    child.once("close", () => done());
    child.once("error", () => done());
  });
  try {
    await Promise.race([until, ended]);
    return "firefox ended, or its page said nothing";
  } finally {
    try {
      if (child.pid !== undefined) process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL");
    } catch {
      // it has ended
    }
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
};

const shows: Readonly<Record<BrowserKind, Show>> = { chromium: showInChromium, firefox: showInFirefox };

/** What the page at "/" posts. Errors: a browser that ends, or says nothing in `limit` seconds. */
export async function visit(kind: BrowserKind, file: string, files: SiteFiles, limit = 120): Promise<string> {
  const site = await openSite(files);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((done) => (timer = setTimeout(done, 1000 * limit)));
  let text: string | undefined;
  const answered = site.answer.then((posted) => (text = posted));
  try {
    const trouble = await shows[kind](file, site, Promise.race([answered, late]));
    if (text === undefined) throw new Error(`browser: ${trouble}; ${limit} s at most, wanted an answer`);
    return text;
  } finally {
    clearTimeout(timer);
    site.close();
  }
}
