// The command line with a GPU where browsers have theirs: `perpend` with the given arguments. After `no-adapter` WebGPU is there without one.
import { testGpu } from "./driver.ts";

const [first] = process.argv.slice(2);
const isAbsent = first === "no-adapter";
if (isAbsent) process.argv.splice(2, 1);
const gpu = isAbsent ? { requestAdapter: () => Promise.resolve(null) } : await testGpu();
Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });
await import("../../ts/cli/perpend.ts");
