// Runs in a browser: trains on its GPU and leaves what came of it in the page's title.
import { createWebgpuBackend, DeviceError } from "../../ts/webgpu.ts";
import { losses } from "./steps.ts";

try {
  const backend = await createWebgpuBackend();
  document.title = JSON.stringify({ about: backend.about, losses: await losses(backend) });
} catch (error) {
  document.title = JSON.stringify({ error: error instanceof DeviceError ? `${error.kind}: ${error.message}` : String(error) });
}
