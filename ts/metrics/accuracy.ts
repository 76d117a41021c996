// How often a net is right.
import { shapeText, type Tensor } from "../autograd/index.ts";

/**
 * Share of the rows of logits [N, K], 0 to 1, whose class is among the `top` largest, as evaluation counts it: of equal logits the first is
 * the larger one, a row with a NaN is wrong. Error: labels of another number, no rows.
 */
export function accuracy(logits: Tensor, labels: Tensor | ArrayLike<number>, { top = 1 }: { readonly top?: number } = {}): number {
  const [rows, columns] = logits.shape;
  const classes = "toArray" in labels ? labels.toArray() : labels;
  if (logits.rank !== 2 || rows === 0 || classes.length !== rows)
    throw new Error(`accuracy: ${classes.length} labels for logits ${shapeText(logits.shape)}, wanted one a row of [N, K]`);
  const values = logits.toArray();
  let right = 0;
  for (let row = 0; row < rows; row++) {
    const label = classes[row];
    const own = values[row * columns + label];
    let before = Number.isInteger(label) && label >= 0 && label < columns ? 0 : Infinity;
    for (let k = 0; k < columns; k++) {
      const value = values[row * columns + k];
      if (value !== value) before = Infinity;
      if (value > own || (value === own && k < label)) before++;
    }
    if (before < top) right++;
  }
  return right / rows;
}
