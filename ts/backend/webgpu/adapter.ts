// Finds a GPU: the engine's own (browsers, Deno), else the optional package `webgpu` (Node, Bun).
import { DeviceError } from "./device-error.ts";

export interface AdapterChoice {
  /** Where adapters come from; by default navigator.gpu, else the package `webgpu`. */
  readonly gpu?: GPU;
  /** An adapter that was chosen already. */
  readonly adapter?: GPUAdapter;
  readonly powerPreference?: GPUPowerPreference;
}

const NONE = "wanted a browser or Deno with WebGPU, or in Node the package webgpu (npm install webgpu) and a Vulkan, Metal or D3D12 driver";

async function gpuOfPackage(): Promise<GPU> {
  // Not a literal, so that bundlers leave the optional package alone.
  const name = "webgpu";
  let loaded: { readonly create: (options: readonly string[]) => GPU };
  try {
    loaded = (await import(/* @vite-ignore */ name)) as typeof loaded;
  } catch (error) {
    // Engines differ in what they say of a package that is not there; one that is there and does not load has a code of its own.
    const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
    if (typeof code !== "string" || code === "ERR_MODULE_NOT_FOUND")
      throw new DeviceError("unavailable", `no navigator.gpu here and no package webgpu, ${NONE}`);
    const [why] = String(message).split("\n", 1);
    throw new DeviceError("unavailable", `the package webgpu does not load (${why}), wanted one built for this system`);
  }
  return loaded.create([]);
}

/** What a device came from. The package's GPU ends its devices when it is collected, so it has to live as long as they do. */
const origins = new WeakMap<GPUAdapter | GPUDevice, GPU | GPUAdapter>();

/** Errors: DeviceError of kind `unavailable`, with a sentence on what is missing. */
export async function findAdapter({ gpu, adapter, powerPreference = "high-performance" }: AdapterChoice): Promise<GPUAdapter> {
  if (adapter) {
    if (gpu) origins.set(adapter, gpu);
    return adapter;
  }
  const own =
    gpu ?? (typeof navigator === "object" && "gpu" in navigator ? (navigator.gpu as GPU | undefined) : undefined) ?? (await gpuOfPackage());
  const found = await own.requestAdapter({ powerPreference });
  if (found === null) throw new DeviceError("unavailable", `WebGPU is here, but no adapter (no usable driver), ${NONE}`);
  origins.set(found, own);
  return found;
}

/** A device with the adapter's limits and the wanted features. Error: DeviceError of kind `unavailable`. */
export async function openDevice(adapter: GPUAdapter, requiredFeatures: GPUFeatureName[]): Promise<GPUDevice> {
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  try {
    const device = await adapter.requestDevice({ requiredFeatures, requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } });
    origins.set(device, adapter);
    return device;
  } catch (error) {
    throw new DeviceError(
      "unavailable",
      `the adapter gives no device (${error instanceof Error ? error.message : String(error)}), wanted one`,
    );
  }
}
