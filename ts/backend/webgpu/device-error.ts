// What goes wrong on a GPU, as one error with a kind.

/**
 * `unavailable`: no adapter. `lost`: the device is gone (reset, destroyed). `out-of-memory`: a buffer could not be had. `validation`: a
 * command was refused, which is a fault of this program or of the driver.
 */
export type DeviceErrorKind = "unavailable" | "lost" | "out-of-memory" | "validation";

/** What was computed on a lost device is gone; weights on the CPU and checkpoints are not touched. */
export class DeviceError extends Error {
  readonly kind: DeviceErrorKind;

  constructor(kind: DeviceErrorKind, message: string) {
    super(`webgpu: ${message}`);
    this.name = "DeviceError";
    this.kind = kind;
  }
}
