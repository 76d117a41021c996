// An adapter whose device has as much memory as it is told, so that running out of it can be brought about: what is refused is a real
// buffer that the device knows to be invalid, and the error comes where the real one does.

export interface Budget {
  /** Bytes that buffers may still take. */
  bytes: number;
  /** Buffers refused so far. */
  refused: number;
}

class GPUOutOfMemoryError {
  readonly message = "no memory left in this test";
}

interface Scope {
  readonly filter: string;
  error: GPUOutOfMemoryError | null;
}

/** Everything of `target` but what `own` has. */
function wrapped<T extends object>(target: T, own: Partial<Record<keyof T, unknown>>): T {
  return new Proxy(target, {
    get(_, key) {
      if (key in own) return own[key as keyof T];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value as (...inputs: unknown[]) => unknown).bind(target) : value;
    },
  });
}

function poorDevice(device: GPUDevice, budget: Budget): GPUDevice {
  const scopes: Scope[] = [];
  let listener: ((event: unknown) => void) | null = null;
  return wrapped(device, {
    pushErrorScope(filter: GPUErrorFilter): void {
      device.pushErrorScope(filter);
      scopes.push({ filter, error: null });
    },
    async popErrorScope(): Promise<unknown> {
      const scope = scopes.pop();
      const found = await device.popErrorScope();
      return scope?.error ?? found;
    },
    addEventListener(type: string, given: (event: unknown) => void): void {
      device.addEventListener(type, given as EventListener);
      if (type === "uncapturederror") listener = given;
    },
    createBuffer(wanted: GPUBufferDescriptor): GPUBuffer {
      if (wanted.size <= budget.bytes) {
        budget.bytes -= wanted.size;
        return device.createBuffer(wanted);
      }
      budget.refused++;
      const error = new GPUOutOfMemoryError();
      const scope = [...scopes].reverse().find(({ filter }) => filter === "out-of-memory");
      if (scope) scope.error = error;
      else queueMicrotask(() => listener?.({ error, preventDefault: () => undefined }));
      device.pushErrorScope("validation");
      const invalid = device.createBuffer({ size: wanted.size, usage: 0 });
      void device.popErrorScope();
      return invalid;
    },
  });
}

/** The same adapter with devices of little memory. */
export function poorAdapter(adapter: GPUAdapter, budget: Budget): GPUAdapter {
  return wrapped(adapter, {
    requestDevice: async (wanted?: GPUDeviceDescriptor) => poorDevice(await adapter.requestDevice(wanted), budget),
  });
}
