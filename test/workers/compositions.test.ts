// Operations made of others, embeddings and transposed convolutions train to the same bits on any number of threads.
// Run as compiled JavaScript.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createTeam, DataLoader, digest, LocalPool, shapes, type Pool } from "../../ts/node.ts";
import * as program from "./compositions-program.ts";

const test = suite("workers/compositions");

async function trained(pool: Pool): Promise<string> {
  const before = digest(pool.model);
  for await (const batch of new DataLoader(shapes({ count: 48, seed: 3 }), { batchSize: 18, shuffle: true, seed: 1 }))
    await pool.step(batch);
  const after = digest(pool.model);
  assert.is.not(after, before);
  await pool.close();
  return after;
}

test("the same bits with 0, 1, 2 and 3 workers", async () => {
  const wanted = await trained(new LocalPool(program));
  for (const workers of [1, 2, 3])
    assert.is(await trained(await createTeam({ module: new URL("./compositions-program.ts", import.meta.url), workers })), wanted);
});

test.run();
