// Memory of a GPU device: buffers by size class, which a training step finds again where the step before freed them.
import type { Buffer } from "../backend.ts";

/** GPUBufferUsage, which is a global in browsers only. */
export const USAGE = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 } as const;

/** A GPU buffer that tensors get and give back. */
export interface Block {
  readonly gpu: GPUBuffer;
  readonly bytes: number;
  readonly id: number;
  /** The last batch of commands that it is in. */
  recording: number;
  /** The device had no memory for it. */
  refused: boolean;
}

/** A stretch of a block; offset and length in elements. */
export interface WebgpuBuffer extends Buffer {
  readonly block: Block;
  readonly offset: number;
  freed: boolean;
  readonly owned: boolean;
}

/** Bytes of a size class: eighths of an octave, at least 256. */
export function classBytes(bytes: number): number {
  if (bytes <= 2048) return Math.max(256, Math.ceil(bytes / 256) * 256);
  let step = 256;
  while (step * 16 < bytes) step *= 2;
  return Math.ceil(bytes / step) * step;
}

/** Checks that a buffer is a live one of a WebGPU backend. */
export function webgpuBuffer(buffer: Buffer): WebgpuBuffer {
  const own = buffer as WebgpuBuffer;
  if (typeof own.block !== "object") throw new Error("webgpu: a buffer of another backend, wanted one of this backend");
  if (own.freed) throw new Error("webgpu: a buffer that was freed, wanted a live one; keep() takes a tensor out of its scope");
  return own;
}

/** From here on the device is asked whether it had the memory. */
const LARGE = 1048576;

export class DeviceMemory {
  private readonly device: GPUDevice;
  private readonly refused: (bytes: number) => void;
  private readonly lists = new Map<number, Block[]>();
  private made = 0;
  buffers = 0;
  bytes = 0;
  peakBytes = 0;

  /** `refused` is told, later, of memory that could not be had. */
  constructor(device: GPUDevice, refused: (bytes: number) => void) {
    this.device = device;
    this.refused = refused;
  }

  private fresh(size: number): Block {
    const usage = USAGE.storage | USAGE.copySource | USAGE.copyTarget;
    if (size >= LARGE) this.device.pushErrorScope("out-of-memory");
    const block: Block = { gpu: this.device.createBuffer({ size, usage }), bytes: size, id: this.made++, recording: -1, refused: false };
    if (size >= LARGE)
      this.device.popErrorScope().then(
        (error) => {
          if (error === null) return;
          block.refused = true;
          this.refused(size);
        },
        () => {
          // The device is lost, which is told elsewhere.
        },
      );
    return block;
  }

  /** A block of at least `bytes`; contents are undefined. */
  take(bytes: number): Block {
    const size = classBytes(bytes);
    this.buffers++;
    this.bytes += size;
    if (this.bytes > this.peakBytes) this.peakBytes = this.bytes;
    const known = this.lists.get(size)?.pop();
    return known ?? this.fresh(size);
  }

  give(block: Block): void {
    this.buffers--;
    this.bytes -= block.bytes;
    if (block.refused) return;
    const list = this.lists.get(block.bytes);
    if (list) list.push(block);
    else this.lists.set(block.bytes, [block]);
  }

  /** Gives the device back what nobody has. Only between batches of commands. */
  release(): void {
    for (const list of this.lists.values()) for (const { gpu } of list) gpu.destroy();
    this.lists.clear();
  }
}
