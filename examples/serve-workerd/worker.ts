// Serves a model on Cloudflare's workerd, which takes compiled WebAssembly and files as modules and compiles nothing itself.
import { createHandler, createPredictor } from "perpend/serve";
import kernels from "perpend/wasm/inference.wasm";
import checkpoint from "./model.safetensors";

const handler = createHandler(createPredictor(new Uint8Array(checkpoint), { kernels }), { onError: (error) => console.error(error) });

const worker = { fetch: handler };

export { worker as default };
