// A server of a model for the serving bench: told its checkpoint, says its address, ends with its parent. The built package, as users run it.
import { readFileSync } from "node:fs";
import { builtFile } from "../../ts/own-files.ts";
import { createHandler, createPredictor, serveHttp } from "../../ts/serve/node/index.ts";

const [file] = process.argv.slice(2);
const kernels = new WebAssembly.Module(readFileSync(builtFile("inference.wasm")));
const predictor = createPredictor(readFileSync(file), { kernels });
const failures: string[] = [];
const server = await serveHttp(createHandler(predictor, { maxAtOnce: 256, onError: (error) => failures.push(String(error)) }));
process.send?.(server.url);
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ failures, bytes: process.memoryUsage().rss, cpuMs: (user + system) / 1000 });
});
process.on("disconnect", () => process.exit(0));
