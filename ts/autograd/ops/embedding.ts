// Rows of a table by number.
import { accumulate } from "../../kernels/elementwise.ts";
import { emptyLike } from "../launch.ts";
import { defineOp } from "../op.ts";
import { sumOverSamples } from "../shard-sum.ts";
import { shapeText, type Tensor } from "../tensor.ts";

export const embeddingOp = /* @__PURE__ */ defineOp<readonly [Tensor, Tensor], object>("embedding", {
  forward: ([table, numbers]) => {
    const { backend } = table;
    const width = table.shape[1];
    const y = emptyLike(table, [...numbers.shape, width]);
    numbers.toArray().forEach((row, place) => {
      backend.copy(backend.view(table.buffer, row * width, width), backend.view(y.buffer, place * width, width));
    });
    return y;
  },
  vjp: (dy, _y, [table, numbers]) => [
    () => {
      const { backend } = table;
      const width = table.shape[1];
      const rows = numbers.toArray();
      const each = dy.shape[0] === 0 ? 0 : rows.length / dy.shape[0];
      return sumOverSamples(backend, dy.batch, dy.shape[0], table.shape, (from, count, out) => {
        backend.fill(out.buffer, 0);
        for (let place = from * each; place < (from + count) * each; place++) {
          const operands = { x: backend.view(dy.buffer, place * width, width), y: backend.view(out.buffer, rows[place] * width, width) };
          backend.run(accumulate, operands, { length: width });
        }
      });
    },
    null,
  ],
  samples: [
    {
      inputs: [
        [4, 3],
        [2, 3],
      ],
      attributes: {},
      constant: [1],
      fill: (input, index, normal) => (input === 1 ? (index * index) % 3 : normal),
    },
  ],
});

/**
 * Rows of a table [rows, width] by their numbers: [N, ...] to [N, ..., width]. It needs a backend that has values at once. Error: a number
 * that is no row's.
 */
export function embedding(table: Tensor, numbers: Tensor): Tensor {
  if (table.rank !== 2 || numbers.rank < 1)
    throw new Error(`embedding: table ${shapeText(table.shape)}, numbers ${shapeText(numbers.shape)}, wanted [rows, width] and [N, ...]`);
  const other = numbers.toArray().find((row) => !(row >= 0 && row < table.shape[0] && Number.isInteger(row)));
  if (other !== undefined) throw new Error(`embedding: row ${other}, wanted whole numbers from 0 to ${table.shape[0] - 1}`);
  return embeddingOp([table, numbers], {});
}
