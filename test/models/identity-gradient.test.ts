// Nets of two units in every order of activation, with every kind of shortcut, against central differences in float64, to 1e-7.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  cifarLayout,
  convShortcut,
  dropoutShortcut,
  fullPreActivation,
  gated,
  imageNetLayout,
  none,
  normAfterAddition,
  original,
  reluBeforeAddition,
  reluPreActivation,
  resnetV1,
  scaled,
  type LayoutKind,
  type ResNetOptions,
} from "../../ts/models/index.ts";
import { check } from "./net-gradients.ts";

const test = suite("models/identity-gradient");

/** One unit that keeps the stream's shape where it can, and one that changes it. */
const small: LayoutKind = { label: "small", at: (_depth, block) => ({ ...cifarLayout().at(20, block), stages: [1, 1] }) };
const pooled: LayoutKind = { label: "pooled", at: (_depth, block) => ({ ...imageNetLayout().at(18, block), stages: [1, 1] }) };
const net = { depth: 20, layout: small, width: 3 };

const cases: Record<string, ResNetOptions> = {
  "original, basic": { ...net, order: original() },
  "BN after addition, basic": { ...net, order: normAfterAddition() },
  "ReLU before addition, basic": { ...net, order: reluBeforeAddition() },
  "ReLU-only pre-activation, basic": { ...net, order: reluPreActivation() },
  "full pre-activation, single": { ...net, order: fullPreActivation(), block: "single" },
  "original, bottleneck": { ...net, width: 2, order: original(), block: "bottleneck" },
  "ReLU-only pre-activation, bottleneck": { ...net, width: 2, order: reluPreActivation(), block: "bottleneck" },
  "original behind a stem that pools": { ...net, layout: pooled },
  "full pre-activation behind a stem that pools": { ...net, layout: pooled, order: fullPreActivation() },
  "exclusive gates": { ...net, skip: gated({ bias: -1 }) },
  "gates of the shortcut": { ...net, skip: gated({ exclusive: false, bias: 0 }) },
  "exclusive gates, full pre-activation": { ...net, order: fullPreActivation(), skip: gated({ bias: -1 }) },
  "1x1 convolutions": { ...net, skip: convShortcut() },
  "1x1 convolutions without batch norm": { ...net, skip: convShortcut({ norm: false }) },
  "constant scaling": { ...net, skip: scaled({ shortcut: 0.5, branch: 0.75 }) },
  "dropout of nothing": { ...net, skip: dropoutShortcut({ p: 0 }) },
  "no shortcuts": { ...net, skip: none() },
};

for (const [name, options] of Object.entries(cases))
  test(name, () => {
    const { points, redrawn, worst } = check(() => resnetV1(options), { shards: 2 });
    assert.ok(points > 80, `${points} points`);
    assert.ok(redrawn < points / 3, `${redrawn} of ${points} drawn again`);
    assert.ok(worst > 0, "differences of exactly nothing: nothing was compared");
  });

test.run();
