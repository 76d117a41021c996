// Serves a model over HTTP in Deno: deno run -c examples/serve-deno/deno.json --allow-read --allow-net examples/serve-deno/server.ts [checkpoint]
import { createHandler, createPredictor } from "perpend/serve";

const read = (address: string): Uint8Array<ArrayBuffer> => Deno.readFileSync(new URL(address));
const checkpoint = Deno.args[0] === undefined ? read(import.meta.resolve("../model.safetensors")) : Deno.readFileSync(Deno.args[0]);
const kernels = new WebAssembly.Module(read(import.meta.resolve("perpend/wasm/inference.wasm")));

const predictor = createPredictor(checkpoint, { kernels });
const port = Number(Deno.args[1] ?? 8080);
Deno.serve({ port, hostname: "127.0.0.1" }, createHandler(predictor, { onError: (error) => console.error(error) }));
