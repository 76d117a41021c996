// Tests that runtimes come to the digest of this Node.
import { suite, type Test } from "uvu";
import * as assert from "uvu/assert";
import { makeConsumer, type Consumer } from "./consumer.ts";
import { thisNode, type PackagedRuntime } from "./runtimes.ts";
import type { Answer } from "./twenty-steps.ts";

function check(answer: Answer, { threads, isNode }: PackagedRuntime, digest: string): void {
  assert.is(answer.isNode, isNode, "which entry was imported");
  assert.is(Object.keys(answer.teams).length > 0, threads, "teams");
  for (const [who, found] of Object.entries({ "the calling thread": answer.alone, ...answer.teams })) assert.is(found, digest, who);
}

/** A suite over runtimes; one that is not here is skipped by its name. */
export async function compare(title: string, runtimesOf: (consumer: Consumer) => readonly PackagedRuntime[]): Promise<Test> {
  const test = suite(title);
  const consumer = await makeConsumer();
  const here = thisNode(consumer);
  const reference = await here.ask();

  test(here.title, () => {
    assert.match(reference.alone, /^[0-9a-f]{64}$/);
    check(reference, here, reference.alone);
  });

  for (const runtime of runtimesOf(consumer)) {
    const { title: name, missing } = runtime;
    if (missing === "") test(name, async () => check(await runtime.ask(), runtime, reference.alone));
    else {
      console.log(`skipped: ${name}: ${missing}`);
      test.skip(name, () => undefined);
    }
  }

  test.after(() => consumer.remove());
  return test;
}
