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

/** Why there is no package for tests; null where there is one. */
export function missingPackage(): string | null {
  return existsSync(packageFile) ? null : "package webgpu is not installed (node --import tsx test/runtimes/install.ts webgpu)";
}

/** Why there is no GPU for tests in Node; null where there is one. */
export function missing(): string | null {
  return missingPackage() ?? missingDriver();
}

async function packageGpu(options: readonly string[]): Promise<GPU> {
  const { create } = (await import(pathToFileURL(packageFile).href)) as { create: (options: readonly string[]) => GPU };
  return create(options);
}

/** In a program: the package's GPU. */
export const testGpu = (): Promise<GPU> => packageGpu([]);

/** In a program: a driver that has all features and computes nothing. It keeps the process alive. */
export const nullGpu = (): Promise<GPU> => packageGpu(["backend=null"]);

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

/** For a process that finds no Vulkan driver. */
const noDriver = Object.fromEntries(["VK_ICD_FILENAMES", "VK_DRIVER_FILES"].map((name) => [name, join(home, "no-driver.json")]));

/** Runs Node with the driver in its environment, or with none. */
export function runNode(args: readonly string[], cwd: string, withDriver = true): Finished {
  const runtime = mkdtempSync(join(tmpdir(), "perpend-gpu-"));
  try {
    return spawnSync(process.execPath, args, {
      cwd,
      encoding: "utf8",
      env: { ...process.env, ...(withDriver ? driverVariables(runtime) : noDriver) },
      maxBuffer: 64 * 1024 * 1024,
    });
  } finally {
    rmSync(runtime, { recursive: true, force: true });
  }
}

/** Runs a program of test/webgpu with the driver in its environment. */
export function runProgram(file: string, args: readonly string[] = []): Finished {
  return runNode(["--import", "tsx", join(home, file), ...args], home);
}
