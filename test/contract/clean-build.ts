// Builds the kernels anew from a copy of their sources in a folder of its own, so that nothing of this checkout's place or history is in them.
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const home = fileURLToPath(new URL("../..", import.meta.url));
const compiler = createRequire(import.meta.url).resolve("assemblyscript/bin/asc.js");

/** The bytes of a build. Error: what the compiler says. */
export async function cleanBuild(target: "strict" | "relaxed"): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "perpend-build-"));
  try {
    for (const part of ["assembly", "asconfig.json"]) cpSync(join(home, part), join(folder, part), { recursive: true });
    const child = spawn(process.execPath, [compiler, "--config", "asconfig.json", "--target", target], { cwd: folder });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (said += text));
    const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
    if (code !== 0) throw new Error(`asc ended with ${String(code)}: ${said}`);
    return readFileSync(join(folder, "build", `${target}.wasm`));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The bytes in build/. */
export function shipped(target: "strict" | "relaxed"): Buffer {
  return readFileSync(join(home, "build", `${target}.wasm`));
}
