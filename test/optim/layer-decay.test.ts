// Layer-wise learning rates: factors and groups as timm's layer_decay and weight decay give them.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { full, keep, withBackend } from "../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../ts/backend/index.ts";
import { timmConventions, vit, type VisionTransformer } from "../../ts/models/index.ts";
import { AdamW, layerDecayGroups, type LayerDecayOptions } from "../../ts/optim/index.ts";

const test = suite("optim/layer-decay");

function withModel(work: (model: VisionTransformer) => void): void {
  withBackend(createReferenceBackend(), () => {
    const model = vit({ size: 8, width: 6, heads: 2, depth: 2, mlpRatio: 1, ...timmConventions });
    work(model);
    model.dispose();
  });
}

/** Factor and decay of each parameter by key. */
function found(model: VisionTransformer, options: LayerDecayOptions): Record<string, readonly [number, number]> {
  const keys = new Map(model.namedParameters().map(([key, variable]) => [variable, key]));
  return Object.fromEntries(
    layerDecayGroups(model, options).flatMap(({ parameters, lrScale, weightDecay }) =>
      parameters.map((variable) => [keys.get(variable)!, [lrScale!, weightDecay!] as const]),
    ),
  );
}

test("the head has the whole rate, each layer before it a share of it", () =>
  withModel((model) => {
    const groups = found(model, { layerDecay: 0.5, weightDecay: 0.1 });
    assert.is(Object.keys(groups).length, model.parameters().length);
    const wanted: Record<string, readonly [number, number]> = {
      cls_token: [0.125, 0],
      pos_embed: [0.125, 0],
      "patch_embed.proj.weight": [0.125, 0.1],
      "patch_embed.proj.bias": [0.125, 0],
      "blocks.0.attn.qkv.weight": [0.25, 0.1],
      "blocks.0.norm1.weight": [0.25, 0],
      "blocks.1.mlp.fc2.weight": [0.5, 0.1],
      // timm counts the final norm with the last block.
      "norm.weight": [0.5, 0],
      "head.weight": [1, 0.1],
      "head.bias": [1, 0],
    };
    for (const [key, pair] of Object.entries(wanted)) assert.equal(groups[key], pair, key);
  }));

test("an optimizer steps by them", () =>
  withModel((model) => {
    const before = model.stateDict();
    const optimizer = new AdamW(layerDecayGroups(model, { layerDecay: 0.5 }), { lr: 0.1, weightDecay: 0 });
    for (const parameter of model.parameters()) parameter.grad = keep(full(parameter.shape, 1));
    optimizer.step();
    const after = model.stateDict();
    const moved = (key: string): number => before[key].values[0] - after[key].values[0];
    assert.ok(Math.abs(moved("head.bias") - 0.1) < 1e-6, `${moved("head.bias")}`);
    assert.ok(Math.abs(moved("blocks.0.mlp.fc1.bias") - 0.025) < 1e-6, `${moved("blocks.0.mlp.fc1.bias")}`);
    optimizer.dispose();
  }));

test("a decay outside (0, 1] is refused", () =>
  withModel((model) => {
    for (const layerDecay of [0, -1, 1.1, NaN])
      assert.throws(() => layerDecayGroups(model, { layerDecay }), /layerDecayGroups: decay .*, wanted above 0 and at most 1/);
    const odd = Object.assign(model, { layerOf: () => 9 });
    assert.throws(() => layerDecayGroups(odd, { layerDecay: 0.5 }), /layerDecayGroups: cls_token of layer 9, wanted 0 to 3/);
  }));

test.run();
