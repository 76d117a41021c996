// Mistakes that would break a promise, each of a kind that has happened somewhere: what is changed, what has to be built, and the tests
// of which one has to fail.
import type { Build, Change } from "./sandbox.ts";

export interface Mistake {
  readonly name: string;
  readonly changes: readonly Change[];
  readonly build?: readonly Build[];
  readonly tests: readonly string[];
}

const lastShard = `(() => {
        const rows = perShard(x, slice, c, (from, count, out) => momentsInto(x, from, count, out, pixels, c));
        const y = emptyLike(x, [2, c]);
        launch(
          kernels.batchNormCombine,
          { moments: rowsOf(rows, slice.last - slice.first - 1, 1), y },
          { samples: 1, shards: 1, rowsPerSample: pixels, c },
        );
        return y;
      })()`;

export const mistakes: readonly Mistake[] = [
  {
    name: "parts of a gradient are added up in the order in which they come",
    changes: [
      {
        path: "workers/gradients.ts",
        from: "      const root = treeRoot(shards);\n      return combineTree<Buffer>(",
        to:
          "      const came = parts.flatMap((address) => (address ? [backend.at(address + 4 * from, length) as Buffer] : []));\n" +
          "      came.push(...came.splice(0, Math.floor(performance.now() * 1000) % Math.max(1, came.length)));\n" +
          "      if (came.length > 0) return came.reduce(plus);\n" +
          "      const root = treeRoot(shards);\n      return combineTree<Buffer>(",
      },
    ],
    tests: ["workers/same-bits"],
  },
  {
    name: "as many shards as workers",
    changes: [
      {
        path: "workers/team.ts",
        from: "const shards = raw.shards ?? this.shards ?? defaultShards(size);",
        to: "const shards = raw.shards || this.shards || defaultShards(size) ? this.workers : 1;",
      },
    ],
    tests: ["workers/same-bits"],
  },
  {
    name: "Math.exp in a result",
    changes: [
      { path: "ts/math.ts", from: "  return expOfSum(x, 0);\n}\n\n// The logarithm", to: "  return Math.exp(x);\n}\n\n// The logarithm" },
    ],
    tests: ["math", "contract/lint"],
  },
  {
    name: "relaxed multiply-add in the strict build",
    changes: [
      { path: "assembly/simd/lanes.ts", from: "  if (ASC_FEATURE_RELAXED_SIMD) {", to: "  if (true) {" },
      { path: "asconfig.json", from: '"enable": ["simd", "threads"]', to: '"enable": ["simd", "threads", "relaxed-simd"]' },
    ],
    build: ["strict"],
    tests: ["contract/wasm-binary", "golden/digests"],
  },
  {
    name: "weights are updated in place",
    changes: [
      {
        path: "workers/store.ts",
        from: "variable.bind(copies[current], copies[1 - current]);",
        to: "variable.bind(copies[current], copies[current]);",
      },
      { path: "workers/team.ts", from: "this.current = this.current === 0 ? 1 : 0;", to: "this.current = 0;" },
    ],
    build: ["js"],
    tests: ["workers/storm/two-workers"],
  },
  {
    name: "a file is renamed before it is flushed",
    changes: [{ path: "ts/train/node/atomic-file.ts", from: "    await file.sync();\n", to: "" }],
    tests: ["train/node/power-cut", "train/node/checkpoint-store"],
  },
  {
    name: "running statistics of the last shard",
    changes: [
      {
        path: "ts/autograd/ops/norm.ts",
        from: "observe?.(found, slice.size * pixels);",
        to: `observe?.(${lastShard}, slice.size * pixels);`,
      },
    ],
    tests: ["nn/batch-norm", "workers/same-bits"],
  },
  {
    name: "a tail that ends one element early",
    changes: [
      {
        path: "assembly/simd/elementwise.ts",
        from: "storePart(y, two(op, loadPart(a, i), loadPart(b, i)), i);",
        to: "storePart(y, two(op, loadPart(a, i), loadPart(b, i)), i - 1);",
      },
    ],
    build: ["strict"],
    tests: ["kernels/contract", "kernels/scalar"],
  },
  {
    name: "a thread adds up its shards one after the other",
    changes: [
      {
        path: "ts/autograd/shard-sum.ts",
        from: "  const values = nodes.map(sumNode);\n",
        to:
          "  const values = nodes.map((node) =>\n" +
          "    Array.from({ length: Math.min(node.size, slice.shards - node.from) }, (_, index) => sumNode({ from: node.from + index, size: 1 })).reduce(\n" +
          "      (left, right) => (left === null ? right : right === null ? left : addInto(left, right)),\n" +
          "      null,\n    ),\n  );\n",
      },
    ],
    tests: ["workers/same-bits"],
  },
  {
    name: "no barrier before the rows of others are read",
    changes: [{ path: "workers/exchange.ts", from: "    this.barrier.wait();\n", to: "" }],
    tests: ["workers/same-bits"],
  },
  {
    name: "a late worker goes on in the next attempt, and its answer counts",
    changes: [
      { path: "workers/barrier.ts", from: 'throw new AbortedError("worker: late, the step is being done again");', to: "return;" },
      {
        path: "workers/node/thread.ts",
        from: "  private ending: Loss | null = null;\n",
        to:
          "  private ending: Loss | null = null;\n  private leave: (loss: Loss) => void = () => {};\n" +
          "  readonly left = new Promise<Loss>((resolve) => (this.leave = resolve));\n",
      },
      { path: "workers/node/thread.ts", from: "Promise.race([told, this.gone])", to: "Promise.race([told, this.gone, this.left])" },
      { path: "workers/node/thread.ts", from: "    await this.stop();\n", to: "    await Promise.resolve(this.leave(why));\n" },
      {
        path: "workers/crew.ts",
        from: "void thread.gone.then(",
        to: "void Promise.race([thread.gone, (thread as unknown as { left: Promise<Loss> }).left]).then(",
      },
    ],
    build: ["js"],
    tests: ["workers/storm/late"],
  },
  {
    name: "dropout by the row in a worker",
    changes: [
      {
        path: "ts/autograd/ops/random.ts",
        from: "const firstRow = x.batch ? sliceStart(x.batch) : 0;",
        to: "const firstRow = x.batch ? 0 * sliceStart(x.batch) : 0;",
      },
    ],
    tests: ["workers/same-bits"],
  },
];
