// Every runtime that the package is tried in: how to ask it, or why it is not here.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { findChromium } from "../../report/chromium.ts";
import { output } from "../launch.ts";
import { bun, cache, deno, executableOf, nodes, workerd, type RuntimePackage } from "../packages.ts";
import { found } from "../path.ts";
import { home } from "../stage.ts";
import { visit, type BrowserKind } from "../visit.ts";
import type { Consumer } from "./consumer.ts";
import type { Answer } from "./twenty-steps.ts";
import { page } from "./user-programs.ts";

export interface PackagedRuntime {
  readonly title: string;
  /** Why it cannot be asked; empty where it can. */
  readonly missing: string;
  readonly threads: boolean;
  readonly isNode: boolean;
  ask(): Promise<Answer>;
}

const LIMIT = 100;

function lastLine(text: string): Answer {
  const line = text.trim().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) throw new Error(`runtimes: ${text.trim() || "nothing"}, wanted an answer`);
  return JSON.parse(line) as Answer;
}

function absent(wanted: RuntimePackage): string {
  if (existsSync(executableOf(wanted))) return "";
  return `not installed; node --import tsx test/runtimes/install.ts ${wanted.id} puts it into ${cache}`;
}

function command(folder: string, title: string, missing: string, isNode: boolean, parts: readonly string[]): PackagedRuntime {
  return {
    ...{ title, missing, isNode, threads: true },
    ask: async () => lastLine(await output([...parts, join(folder, "run.js")], { limit: LIMIT })),
  };
}

export function thisNode({ folder }: Consumer): PackagedRuntime {
  return command(folder, `this Node, ${process.versions.node}`, "", true, [process.execPath]);
}

/** The package that this Node is of the major version of. */
const ownId = `node-${process.versions.node.split(".")[0]}`;

/** Runtimes that are programs. */
export function programRuntimes({ folder }: Consumer): PackagedRuntime[] {
  return [
    ...nodes.filter(({ id }) => id !== ownId).map((wanted) => command(folder, wanted.title, absent(wanted), true, [executableOf(wanted)])),
    command(folder, "Deno", absent(deno), false, [executableOf(deno), "run", "--allow-read", "--allow-env"]),
    command(folder, "Bun", absent(bun), false, [executableOf(bun)]),
  ];
}

/** Miniflare starts it. */
function edge({ folder }: Consumer): PackagedRuntime {
  const starter = [process.execPath, "--import", "tsx", join(home, "test/runtimes/edge.ts")];
  return {
    ...{ title: "workerd", missing: absent(workerd), isNode: false, threads: false },
    ask: async () => lastLine(await output([...starter, executableOf(workerd), join(folder, "edge")], { limit: LIMIT })),
  };
}

/** workerd, and browsers: with a bundle, and with the package's own files for browsers as they are. */
export function bundledRuntimes(consumer: Consumer): PackagedRuntime[] {
  const { folder, package: unpacked } = consumer;
  const browser = (kind: BrowserKind, title: string, file: string | undefined): PackagedRuntime => ({
    ...{ title, missing: file === undefined ? "not installed" : "", isNode: false, threads: true },
    ask: async () => {
      const folders = {
        "/app/": join(folder, "web/"),
        "/plain/": `${folder}/`,
        "/perpend/": join(unpacked, "build/browser/"),
        // strict.wasm, one folder above the bundle.
        "/": join(unpacked, "build/"),
      };
      return lastLine(await visit(kind, file ?? "", { pages: { "/": page }, folders }, LIMIT));
    },
  });
  return [edge(consumer), browser("chromium", "Chromium", findChromium()), browser("firefox", "Firefox", found("firefox-esr", "firefox"))];
}
