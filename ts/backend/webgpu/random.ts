// Philox4x32-10 and dropout: whole numbers, hence the same bits as on the CPU.
import { each, groupsFor } from "./each.ts";
import type { GpuKernels } from "./source.ts";

/** Products of 32 by 32 bits, in halves of 16. */
const PHILOX = `
fn high(a: u32, b: u32) -> u32 {
  let al = a & 0xffffu;
  let ah = a >> 16u;
  let bl = b & 0xffffu;
  let bh = b >> 16u;
  let middle = ah * bl + ((al * bl) >> 16u);
  return ah * bh + (middle >> 16u) + (((middle & 0xffffu) + al * bh) >> 16u);
}
fn philox(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
  var c = counter;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    c = vec4<u32>(high(0xcd9e8d57u, c.z) ^ c.y ^ k.x, 0xcd9e8d57u * c.z, high(0xd2511f53u, c.x) ^ c.w ^ k.y, 0xd2511f53u * c.x);
    k += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}`;

const uniform = each({
  name: "philox_uniform",
  buffers: { y: "out" },
  integers: ["key0", "key1", "counter1", "counter2", "counter3"],
  declarations: PHILOX,
  body: `
  let words = philox(vec4<u32>(i / 4u, u.counter1, u.counter2, u.counter3), vec2<u32>(u.key0, u.key1));
  y_put(i, f32(words[i % 4u] >> 8u) / 16777216.0);`,
});

const dropout = each({
  name: "dropout",
  buffers: { x: "in", y: "out" },
  integers: ["cols", "key0", "key1", "counter2", "counter3", "firstRow", "least"],
  floats: ["scale"],
  declarations: PHILOX,
  // A uniform is word / 2^24: that it is at least p is asked of whole numbers.
  body: `
  let col = i % u.cols;
  let words = philox(vec4<u32>(col / 4u, u.firstRow + i / u.cols, u.counter2, u.counter3), vec2<u32>(u.key0, u.key1));
  var y = 0.0;
  if ((words[col % 4u] >> 8u) >= u.least) { y = x_at(i) * u.scale; }
  y_put(i, y);`,
});

export const kernels: GpuKernels = {
  philox_uniform_f32: { passes: (numbers) => [{ source: uniform, numbers, groups: groupsFor(numbers["length"]) }] },
  dropout_f32: {
    passes: (numbers) => {
      const { rows, cols, p } = numbers;
      const own = { ...numbers, length: rows * cols, least: Math.ceil(p * 16777216), scale: p < 1 ? 1 / (1 - p) : 0 };
      return [{ source: dropout, numbers: own, groups: groupsFor(own.length) }];
    },
  },
};
