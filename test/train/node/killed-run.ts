// A run that saves after every step, for the test that kills it: goes on from what its folder has, and says what it does.
// Arguments: folder, steps. Prints `from N`, then `saved N` after each save, and `digest ...` when the steps are done.
import { readFileSync } from "node:fs";
import { setBackend } from "../../../ts/autograd/index.ts";
import { createWasmBackend } from "../../../ts/backend/index.ts";
import { shapes } from "../../../ts/data/index.ts";
import { DataLoader, LocalPool, Trainer } from "../../../ts/train/index.ts";
import { checkpointBytes } from "../../../ts/train/node/checkpoint-file.ts";
import { CheckpointStore } from "../../../ts/train/node/checkpoint-store.ts";
import * as program from "../../workers/program.ts";

const [dir, steps] = process.argv.slice(2);
setBackend(createWasmBackend(new WebAssembly.Module(readFileSync(new URL("../../../build/strict.wasm", import.meta.url)))));

const store = new CheckpointStore({ dir, keep: 2 });
const batchSize = 4;
const trainer = new Trainer({
  pool: new LocalPool(program, { options: { dropout: true }, emaDecay: 0.9 }),
  // An epoch is one step, and a checkpoint is saved after each.
  train: new DataLoader(shapes({ count: batchSize, seed: 3 }), {
    batchSize,
    shuffle: true,
    seed: 4,
    augment: { crop: { padding: 4 }, flip: 0.5 },
  }),
  classes: 10,
  epochs: Number(steps),
  save: async (checkpoint, { step }) => {
    const path = await store.save(step, checkpointBytes(checkpoint), { best: step % 3 === 0 });
    process.stdout.write(`saved ${step}\n`);
    return path;
  },
});

process.stdout.write("ready\n");
const found = await store.latest();
if (found !== undefined) {
  if (found.skipped.length > 0) throw new Error(`killed run: ${found.skipped[0].reason}`);
  trainer.resume(found.checkpoint);
}
process.stdout.write(`from ${trainer.steps}\n`);
for await (const event of trainer.fit()) if (event.type === "run-end") process.stdout.write(`digest ${event.digest}\n`);
