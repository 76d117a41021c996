// Observation changes no bit of a run and records what arXiv 2505.11881 defines, a block and an interval at a time.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { backward, crossEntropy, noGrad, scope, tensor, wholeBatch, withBackend } from "../../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../../ts/backend/reference.ts";
import { additive, observed, orthogonal, resnetV2, StreamRecorder, type SkipKind } from "../../../ts/models/index.ts";
import { normals } from "../../autograd/normals.ts";

const test = suite("models/skip/observed");

function close(got: number, wanted: number, what: string): void {
  assert.ok(Math.abs(got - wanted) <= 1e-12 * Math.max(1, Math.abs(wanted)), `${what}: ${got}, wanted ${wanted}`);
}

for (const shards of [1, 2, 3])
  test(`records means over batch and positions, in ${shards} shards`, () =>
    withBackend(createReferenceBackend(), () =>
      scope(() => {
        const [n, pixels, c, eps] = [3, 4, 5, 1e-6];
        const size = n * pixels * c;
        const x = tensor(Float64Array.from({ length: size }, normals(1)), [n, 2, 2, c]);
        const f = tensor(Float64Array.from({ length: size }, normals(2)), [n, 2, 2, c]);
        x.batch = f.batch = wholeBatch(n, { shards, step: 0 });
        const recorder = new StreamRecorder({ interval: 1 });
        const skip = observed(orthogonal(), recorder).at({ index: 2, depth: 7, width: c });
        skip.join(x, () => f, { training: true });
        const [record, ...more] = recorder.drain();
        assert.is(more.length, 0);
        assert.is(record.block, 2);
        assert.is(record.step, 0);
        const wanted = { stream: 0, parallel: 0, perpendicular: 0, rhoParallel: 0, rhoPerpendicular: 0, cosine: 0 };
        const [xs, fs] = [x.toArray(), f.toArray()];
        for (let row = 0; row < n * pixels; row++) {
          let [xx, xf, ff] = [0, 0, 0];
          for (let at = row * c; at < (row + 1) * c; at++) {
            xx += xs[at] * xs[at];
            xf += xs[at] * fs[at];
            ff += fs[at] * fs[at];
          }
          const s = xf / (xx + eps);
          let [along, across] = [0, 0];
          for (let at = row * c; at < (row + 1) * c; at++) {
            along += (s * xs[at]) ** 2;
            across += (fs[at] - s * xs[at]) ** 2;
          }
          const share = 1 / (n * pixels);
          wanted.stream += xx * share;
          wanted.parallel += along * share;
          wanted.perpendicular += across * share;
          wanted.rhoParallel += (along / xx) * share;
          wanted.rhoPerpendicular += (across / xx) * share;
          wanted.cosine += (xf / Math.sqrt(xx * ff)) * share;
        }
        close(record.streamNorm2, wanted.stream, "||x||^2");
        close(record.parallelNorm2, wanted.parallel, "||u_par||^2");
        close(record.orthogonalNorm2, wanted.perpendicular, "||u_perp||^2");
        close(record.rhoParallel, wanted.rhoParallel, "rho_par");
        close(record.rhoOrthogonal, wanted.rhoPerpendicular, "rho_ortho");
        close(record.cosine, wanted.cosine, "cosine");
      }),
    ));

for (const [label, kind] of [
  ["additive", additive()],
  ["orthogonal", orthogonal()],
  ["orthogonal per sample", orthogonal({ over: "sample" })],
] as const)
  test(`changes no bit of a step: ${label}`, () =>
    withBackend(createReferenceBackend(), () => {
      const run = (skip: SkipKind): Float64Array[] =>
        scope(() => {
          const model = resnetV2({ depth: 8, width: 2, skip });
          const x = tensor(Float64Array.from({ length: 3 * 64 * 3 }, normals(4)), [3, 8, 8, 3]);
          x.batch = wholeBatch(3, { shards: 2, step: 0 });
          const labels = tensor([1, 4, 9]);
          labels.batch = x.batch;
          const logits = model.forward(x);
          backward(crossEntropy(logits, labels));
          const found = [logits, ...model.parameters().map(({ grad }) => grad!)].map((value) => Float64Array.from(value.toArray()));
          for (const parameter of model.parameters()) parameter.grad?.dispose();
          model.dispose();
          return found;
        });
      const recorder = new StreamRecorder({ interval: 1 });
      const before = run(kind);
      const after = run(observed(kind, recorder));
      assert.equal(after, before);
      assert.equal(
        recorder.drain().map(({ block }) => block),
        [0, 1, 2],
      );
      assert.is(observed(kind, recorder).label, kind.label);
    }));

test("blocks take turns within an interval, and nothing is recorded in evaluation", () =>
  withBackend(createReferenceBackend(), () =>
    scope(() =>
      noGrad(() => {
        const recorder = new StreamRecorder({ interval: 5 });
        const depth = 3;
        const skips = Array.from({ length: depth }, (_, index) => observed(additive(), recorder).at({ index, depth, width: 2 }));
        const x = tensor([[1, 2]]);
        for (let step = 0; step < 10; step++) {
          x.batch = wholeBatch(1, { step });
          for (const skip of skips) skip.join(x, () => x, { training: true });
        }
        assert.equal(
          recorder.drain().map(({ block, step }) => [block, step]),
          [
            [0, 0],
            [1, 1],
            [2, 3],
            [0, 5],
            [1, 6],
            [2, 8],
          ],
        );
        assert.equal(recorder.drain(), []);
        x.batch = wholeBatch(1, { step: 0 });
        skips[0].join(x, () => x, { training: false });
        assert.equal(recorder.drain(), []);
        // Of no batch: calls are counted.
        x.batch = null;
        const alone = observed(additive(), recorder).at({ index: 0, depth: 1, width: 2 });
        for (let call = 0; call < 6; call++) alone.join(x, () => x, { training: true });
        assert.equal(
          recorder.drain().map(({ step }) => step),
          [0, 5],
        );
        assert.throws(() => new StreamRecorder({ interval: 0 }), /interval 0, wanted a whole number of at least 1/);
      }),
    ),
  ));

test("leaves no buffer behind", () => {
  const backend = createReferenceBackend();
  withBackend(backend, () => {
    const recorder = new StreamRecorder({ interval: 1 });
    const skip = observed(orthogonal(), recorder).at({ index: 0, depth: 1, width: 2 });
    scope(() => {
      skip.join(tensor([[1, 2]]), () => tensor([[3, 4]]), { training: true });
    });
    assert.is(backend.memoryUse().buffers, 0);
    assert.is(recorder.drain().length, 1);
  });
});

test.run();
