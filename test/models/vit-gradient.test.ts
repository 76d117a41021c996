// Whole vision transformers against central differences in float64, to 1e-7.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { expanded, orthogonal, recursive, timmConventions, vit, type VitOptions } from "../../ts/models/index.ts";
import { check } from "./net-gradients.ts";

const test = suite("models/vit-gradient");

const cases: Readonly<Record<string, VitOptions>> = {
  orthogonal: { skip: orthogonal() },
  "timm's conventions": timmConventions,
  "mean, no bias of queries": { pool: "mean", qkvBias: false, skip: orthogonal({ over: "sample" }) },
  "norms behind an expanded skip": { norm: "post", affine: true, skip: expanded(1.5) },
  recursive: { norm: "skip", skip: recursive(2) },
};

for (const [name, options] of Object.entries(cases))
  test(name, () => {
    const make = () => vit({ size: 8, width: 6, heads: 2, depth: 2, mlpRatio: 2, ...options });
    const { points, worst } = check(make, { shards: 2 });
    assert.ok(points > 50, `${points} points`);
    assert.ok(worst < 1e-7, `${worst}`);
  });

test.run();
