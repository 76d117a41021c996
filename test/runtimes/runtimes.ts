// Every engine that digests are compared on: how to ask it, or why it is not here.
import { existsSync } from "node:fs";
import { findChromium } from "../report/chromium.ts";
import { askBrowser } from "./browser.ts";
import { ask, output } from "./launch.ts";
import { arm64, bun, cache, deno, executableOf, nodes, type RuntimePackage } from "./packages.ts";
import { found } from "./path.ts";
import type { Answer, Request } from "./request.ts";
import type { BrowserKind } from "./visit.ts";

export interface Runtime {
  readonly title: string;
  /** Why it cannot be asked; empty where it can. */
  readonly missing: string;
  /** Entries and worker counts that it can be asked for. */
  readonly modes: readonly Pick<Request, "entry" | "workers">[];
  /** Whether V8 is wanted to join vectors to 256 bits; null where it does not matter. */
  readonly path: Answer["path"] | null;
  /** Seconds that a run takes at most, a case and seed. */
  readonly limit: number;
  version(): Promise<string>;
  ask(request: Request, limit: number): Promise<Answer>;
}

type Known = Partial<Omit<Runtime, "version" | "ask">> & { readonly environment?: Readonly<Record<string, string>> };

const alone: Runtime["modes"] = [{ entry: "any", workers: 0 }];
const withTeam: Runtime["modes"] = [...alone, { entry: "node", workers: 3 }];
/** Only the package as Node imports it chooses between plain and wide code. */
const choosing: Runtime["modes"] = [
  { entry: "node", workers: 0 },
  { entry: "node", workers: 3 },
];

const absent = (file: string): string =>
  existsSync(file) ? "" : `not installed; node --import tsx test/runtimes/install.ts puts it into ${cache}`;

function runtime(title: string, command: readonly string[], { environment = {}, ...known }: Known = {}): Runtime {
  const [file] = command;
  return {
    title,
    missing: absent(file),
    modes: withTeam,
    path: null,
    limit: 60,
    ...known,
    // Deno names its parts too, in further lines.
    version: async () =>
      /\d+\.\d+\.\d+/.exec(await output([...command.filter((part) => part !== "run" && part !== "-A"), "--version"]))?.[0] ?? "",
    ask: (request, limit) => ask({ command, environment, limit }, request),
  };
}

function browser(kind: BrowserKind, title: string, file: string | undefined): Runtime {
  return {
    title,
    missing: file === undefined ? "not installed" : "",
    modes: alone,
    path: null,
    limit: 60,
    version: async () => /\d+[\d.]*/.exec(await output([file ?? "", "--version"]))?.[0] ?? "",
    ask: (request, limit) => askBrowser(kind, file ?? "", request, limit),
  };
}

/** Flags of V8 that decide how WebAssembly is compiled. */
const TIERS: Readonly<Record<string, readonly string[]>> = {
  "baseline compiler only": ["--liftoff-only"],
  "optimizing compiler only": ["--no-liftoff"],
  "no AVX, no FMA": ["--no-enable-avx", "--no-enable-avx2", "--no-enable-fma3"],
};

function tiers(title: string, file: string, known: Known = {}): Runtime[] {
  return Object.entries(TIERS)
    .filter(([name]) => process.arch === "x64" || !name.includes("AVX"))
    .map(([name, flags]) => runtime(`${title}, ${name}`, [file, ...flags], known));
}

/** Wide code exists from Node 24 on, on x64. */
const wide = ({ id }: RuntimePackage): boolean => process.arch === "x64" && (id === "node-24" || id === "node-26");

function nodeRuntimes(wanted: RuntimePackage): Runtime[] {
  const file = executableOf(wanted);
  if (!wide(wanted)) return [runtime(wanted.title, [file])];
  return [
    runtime(`${wanted.title}, plain code`, [file], { environment: { PERPEND_WIDE: "0" }, path: "plain", modes: choosing }),
    runtime(`${wanted.title}, wide code`, [file], { path: "wide", modes: choosing }),
  ];
}

/** Node for arm64 in an emulator, with the libraries that Debian has for cross compilers. */
function emulated(): Runtime {
  const qemu = found("qemu-aarch64-static", "qemu-aarch64");
  const libraries = process.env["QEMU_LD_PREFIX"] ?? "/usr/aarch64-linux-gnu";
  const file = executableOf(arm64);
  let missing = absent(file);
  if (qemu === undefined || !existsSync(libraries))
    missing = "no qemu, or no libraries; Debian: qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libatomic1-arm64-cross";
  if (process.arch === "arm64") missing = "this machine is arm64 itself";
  return runtime(`${arm64.title}, qemu`, [qemu ?? "", "-L", libraries, file], { limit: 300, missing });
}

/** The engines, those that need nothing but this Node first. */
export function findRuntimes(): Runtime[] {
  const newer = nodes[2];
  return [
    ...tiers("this Node", process.execPath),
    ...nodes.flatMap(nodeRuntimes),
    ...tiers(newer.title, executableOf(newer)),
    runtime(bun.title, [executableOf(bun)]),
    runtime(deno.title, [executableOf(deno), "run", "-A"]),
    browser("chromium", "Chromium", findChromium()),
    browser("firefox", "Firefox", found("firefox-esr", "firefox")),
    emulated(),
  ];
}
