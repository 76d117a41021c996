// What shaders may use of an adapter: half precision where it was asked for, subgroups where they lie as shaders take them to.
import { DeviceError } from "./device-error.ts";
import { USAGE } from "./memory.ts";
import type { Target } from "./source.ts";
import { sharedTile } from "./tile.ts";

export interface FeatureChoice {
  /**
   * "f16" rounds the operands of matrix products and convolutions to half precision in workgroup memory and sums in float32; everything else
   * stays in float32, the default. Wants an adapter with `shader-f16`, and a loss that is scaled where gradients are small.
   */
  readonly precision?: "f32" | "f16";
  /**
   * Where shaders use subgroups: in sums and maxima of rows ("rows", the default where the adapter has `subgroups`), in matrix products too
   * ("products"), or nowhere ("none").
   */
  readonly subgroups?: "none" | "rows" | "products";
}

/** How large subgroups are, as the driver tells it. */
interface Sizes {
  readonly least: number;
  readonly most: number;
}

function sizesOf({ info }: GPUAdapter): Sizes {
  const { subgroupMinSize = 0, subgroupMaxSize = 0 } = info as { readonly subgroupMinSize?: number; readonly subgroupMaxSize?: number };
  return { least: subgroupMinSize, most: subgroupMaxSize };
}

/** The size that products are laid out for: 32 where there is a choice. */
function productSize({ least, most }: Sizes, sized: boolean): number | undefined {
  const size = sized ? Math.min(Math.max(32, least), most) : least;
  return (sized || least === most) && sharedTile(size) !== undefined ? size : undefined;
}

/** Features that a device is asked for. Error: DeviceError of kind `unavailable` where a choice needs one that is not there. */
export function wantedFeatures(adapter: GPUAdapter, { precision = "f32", subgroups }: FeatureChoice): GPUFeatureName[] {
  const has = (name: string): boolean => adapter.features.has(name as GPUFeatureName);
  const refuse = (choice: string, what: string, instead: string): never => {
    throw new DeviceError("unavailable", `${choice} on an adapter ${what}, wanted another adapter or ${instead}`);
  };
  const sized = has("subgroup-size-control");
  const wanted: string[] = [];
  if (precision === "f16") {
    if (!has("shader-f16")) refuse("precision f16", "without shader-f16", "precision f32");
    wanted.push("shader-f16");
  }
  if (subgroups !== undefined && subgroups !== "none" && !has("subgroups"))
    refuse(`subgroups ${subgroups}`, "without subgroups", "subgroups none");
  if (subgroups !== "none" && has("subgroups")) wanted.push("subgroups");
  if (subgroups === "products") {
    const { least, most } = sizesOf(adapter);
    if (productSize({ least, most }, sized) === undefined)
      refuse("subgroups products", `whose subgroups have ${least} to ${most} invocations`, "subgroups rows");
    if (sized) wanted.push("subgroup-size-control");
  }
  return wanted as GPUFeatureName[];
}

/** Whether lanes of a subgroup are neighbors in a workgroup, in order, which WGSL leaves open; `sized` asks for subgroups of that size. */
async function liesInOrder(device: GPUDevice, least: number, sized: boolean): Promise<boolean> {
  const threads = 256;
  device.pushErrorScope("validation");
  const module = device.createShaderModule({
    label: "subgroups",
    code: `enable subgroups;${sized ? "\nenable subgroup_size_control;" : ""}
@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(${threads})${sized ? ` @subgroup_size(${least})` : ""}
fn main(@builtin(local_invocation_index) thread: u32, @builtin(subgroup_invocation_id) lane: u32, @builtin(subgroup_size) size: u32) {
  y[thread] = select(0u, 1u, size >= ${least}u && lane == thread % size);
}`,
  });
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
  const size = 4 * threads;
  const [found, read] = [USAGE.storage | USAGE.copySource, USAGE.mapRead | USAGE.copyTarget].map((usage) =>
    device.createBuffer({ size, usage }),
  );
  const bindings = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer: found } }],
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindings);
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(found, 0, read, 0, size);
  device.queue.submit([encoder.finish()]);
  try {
    // An engine may list the feature and not know the extension.
    if ((await device.popErrorScope()) !== null) return false;
    await read.mapAsync(1);
    return new Uint32Array(read.getMappedRange()).every((value) => value === 1);
  } finally {
    for (const buffer of [found, read]) buffer.destroy();
  }
}

/** What shaders are chosen for on a device that has the wanted features. Error: DeviceError where products by subgroups cannot be laid out. */
export async function targetOf(adapter: GPUAdapter, device: GPUDevice, { precision, subgroups }: FeatureChoice): Promise<Target> {
  const half = precision === "f16" ? { half: true } : {};
  const { least, most } = sizesOf(adapter);
  const sized = device.features.has("subgroup-size-control" as GPUFeatureName);
  const products = subgroups === "products" ? productSize({ least, most }, sized) : undefined;
  const inOrder =
    device.features.has("subgroups") &&
    least > 1 &&
    (await liesInOrder(device, least, false)) &&
    (products === undefined || !sized || (await liesInOrder(device, products, true)));
  const shareable = productSize({ least, most }, false);
  if (inOrder)
    return {
      ...half,
      shuffled: least,
      ...(shareable !== undefined && { shareable }),
      ...(products !== undefined && { products, sized }),
    };
  if (subgroups === undefined || subgroups === "none") return half;
  throw new DeviceError("unavailable", `subgroups ${subgroups} on an adapter whose lanes are not in order, wanted subgroups none`);
}
