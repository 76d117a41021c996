// Records dispatches into few command buffers. Pipelines are made once a shader and binding pattern, bind groups once a set of buffers;
// the numbers of all dispatches of a command buffer are written at once before it is submitted.
import { USAGE, type Block, type WebgpuBuffer } from "./memory.ts";
import { shaderText, uniformNames, writtenBindings, type Pass, type Places, type Source } from "./source.ts";

/** Dispatches in a command buffer at most. */
const SLOTS = 512;
/** Bytes of a dispatch's numbers: the alignment of dynamic offsets that every device has. */
const SLOT = 256;
/** Bind groups that are remembered. */
const GROUPS = 32768;

interface Variant {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly groups: Map<string, GPUBindGroup>;
}

interface Known {
  readonly integers: readonly string[];
  readonly floats: readonly string[];
  readonly variants: Map<string, Variant>;
}

export class Recorder {
  private readonly device: GPUDevice;
  private readonly uniforms: GPUBuffer;
  private readonly staging = new ArrayBuffer(SLOTS * SLOT);
  private readonly words = new Uint32Array(this.staging);
  private readonly floats = new Float32Array(this.staging);
  private readonly known = new Map<Source, Known>();
  private readonly layouts = new Map<string, GPUBindGroupLayout>();
  private encoder: GPUCommandEncoder | null = null;
  private pass: GPUComputePassEncoder | null = null;
  private slot = 0;
  private bound = 0;
  /** Number of the command buffer under way. */
  private batch = 0;
  /** Command buffers submitted so far. */
  submissions = 0;
  dispatches = 0;
  bindGroups = 0;
  private readonly most: number;

  constructor(device: GPUDevice) {
    this.device = device;
    this.most = device.limits.maxComputeWorkgroupsPerDimension;
    this.uniforms = device.createBuffer({ size: SLOTS * SLOT, usage: USAGE.uniform | USAGE.copyTarget });
  }

  private layoutOf(written: readonly boolean[]): GPUBindGroupLayout {
    const key = written.join();
    const known = this.layouts.get(key);
    if (known) return known;
    const visibility = 4; // GPUShaderStage.COMPUTE
    const storage = written.map((isWritten, index): GPUBindGroupLayoutEntry => ({
      binding: index + 1,
      visibility,
      buffer: { type: isWritten ? "storage" : "read-only-storage" },
    }));
    const made = this.device.createBindGroupLayout({
      entries: [{ binding: 0, visibility, buffer: { type: "uniform", hasDynamicOffset: true } }, ...storage],
    });
    this.layouts.set(key, made);
    return made;
  }

  private variantOf(source: Source, { variants }: Known, places: Places): Variant {
    const key = places.join();
    const known = variants.get(key);
    if (known) return known;
    const layout = this.layoutOf(writtenBindings(source, places));
    const module = this.device.createShaderModule({ code: shaderText(source, places), label: source.name });
    const pipeline = this.device.createComputePipeline({
      label: source.name,
      layout: this.device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main" },
    });
    const made = { pipeline, layout, groups: new Map<string, GPUBindGroup>() };
    variants.set(key, made);
    return made;
  }

  private groupOf({ layout, groups }: Variant, blocks: readonly Block[]): GPUBindGroup {
    const key = blocks.map(({ id }) => id).join();
    const known = groups.get(key);
    if (known) return known;
    if (this.bound++ >= GROUPS) this.forget();
    this.bindGroups++;
    const made = this.device.createBindGroup({
      layout,
      entries: [
        { binding: 0, resource: { buffer: this.uniforms, size: SLOT } },
        ...blocks.map(({ gpu }, index) => ({ binding: index + 1, resource: { buffer: gpu } })),
      ],
    });
    groups.set(key, made);
    return made;
  }

  /** Drops all bind groups, and with them what keeps destroyed buffers alive. */
  forget(): void {
    for (const { variants } of this.known.values()) for (const { groups } of variants.values()) groups.clear();
    this.bound = 0;
  }

  /** True while a command that was not submitted yet uses the block. */
  uses(block: Block): boolean {
    return this.encoder !== null && block.recording === this.batch;
  }

  /** Adds a dispatch. Buffers by the source's names; null for one that is absent. */
  dispatch({ source, numbers, groups, layers = 1 }: Pass, buffers: Readonly<Record<string, WebgpuBuffer | null>>): void {
    if (groups === 0 || layers === 0) return;
    let known = this.known.get(source);
    if (!known) {
      known = { ...uniformNames(source), variants: new Map() };
      this.known.set(source, known);
    }
    const blocks: Block[] = [];
    let word = (this.slot * SLOT) / 4;
    const places = Object.keys(source.buffers).map((name) => {
      const buffer = buffers[name] ?? null;
      this.words[word++] = buffer === null ? 0 : buffer.offset;
      if (buffer === null) return -1;
      const found = blocks.indexOf(buffer.block);
      return found >= 0 ? found : blocks.push(buffer.block) - 1;
    });
    for (let index = places.length; index < known.integers.length; index++) this.words[word++] = numbers[known.integers[index]];
    for (const name of known.floats) this.floats[word++] = numbers[name];
    const variant = this.variantOf(source, known, places);
    const bindings = this.groupOf(variant, blocks);
    this.encoder ??= this.device.createCommandEncoder();
    this.pass ??= this.encoder.beginComputePass();
    for (const block of blocks) block.recording = this.batch;
    const columns = Math.min(groups, this.most);
    this.pass.setPipeline(variant.pipeline);
    this.pass.setBindGroup(0, bindings, [this.slot * SLOT]);
    this.pass.dispatchWorkgroups(columns, Math.ceil(groups / columns), layers);
    this.dispatches++;
    if (++this.slot === SLOTS) this.flush();
  }

  /** Adds a copy to a buffer that the CPU reads. */
  copyOut(from: WebgpuBuffer, to: GPUBuffer, bytes: number): void {
    this.pass?.end();
    this.pass = null;
    this.encoder ??= this.device.createCommandEncoder();
    this.encoder.copyBufferToBuffer(from.block.gpu, from.offset * 4, to, 0, bytes);
  }

  /** Forgets what was recorded and not submitted. */
  drop(): void {
    this.pass?.end();
    this.begin();
  }

  private begin(): void {
    this.encoder = null;
    this.pass = null;
    this.slot = 0;
    this.batch++;
  }

  /** Submits what was recorded. */
  flush(): void {
    this.pass?.end();
    if (this.slot > 0) this.device.queue.writeBuffer(this.uniforms, 0, this.staging, 0, this.slot * SLOT);
    if (this.encoder !== null) {
      this.device.queue.submit([this.encoder.finish()]);
      this.submissions++;
    }
    this.begin();
  }
}
