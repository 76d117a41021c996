// Who frees what, and which backend new tensors go to. A scope frees every tensor made in it at its end, but for those it
// returns and those kept.
import type { Backend } from "../backend/backend.ts";
import { Tensor, sizeOf, type Shape } from "./tensor.ts";

interface Scope {
  readonly made: Tensor[];
  readonly outer: Scope | null;
}

let current: Scope | null = null;
let recording = true;
let backend: Backend | null = null;
let makeBackend: (() => Backend) | null = null;

/** Names the backend for tensors made from now on; a function is called when it is first needed. */
export function setBackend(chosen: Backend | (() => Backend)): void {
  if (typeof chosen === "function") {
    makeBackend = chosen;
    backend = null;
  } else backend = chosen;
}

/** The backend that new tensors go to. */
export function currentBackend(): Backend {
  if (backend === null) {
    if (makeBackend === null) throw new Error("perpend: no backend yet, wanted setBackend(...) or, in Node, the import of perpend itself");
    backend = makeBackend();
  }
  return backend;
}

/** Runs `work` with another backend for new tensors. */
export function withBackend<T>(chosen: Backend, work: () => T): T {
  const before = backend;
  backend = chosen;
  try {
    return work();
  } finally {
    backend = before;
  }
}

/** Calls `mark` for a tensor, or for those in arrays and plain objects. */
export function eachTensor(value: unknown, mark: (tensor: Tensor) => void): void {
  if (value instanceof Tensor) mark(value);
  else if (Array.isArray(value)) for (const entry of value) eachTensor(entry, mark);
  else if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype)
    for (const entry of Object.values(value)) eachTensor(entry, mark);
}

function refuseAsync(who: string, result: unknown): void {
  if (result instanceof Promise) throw new Error(`${who}: an async function, wanted one that returns before it is done; await outside`);
}

/**
 * Runs `work` and frees what it made, except what it returns (tensors, or arrays and plain objects of them) and what was kept.
 * `work` must not be async.
 */
export function scope<T>(work: () => T): T {
  const own: Scope = { made: [], outer: current };
  current = own;
  // A few, as a rule: a list finds them faster than a set.
  const survivors: Tensor[] = [];
  try {
    const result = work();
    refuseAsync("scope", result);
    eachTensor(result, (tensor) => survivors.push(tensor));
    return result;
  } finally {
    current = own.outer;
    for (const tensor of own.made) {
      if (tensor.kept || tensor.freed) continue;
      if (survivors.includes(tensor)) own.outer?.made.push(tensor);
      else tensor.dispose();
    }
  }
}

/** Runs `work` and tells which tensors it made and did not keep, in order; they belong to the scope around. */
export function collect<T>(who: string, work: () => T): { readonly result: T; readonly made: readonly Tensor[] } {
  const own: Scope = { made: [], outer: current };
  current = own;
  try {
    const result = work();
    refuseAsync(who, result);
    return { result, made: own.made.filter(({ kept }) => !kept) };
  } finally {
    current = own.outer;
    for (const tensor of own.made) current?.made.push(tensor);
  }
}

/** Takes a tensor out of its scope: it lives until dispose(). */
export function keep<T extends Tensor>(tensor: T): T {
  tensor.kept = true;
  return tensor;
}

/** Puts a tensor that was kept into the scope under way. */
export function release(tensor: Tensor): void {
  tensor.kept = false;
  current?.made.push(tensor);
}

/** True while operations are recorded for backward(). */
export function isRecording(): boolean {
  return recording;
}

function withRecording<T>(on: boolean, work: () => T): T {
  const before = recording;
  recording = on;
  try {
    return work();
  } finally {
    recording = before;
  }
}

/** Runs `work` without recording. */
export function noGrad<T>(work: () => T): T {
  return withRecording(false, work);
}

/** Runs `work` with recording, inside noGrad() too. */
export function withGrad<T>(work: () => T): T {
  return withRecording(true, work);
}

function register(tensor: Tensor): Tensor {
  current?.made.push(tensor);
  return tensor;
}

/** A tensor with undefined contents. */
export function empty(shape: Shape, on: Backend = currentBackend()): Tensor {
  if (!Array.isArray(shape) || shape.some((length) => !Number.isInteger(length) || length < 0))
    throw new Error(`tensor: shape [${String(shape)}], wanted a list of whole numbers of at least 0`);
  return register(new Tensor(on, [...shape], { buffer: on.allocate(Math.max(1, sizeOf(shape))), references: 0 }));
}

/** A tensor over the memory of another, with a shape of as many elements. */
export function alias(tensor: Tensor, shape: Shape = tensor.shape): Tensor {
  const made = register(new Tensor(tensor.backend, [...shape], tensor.shared));
  made.batch = tensor.batch;
  return made;
}

/** A tensor over a buffer that somebody else owns. */
export function overBuffer(on: Backend, shape: Shape, buffer: Tensor["buffer"]): Tensor {
  return register(new Tensor(on, [...shape], { buffer, references: 1 }));
}
