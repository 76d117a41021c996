// What a device reports later than it was asked: kept until the next call can throw it, and told once. A lost device stays lost.
import { DeviceError } from "./device-error.ts";

export class Failures {
  private readonly device: GPUDevice;
  private readonly onRefused: () => void;
  private failure: DeviceError | null = null;
  /** Refused commands that came while the device was still to say whether it had the memory for them. */
  private held: DeviceError | null = null;
  /** What a refused buffer made invalid is no news: until the device is done with it. */
  private deaf = false;

  /** `asked` is how many buffers the device has not answered about; `onRefused` is called when refused memory is told of. */
  constructor(device: GPUDevice, asked: () => number, onRefused: () => void) {
    this.device = device;
    this.onRefused = onRefused;
    void device.lost.then(({ reason, message }) => {
      const why = reason === "destroyed" ? "it was destroyed" : message || "the driver says no more";
      this.failure = new DeviceError("lost", `the device is lost (${why}), wanted a new backend or the CPU, from the last checkpoint on`);
    });
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      const { error } = event as GPUUncapturedErrorEvent;
      const told = error.message.split("\n")[0];
      if (error.constructor.name === "GPUOutOfMemoryError") this.outOfMemory(`the device has no more memory (${told})`);
      else if (!this.deaf) {
        const found = new DeviceError("validation", `a command was refused (${told}), wanted one that the device takes`);
        if (asked() > 0) this.held ??= found;
        else this.failure ??= found;
      }
    });
  }

  /** The device had no memory for something. */
  outOfMemory(what: string): void {
    this.held = null;
    if (this.failure?.kind !== "lost") this.failure = new DeviceError("out-of-memory", `${what}, wanted a smaller batch or model`);
  }

  /** The device has answered about all buffers. */
  answered(): void {
    if (!this.deaf) this.failure ??= this.held;
    this.held = null;
  }

  /** Throws what has gone wrong and was not told yet. */
  check(): void {
    const { failure } = this;
    if (failure === null) return;
    if (failure.kind !== "lost") this.failure = null;
    if (failure.kind === "out-of-memory") this.onRefused();
    if (failure.kind === "out-of-memory" && !this.deaf) {
      this.deaf = true;
      const hear = (): void => void (this.deaf = false);
      this.device.queue.onSubmittedWorkDone().then(hear, hear);
    }
    throw failure;
  }
}
