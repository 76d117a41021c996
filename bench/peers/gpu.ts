// The GPU of a peer's process: that of the package `webgpu`, put where libraries that were made for browsers look for it.
import { pathToFileURL } from "node:url";
import { packageFile } from "../../test/webgpu/driver.ts";

/** Sets navigator.gpu and the constants that browsers have. */
export async function provideGpu(): Promise<GPU> {
  const { create, globals } = (await import(pathToFileURL(packageFile).href)) as {
    create: (options: readonly string[]) => GPU;
    globals: object;
  };
  const gpu = create([]);
  Object.assign(globalThis, globals);
  Object.defineProperty(globalThis, "navigator", { value: { gpu, userAgent: "Node" }, configurable: true });
  return gpu;
}
