// Errors of runs as the page says them.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failureText } from "../../ts/lab/failure.ts";
import { NonFiniteError, type NonFinite } from "../../ts/train/index.ts";

const test = suite("lab failure");

const found: NonFinite = {
  step: 22,
  batches: 1,
  what: "loss",
  value: Infinity,
  op: "conv2d",
  first: Infinity,
  layer: "stem",
  learningRate: 71.694,
};

test("a run that diverged names what and where, and a setting that the page has", () => {
  const text = failureText(new NonFiniteError(found));
  assert.is(
    text,
    "The numbers grew beyond all bounds: loss Infinity in step 22, first as Infinity in the result of conv2d (layer stem). " +
      "Try a smaller learning rate than 72, that of this step.",
  );
});

test("bad samples are no matter of the learning rate; other errors are said as they are", () => {
  assert.match(failureText(new NonFiniteError({ ...found, samples: [3] })), /sample 3 of the step is not finite\. Look at the data\.$/);
  assert.is(failureText(new Error("files: none, wanted some")), "files: none, wanted some");
  assert.is(failureText("a word"), "a word");
});

test.run();
