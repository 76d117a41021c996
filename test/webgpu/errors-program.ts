// A device that is destroyed in the middle of a run, and what a device refuses. Prints what happened as JSON.
import { tensor, withBackend } from "../../ts/node.ts";
import { createWebgpuBackend } from "../../ts/webgpu.ts";
import { testGpu } from "./driver.ts";
import { interrupted } from "./interrupted.ts";
import { endOf } from "./linearly.ts";

const kindIn = (end: string): string => (end.startsWith("another") ? end : end.split(":")[0]);
const kindOf = async (work: () => unknown): Promise<string> => kindIn(await endOf(work));

const gpu = await testGpu();
const absent = await kindOf(() => createWebgpuBackend({ gpu: { requestAdapter: () => Promise.resolve(null) } as unknown as GPU }));
const backend = await createWebgpuBackend({ gpu });

const { error, stepsBefore, resumedAt, losses } = await interrupted(backend, { batch: 4, cause: (each) => each.destroy() });

const after = await kindOf(() => withBackend(backend, () => tensor([1, 2, 3])));
const second = await createWebgpuBackend({ gpu });
const tooLarge = await kindOf(() => second.allocate(1e10));
const sum = await withBackend(second, () => tensor([1, 2, 3]).add(tensor([1, 1, 1]))).read();
const later = await kindOf(() => withBackend(second, () => tensor([1]).item())).then((kind) => kind.includes("answers later"));
second.destroy();
console.log(JSON.stringify({ absent, lost: kindIn(error), stepsBefore, resumedAt, losses, after, tooLarge, sum: [...sum], later }));
