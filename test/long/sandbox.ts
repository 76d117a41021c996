// A copy of the project and of what is built of it in a temporary folder, to plant mistakes in: sources can be changed and put back, built
// and tested.
import { spawn } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ts from "typescript";
import { walk } from "../architecture/sources.ts";
import { home } from "../runtimes/stage.ts";

/** A text of one file and what takes its place. */
export interface Change {
  readonly path: string;
  readonly from: string;
  readonly to: string;
}

export interface Outcome {
  readonly ok: boolean;
  /** Ran longer than it may. */
  readonly late: boolean;
  readonly output: string;
}

interface Recipe {
  readonly command: readonly string[];
  readonly makes: readonly string[];
}

const KERNELS = ["node_modules/assemblyscript/bin/asc.js", "--config", "asconfig.json", "--target", "strict"] as const;

const BUILDS = {
  strict: { command: KERNELS, makes: ["build/strict.wasm"] },
  // In a third of the time; engines make about as fast code of it.
  unoptimized: { command: [...KERNELS, "--optimizeLevel", "0"], makes: ["build/strict.wasm"] },
  js: { command: ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], makes: ["build/ts", "build/workers"] },
} as const satisfies Record<string, Recipe>;

const BUILT = ["build/strict.wasm", "build/relaxed.wasm", "build/ts", "build/workers", "build/node"];

export type Build = keyof typeof BUILDS;

export class Sandbox {
  readonly root = mkdtempSync(join(tmpdir(), "perpend-sandbox-"));
  private readonly originals = new Map<string, string>();
  /** What was built here since it was put back. */
  private readonly built = new Set<string>();

  constructor() {
    for (const path of walk(home, "").filter((each) => !/^docs\/|\.(png|log)$/.test(each))) {
      mkdirSync(dirname(join(this.root, path)), { recursive: true });
      copyFileSync(join(home, path), join(this.root, path));
    }
    for (const part of BUILT) this.takeBuilt(part);
    symlinkSync(join(home, "node_modules"), join(this.root, "node_modules"), "junction");
  }

  private takeBuilt(path: string): void {
    rmSync(join(this.root, path), { recursive: true, force: true });
    cpSync(join(home, path), join(this.root, path), { recursive: true });
  }

  read(path: string): Buffer {
    return readFileSync(join(this.root, path));
  }

  /** Replaces a text that stands in a file once. Errors: it stands there otherwise; the result does not parse. */
  change({ path, from, to }: Change): void {
    const text = this.read(path).toString();
    const count = text.split(from).length - 1;
    if (count !== 1)
      throw new Error(`sandbox: ${path} has ${JSON.stringify(from)} ${count} times, wanted it once; is the mistake out of date?`);
    this.write(
      path,
      text.replace(from, () => to),
    );
  }

  write(path: string, text: string): void {
    if (!this.originals.has(path)) this.originals.set(path, this.read(path).toString());
    // A file that does not parse fails every test, which would prove nothing.
    if (path.endsWith(".ts") && !path.startsWith("assembly/")) {
      const { diagnostics = [] } = ts.transpileModule(text, {
        reportDiagnostics: true,
        compilerOptions: { target: ts.ScriptTarget.ES2022 },
      });
      if (diagnostics.length > 0) throw new Error(`sandbox: ${path} does not parse: ${JSON.stringify(diagnostics[0].messageText)}`);
    }
    writeFileSync(join(this.root, path), text);
  }

  /** Puts back every changed file, and what was built. */
  restore(): void {
    for (const [path, text] of this.originals) writeFileSync(join(this.root, path), text);
    this.originals.clear();
    for (const part of this.built) this.takeBuilt(part);
    this.built.clear();
  }

  /** Runs Node in the copy. */
  run(args: readonly string[], seconds: number): Promise<Outcome> {
    return new Promise((done, fail) => {
      const child = spawn(process.execPath, args, {
        cwd: this.root,
        env: { ...process.env, NO_COLOR: "1" },
        stdio: ["ignore", "pipe", "pipe"],
        detached: true, // a group of its own: tests start processes
      });
      let output = "";
      let late = false;
      const kill = (): void => {
        try {
          process.kill(-child.pid!, "SIGKILL");
        } catch {
          // nothing of it is left
        }
      };
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
      const timer = setTimeout(() => {
        late = true;
        kill();
      }, 1000 * seconds);
      child.on("error", fail);
      child.on("exit", kill);
      child.on("close", (code) => {
        clearTimeout(timer);
        done({ ok: code === 0, late, output });
      });
    });
  }

  build(what: Build): Promise<Outcome> {
    const { command, makes } = BUILDS[what];
    for (const path of makes) this.built.add(path);
    return this.run(command, 600);
  }

  test(file: string, seconds = 240): Promise<Outcome> {
    return this.run(["--import", "tsx", `test/${file}.test.ts`], seconds);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** What a failing test said first. */
export function firstFailure({ late, output }: Outcome): string {
  if (late) return "did not end";
  const failed = /^ {3}FAIL +(.*)$/m.exec(output)?.[1];
  return failed ?? output.match(/^.*Error: .*$/m)?.[0] ?? "failed";
}
