"""Prints orthonormal.json: python3 orthonormal.py > orthonormal.json. A plain net whose errors tensor hooks modulate, with the penalty."""

import json
import math

import torch
import torch.nn.functional as F

from make import digests, images, initial, numbers

torch.set_default_dtype(torch.float64)
BATCH, SIZE, CLASSES = 4, 8, 10
# Conv, BN, ReLU each: channels in, channels out, size, stride. The last has more filters (16) than inputs (6): groups of 5, 5 and 6.
CONVS = ((3, 4, 3, 1), (4, 4, 3, 1), (4, 6, 3, 2), (6, 16, 1, 1))
LAMBDA = 0.05
# Gains of the batch norms, for errors of different sizes.
GAINS = (1.0, 0.05, 8.0, 0.5)


def group_sizes(inputs, outputs):
    count = math.ceil(outputs / inputs)
    return [(g + 1) * outputs // count - g * outputs // count for g in range(count)]


def penalty(weights):
    total = 0.0
    for weight in weights:
        v = weight.reshape(weight.shape[0], -1)
        for rows in torch.split(v, group_sizes(v.shape[1], v.shape[0])):
            total = total + ((rows @ rows.T - torch.eye(rows.shape[0])) ** 2).sum()
    return LAMBDA / 2 * total


class Above:
    """The mean square of the error that the layer above got."""

    def __init__(self, tau, low, high):
        self.tau, self.low, self.high, self.q, self.factors = tau, low, high, None, []

    def hook(self, delta):
        q = (delta * delta).mean().item()
        factor = 1.0
        if self.q is not None and (self.q / q > self.tau or self.q / q < 1 / self.tau):
            factor = min(self.high, max(self.low, math.sqrt(self.q / q)))
        self.q = factor * factor * q
        self.factors.append(factor)
        return factor * delta


def run(tau, low, high):
    weights = [initial(f"convs.{i}.weight", (out, c, size, size)).requires_grad_() for i, (c, out, size, _) in enumerate(CONVS)]
    scales = [(initial(f"norms.{i}.norm.weight", (out,)) * GAINS[i]).requires_grad_() for i, (_, out, _, _) in enumerate(CONVS)]
    fc = initial("fc.weight", (CLASSES, CONVS[-1][1])).requires_grad_()
    y, labels = images(BATCH, SIZE)
    above = Above(tau, low, high)
    for weight, scale, (_, _, size, stride) in zip(weights, scales, CONVS):
        y = F.conv2d(y, weight, stride=stride, padding=size // 2)
        y.register_hook(above.hook)
        y = F.relu(F.batch_norm(y, None, None, scale, training=True))
    logits = F.linear(y.mean((2, 3)), fc)
    loss = F.cross_entropy(logits, labels) + penalty([*weights, fc])
    loss.backward()
    return {
        "rule": {"tau": tau, "clamp": [low, high]},
        "loss": loss.item(),
        "logits": numbers(logits),
        "factors": above.factors,
        "gradients": digests(
            [
                *((f"convs.{i}.weight", weight.grad) for i, weight in enumerate(weights)),
                *((f"norms.{i}.weight", scale.grad) for i, scale in enumerate(scales)),
                ("fc.weight", fc.grad),
            ]
        ),
    }


content = {
    "options": {"batch": BATCH, "size": SIZE, "convs": CONVS, "gains": GAINS, "lambda": LAMBDA},
    "cases": {"usual": run(2, 0.1, 10), "always": run(1, 1e-3, 1e3), "clamped": run(1.5, 0.5, 1.25), "never": run(1e9, 0.1, 10)},
}
print(json.dumps(content, separators=(",", ":")).replace('},"', '},\n"'))
