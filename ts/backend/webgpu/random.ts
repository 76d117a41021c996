// Philox4x32-10 and dropout: whole numbers, hence the same bits as on the CPU.
import { maskLength } from "../../kernels/random.ts";
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
  buffers: { x: "in", y: "out", mask: "out?" },
  integers: ["cols", "width", "key0", "key1", "counter2", "counter3", "firstRow", "least"],
  floats: ["scale"],
  declarations: PHILOX,
  // An invocation for each value of the mask. A uniform is word / 2^24: that it is at least p is asked of whole numbers.
  body: `
  let row = i / u.width;
  let begin = 16u * (i % u.width);
  let end = min(begin + 16u, u.cols);
  var bits = 0u;
  for (var four = begin; four < end; four += 4u) {
    let words = philox(vec4<u32>(four / 4u, u.firstRow + row, u.counter2, u.counter3), vec2<u32>(u.key0, u.key1));
    for (var col = four; col < min(four + 4u, end); col++) {
      var y = 0.0;
      if ((words[col - four] >> 8u) >= u.least) {
        y = x_at(row * u.cols + col) * u.scale;
        bits |= 1u << (col - begin);
      }
      y_put(row * u.cols + col, y);
    }
  }
  mask_put(i, f32(bits));`,
});

const dropoutBackward = each({
  name: "dropout_backward",
  buffers: { dy: "in", mask: "in", dx: "out" },
  integers: ["cols", "width"],
  floats: ["scale"],
  body: `
  let col = i % u.cols;
  let bits = u32(mask_at((i / u.cols) * u.width + col / 16u));
  dx_put(i, select(0.0, dy_at(i) * u.scale, ((bits >> (col % 16u)) & 1u) == 1u));`,
});

const scaleOf = (p: number): number => (p < 1 ? 1 / (1 - p) : 0);

export const kernels: GpuKernels = {
  philox_uniform_f32: { passes: (numbers) => [{ source: uniform, numbers, groups: groupsFor(numbers["length"]) }] },
  dropout_f32: {
    passes: (numbers) => {
      const { rows, cols, p } = numbers;
      const own = {
        ...{ ...numbers, length: maskLength(rows, cols), width: maskLength(1, cols) },
        ...{ least: Math.ceil(p * 16777216), scale: scaleOf(p) },
      };
      return [{ source: dropout, numbers: own, groups: groupsFor(own.length) }];
    },
  },
  dropout_backward_f32: {
    passes: ({ rows, cols, p }) => {
      const own = { cols, width: maskLength(1, cols), length: rows * cols, scale: scaleOf(p) };
      return [{ source: dropoutBackward, numbers: own, groups: groupsFor(own.length) }];
    },
  },
};
