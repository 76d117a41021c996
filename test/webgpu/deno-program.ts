// Runs in Deno: trains on the GPU that it finds and prints what came of it as JSON.
import { createWebgpuBackend, DeviceError } from "../../ts/webgpu.ts";
import { losses } from "./steps.ts";

try {
  const backend = await createWebgpuBackend();
  console.log(JSON.stringify({ about: backend.about, losses: await losses(backend) }));
  backend.destroy();
} catch (error) {
  console.log(JSON.stringify({ error: error instanceof DeviceError ? `${error.kind}: ${error.message}` : String(error) }));
}
