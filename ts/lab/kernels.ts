// The kernels in a browser: fetched from beside the page, compiled, named by their hash as the command line names them.
import { CONTRACT } from "../contract.ts";
import { sha256 } from "../sha256.ts";

/** Replaced when the page is built. */
declare const PERPEND_VERSION: string;

export interface LabKernels {
  readonly module: WebAssembly.Module;
  /** `strict 3f9c2ab1`. */
  readonly name: string;
}

/** Fetches and compiles strict.wasm. Errors: an address that does not have it. */
export async function openKernels(address: URL): Promise<LabKernels> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`kernels: ${address.href} answered ${response.status}, wanted strict.wasm there`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (!WebAssembly.validate(bytes)) throw new Error("kernels: this browser refuses strict.wasm, wanted one with WebAssembly SIMD");
  return { module: await WebAssembly.compile(bytes), name: `strict ${sha256(bytes).slice(0, 8)}` };
}

/** What computes a run here, for its log and its checkpoints. */
export function versionsOf({ name }: LabKernels): { readonly [what: string]: string } {
  return { perpend: PERPEND_VERSION, kernels: name, path: "plain", contract: CONTRACT };
}
