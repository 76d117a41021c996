// Where tests find a GPU in Node: the package `webgpu` that test/runtimes/install.ts installed, and the software Vulkan driver that
// comes with Chromium. Programs run in a process of their own, with the driver in their environment.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { executableOf, webgpu } from "../runtimes/packages.ts";

export const packageFile = executableOf(webgpu);
const chromium = "/usr/lib/chromium";
const driver = join(chromium, "vk_swiftshader_icd.json");
const home = fileURLToPath(new URL("../..", import.meta.url));

/** Why there is no driver for tests; null where there is one. PERPEND_GPU=1 takes the machine's own. */
export function missingDriver(): string | null {
  if (process.env["PERPEND_GPU"] !== undefined || existsSync(driver)) return null;
  return `no Vulkan driver for it (${driver} of Debian's chromium)`;
}

/** Why there is no GPU for tests in Node; null where there is one. */
export function missing(): string | null {
  if (!existsSync(packageFile)) return "package webgpu is not installed (node --import tsx test/runtimes/install.ts webgpu)";
  return missingDriver();
}

/** In a program: the package's GPU. */
export async function testGpu(): Promise<GPU> {
  const { create } = (await import(pathToFileURL(packageFile).href)) as { create: (options: readonly string[]) => GPU };
  return create([]);
}

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a process finds the driver by; `runtime` is a folder of its own. */
export function driverVariables(runtime: string): Readonly<Record<string, string>> {
  if (process.env["PERPEND_GPU"] !== undefined) return {};
  const libraries = [chromium, ...(process.env["LD_LIBRARY_PATH"] === undefined ? [] : [process.env["LD_LIBRARY_PATH"]])].join(":");
  return { XDG_RUNTIME_DIR: runtime, VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: libraries };
}

/** Runs a program of test/webgpu with the driver in its environment. */
export function runProgram(file: string, args: readonly string[] = []): Finished {
  const runtime = mkdtempSync(join(tmpdir(), "perpend-gpu-"));
  try {
    return spawnSync(process.execPath, ["--import", "tsx", join(home, file), ...args], {
      cwd: home,
      encoding: "utf8",
      env: { ...process.env, ...driverVariables(runtime) },
      maxBuffer: 64 * 1024 * 1024,
    });
  } finally {
    rmSync(runtime, { recursive: true, force: true });
  }
}
