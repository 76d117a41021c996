// The servers that the serving bench asks: the built package in Node, the examples in Deno and workerd, where those are installed.
import { fork, spawn, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { deno, executableOf, workerd } from "../../test/runtimes/packages.ts";
import { programFile } from "./compile-programs.ts";

export interface Server {
  readonly url: string;
  readonly child: ChildProcess;
}

export interface ServerKind {
  readonly name: string;
  /** Why it cannot be asked; empty where it can. */
  readonly missing: string;
  /** Starts it with the checkpoint `model.safetensors` in a folder, which is its own to write into. */
  start(folder: string): Promise<Server>;
}

/** A server that says nothing for so long is given up. */
const MOST_SECONDS = 30;

const own = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Waits for what `find` makes of the server's words; ends it where it says nothing. */
function waitFor(child: ChildProcess, listen: (found: (url: string) => void) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), 1000 * MOST_SECONDS);
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`bench serving: the server ended, wanted one within ${MOST_SECONDS} seconds`)));
    listen((url) => {
      clearTimeout(timer);
      resolve({ url, child });
    });
  });
}

const node: ServerKind = {
  name: "node",
  missing: "",
  start: (folder) => {
    const stdio = ["ignore", "inherit", "inherit", "ipc"] as const;
    const child = fork(programFile("serve"), [join(folder, "model.safetensors")], { execArgv: [], stdio: [...stdio] });
    return waitFor(child, (found) => child.once("message", (url) => found(String(url))));
  },
};

const inDeno: ServerKind = {
  name: "deno",
  missing: existsSync(executableOf(deno)) ? "" : "not installed",
  start: (folder) => {
    const [config, program] = [own("examples/serve-deno/deno.json"), own("examples/serve-deno/server.ts")];
    const args = ["run", "--no-prompt", "--allow-read", "--allow-net", "-c", config, program, join(folder, "model.safetensors"), "0"];
    const child = spawn(executableOf(deno), args, { stdio: ["ignore", "pipe", "pipe"] });
    return waitFor(child, (found) => {
      let said = "";
      const hear = (part: Buffer): void => {
        said += String(part);
        const address = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
        if (address) found(address[0]);
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
    });
  },
};

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** The executable in workerd's own package, beside miniflare. */
const workerdFile = join(dirname(executableOf(workerd)), "../../../workerd/bin/workerd");

const inWorkerd: ServerKind = {
  name: "workerd",
  missing: existsSync(workerdFile) ? "" : "not installed",
  start: async (folder) => {
    const { transformSync } = await import("esbuild");
    const port = await freePort();
    const worker = readFileSync(own("examples/serve-workerd/worker.ts"), "utf8");
    writeFileSync(join(folder, "worker.js"), transformSync(worker, { loader: "ts" }).code);
    for (const file of ["serve.js", "inference.wasm"]) cpSync(own(`build/${file}`), join(folder, file));
    const config = readFileSync(own("examples/serve-workerd/config.capnp"), "utf8")
      .replace(/embed "[^"]*\/([^/"]+)"/g, 'embed "$1"')
      .replace("127.0.0.1:8080", `127.0.0.1:${port}`);
    writeFileSync(join(folder, "config.capnp"), config);
    const child = spawn(workerdFile, ["serve", join(folder, "config.capnp")], { stdio: ["ignore", "ignore", "inherit"] });
    const url = `http://127.0.0.1:${port}`;
    return waitFor(child, (found) => {
      // It says nothing when it is there.
      const ask = (): void => {
        if (child.exitCode !== null) return;
        fetch(`${url}/health`).then(
          () => found(url),
          () => setTimeout(ask, 5),
        );
      };
      ask();
    });
  },
};

export const serverKinds: readonly ServerKind[] = [node, inDeno, inWorkerd];
