// Serves a model over HTTP in Node: node --import tsx examples/serve-node/server.ts [checkpoint]. PORT and HOST say where.
import { readFileSync } from "node:fs";
import { createHandler, createPredictor, decodeJpeg, serveHttp } from "perpend/serve";

const checkpoint = readFileSync(process.argv[2] ?? new URL("../model.safetensors", import.meta.url));
const kernels = new WebAssembly.Module(readFileSync(new URL(import.meta.resolve("perpend/wasm/inference.wasm"))));

const predictor = createPredictor(checkpoint, { kernels });
const handler = createHandler(predictor, { decodeJpeg, onError: (error) => console.error(error) });
const server = await serveHttp(handler, { port: Number(process.env["PORT"] ?? 8080), host: process.env["HOST"] ?? "127.0.0.1" });
console.log(`${predictor.model}, ${predictor.data.classNames.length} classes: ${server.url}`);

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void server.close());
