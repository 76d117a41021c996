// Memory of a GPU device: buffers by size class, which a training step finds again where the step before freed them.
import type { Buffer } from "../backend.ts";
import { DeviceError } from "./device-error.ts";

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

/** Checks that a buffer is one of a WebGPU backend, not freed yet. */
export function ownBuffer(buffer: Buffer): WebgpuBuffer {
  const own = buffer as WebgpuBuffer;
  if (typeof own.block !== "object") throw new Error("webgpu: a buffer of another backend, wanted one of this backend");
  if (own.freed) throw new Error("webgpu: a buffer that was freed, wanted a live one; keep() takes a tensor out of its scope");
  return own;
}

/** Checks that a buffer is a live one of a WebGPU backend, which the device had the memory for as far as it has said. */
export function webgpuBuffer(buffer: Buffer): WebgpuBuffer {
  const own = ownBuffer(buffer);
  if (own.block.refused)
    throw new DeviceError("out-of-memory", `a tensor of ${own.length} elements whose memory was refused, wanted one made anew`);
  return own;
}

/**
 * Puts a block into a list whose last one is the oldest. The oldest free block is taken first: so steps that ask for the same in the same order
 * get the same blocks, whatever order they gave them back in, and with them the bind groups of the step before.
 */
function insert(list: Block[], block: Block): void {
  let [from, to] = [0, list.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (list[middle].id > block.id) from = middle + 1;
    else to = middle;
  }
  list.splice(from, 0, block);
}

/** Who is told, later, how the device took a request for memory. */
interface Answers {
  readonly refused: (bytes: number) => void;
  /** All requests so far are answered. */
  readonly answered: () => void;
}

export class DeviceMemory {
  private readonly device: GPUDevice;
  private readonly tell: Answers;
  private readonly lists = new Map<number, Block[]>();
  private made = 0;
  private answers: Promise<unknown> = Promise.resolve();
  /** Blocks that the device was asked for and has not answered about. */
  asked = 0;
  buffers = 0;
  bytes = 0;
  peakBytes = 0;

  constructor(device: GPUDevice, tell: Answers) {
    this.device = device;
    this.tell = tell;
  }

  private fresh(size: number): Block {
    const usage = USAGE.storage | USAGE.copySource | USAGE.copyTarget;
    this.device.pushErrorScope("out-of-memory");
    const block: Block = { gpu: this.device.createBuffer({ size, usage }), bytes: size, id: this.made++, recording: -1, refused: false };
    this.asked++;
    const answer = (isRefused: boolean): void => {
      block.refused = isRefused;
      if (isRefused) this.tell.refused(size);
      if (--this.asked === 0) this.tell.answered();
    };
    // Where there is no answer the device is lost, which is told elsewhere.
    const asked = this.device.popErrorScope().then(
      (error) => answer(error !== null),
      () => answer(false),
    );
    this.answers = Promise.all([this.answers, asked]);
    return block;
  }

  /** Resolves when the device has answered about all blocks so far. */
  async settled(): Promise<void> {
    while (this.asked > 0) await this.answers;
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
    if (list) insert(list, block);
    else this.lists.set(block.bytes, [block]);
  }

  /** Gives the device back what nobody has. Only between batches of commands. */
  release(): void {
    for (const list of this.lists.values()) for (const { gpu } of list) gpu.destroy();
    this.lists.clear();
  }
}
