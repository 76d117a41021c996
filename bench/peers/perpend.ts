// perpend among its peers: one thread, a team of workers, or a GPU where the form is "webgpu".
import { createTeam, DevicePool, LocalPool, type Pool, type RawBatch } from "../../ts/node.ts";
import { readStart } from "./exchange.ts";
import * as program from "./program.ts";
import { provideGpu } from "./gpu.ts";
import { load, serve, type Job, type Opened } from "./serve.ts";

async function poolOf({ net, depth, threads, form }: Job): Promise<Pool> {
  const options = { net, depth };
  if (form === "webgpu") {
    const { createWebgpuBackend } = await import("../../ts/webgpu.ts");
    return new DevicePool(program, await createWebgpuBackend({ gpu: await provideGpu() }), { options });
  }
  if (threads === 1) return new LocalPool(program, { options });
  return createTeam({ module: new URL("./program.ts", import.meta.url), workers: threads, options });
}

async function open(job: Job): Promise<Opened> {
  const { file, work, batch, form } = job;
  const { images, labels } = readStart(file, batch);
  const pool = await poolOf(job);
  const raw: RawBatch = { images: images.values, labels, size: batch, shape: images.shape, epoch: 0, step: 0 };
  const evaluate = async (): Promise<number> => {
    const { losses } = await pool.evaluate(raw);
    return losses.reduce((sum, loss) => sum + loss, 0) / batch;
  };
  let step = 0;
  const train = async (): Promise<number> => (await pool.step({ ...raw, step: step++ })).loss;
  return {
    library: `perpend ${load<{ version: string }>("../../package.json").version}${form === "webgpu" ? ", webgpu" : ""}`,
    batch,
    step: work === "train" ? train : evaluate,
  };
}

await serve(open);
