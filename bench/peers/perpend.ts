// perpend among its peers: one thread, or a team of workers.
import { createTeam, LocalPool, type Pool, type RawBatch } from "../../ts/node.ts";
import { readStart } from "./exchange.ts";
import * as program from "./program.ts";
import { load, serve, type Job, type Opened } from "./serve.ts";

async function open({ file, work, net, depth, batch, threads }: Job): Promise<Opened> {
  const { images, labels } = readStart(file, batch);
  const module = new URL("./program.ts", import.meta.url);
  const options = { net, depth };
  const pool: Pool = threads === 1 ? new LocalPool(program, { options }) : await createTeam({ module, workers: threads, options });
  const raw: RawBatch = { images: images.values, labels, size: batch, shape: images.shape, epoch: 0, step: 0 };
  const evaluate = async (): Promise<number> => {
    const { losses } = await pool.evaluate(raw);
    return losses.reduce((sum, loss) => sum + loss, 0) / batch;
  };
  let step = 0;
  const train = async (): Promise<number> => (await pool.step({ ...raw, step: step++ })).loss;
  return {
    library: `perpend ${load<{ version: string }>("../../package.json").version}`,
    batch,
    step: work === "train" ? train : evaluate,
  };
}

await serve(open);
