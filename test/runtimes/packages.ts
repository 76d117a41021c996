// Runtimes that are npm packages: which, and where test/runtimes/install.ts puts them. PERPEND_RUNTIMES names another folder.
import { join } from "node:path";
import { home } from "./stage.ts";

export interface RuntimePackage {
  /** Also the name of its folder. */
  readonly id: string;
  readonly title: string;
  readonly package: string;
  /** The executable below the package's folder. */
  readonly file: string;
}

const platform = process.platform === "win32" ? "win" : process.platform;
const executable = process.platform === "win32" ? "bin/node.exe" : "bin/node";

function node(major: number, architecture: string): RuntimePackage {
  const foreign = architecture !== process.arch;
  return {
    id: `node-${major}${foreign ? `-${architecture}` : ""}`,
    title: `Node ${major}${foreign ? ` for ${architecture}` : ""}`,
    package: `node-${platform}-${architecture}@${major}`,
    file: executable,
  };
}

export const nodes: readonly RuntimePackage[] = [20, 22, 24, 26].map((major) => node(major, process.arch));

export const bun: RuntimePackage = {
  id: "bun",
  title: "Bun",
  package: `@oven/bun-${process.platform}-${process.arch === "arm64" ? "aarch64" : process.arch}@1`,
  file: "bin/bun",
};

export const deno: RuntimePackage = {
  id: "deno",
  title: "Deno",
  package: `@deno/${process.platform}-${process.arch}${process.platform === "linux" ? "-glibc" : ""}@2`,
  file: process.platform === "win32" ? "deno.exe" : "deno",
};

/** Cloudflare's runtime, started by miniflare: the last one for Node 20. */
export const workerd: RuntimePackage = { id: "workerd", title: "workerd", package: "miniflare@4.20260426.0", file: "dist/src/index.js" };

/** WebGPU for Node, which tests of shaders run on. */
export const webgpu: RuntimePackage = { id: "webgpu", title: "WebGPU for Node", package: "webgpu@0.6.2", file: "index.js" };

/** For qemu on other machines. */
export const arm64: RuntimePackage = node(26, "arm64");

/** Where the packages are. */
export const cache: string = process.env["PERPEND_RUNTIMES"] ?? join(home, "node_modules/.cache/runtimes");

/** Where a package's executable, or its main module, is, if it is installed. */
export function executableOf({ id, package: name, file }: RuntimePackage): string {
  return join(cache, id, "node_modules", name.slice(0, name.lastIndexOf("@")), file);
}
