// Which step of the training a skip is in.
import { remembered, type Tensor } from "../../autograd/index.ts";

export class StepCounter {
  private calls = 0;

  /** The batch's number in the training; of a stream that is of no batch, the number of calls so far. */
  of({ batch }: Tensor): number {
    return batch ? batch.step : remembered(() => this.calls++);
  }
}
