"""Pre-activation residual nets in PyTorch: the witness that perpend's are compared with. Written from the papers, not from perpend.

  ResNetV2(depth=20)   He et al. 2016 (arXiv 1603.05027), CIFAR: depth 6n+2 of basic or 9n+2 of bottleneck units, widths 16/32/64.
                       The first activation comes before the first split; units that change the width take the shortcut from the
                       activated input (option A for basic units, a 1x1 convolution for bottlenecks); BN-ReLU after the last unit.
  ResNetV2(depth=18)   Oh et al. 2025 (arXiv 2505.11881), 18/34/50/101: stem 3x3 conv + BN + ReLU, convolutions with bias, 1x1
                       projection of the raw stream, stride in the first convolution, no BN-ReLU after the last unit.

Module names are those of timm's resnetv2.
"""

import torch
import torch.nn.functional as F
from torch import nn


def additive(x, f):
    return x + f


def orthogonal(dims, eps=1e-6):
    """x + f - s x with s = <x, f> / (<x, x> + eps), sums over `dims` of [N, C, H, W]."""

    def join(x, f):
        s = (x * f).sum(dims, keepdim=True) / ((x * x).sum(dims, keepdim=True) + eps)
        return x + (f - s * x)

    return join


SKIPS = {
    "additive": lambda eps: additive,
    "orthogonal-feature": lambda eps: orthogonal((1,), eps),
    "orthogonal-sample": lambda eps: orthogonal((1, 2, 3), eps),
}

WIDE = {18: ("basic", (2, 2, 2, 2)), 34: ("basic", (3, 4, 6, 3)), 50: ("bottleneck", (3, 4, 6, 3)), 101: ("bottleneck", (3, 4, 23, 3))}


class OptionA(nn.Module):
    """Every stride-th pixel, zeros for the new channels."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.more, self.stride = outputs - inputs, stride

    def forward(self, x):
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more))


class Downsample(nn.Module):
    def __init__(self, inputs, outputs, stride, bias):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1, stride, bias=bias)

    def forward(self, x):
        return self.conv(x)


class Unit(nn.Module):
    def __init__(self, kind, inputs, width, stride, bias, join, downsample, from_activation):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        if kind == "basic":
            self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=bias)
            self.norm2 = nn.BatchNorm2d(width)
            self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=bias)
        else:
            self.conv1 = nn.Conv2d(inputs, width, 1, stride, bias=bias)
            self.norm2 = nn.BatchNorm2d(width)
            self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=bias)
            self.norm3 = nn.BatchNorm2d(width)
            self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=bias)
        self.kind, self.join, self.from_activation = kind, join, from_activation
        self.downsample = downsample

    def forward(self, x):
        a = F.relu(self.norm1(x))
        stream = a if self.from_activation else x
        if self.downsample is not None:
            stream = self.downsample(stream)
        f = self.conv2(F.relu(self.norm2(self.conv1(a))))
        if self.kind == "bottleneck":
            f = self.conv3(F.relu(self.norm3(f)))
        return self.join(stream, f)


class Stem(nn.Module):
    def __init__(self, channels, width, bias, norm):
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3, 1, 1, bias=bias)
        self.norm = nn.BatchNorm2d(width) if norm else None

    def forward(self, x):
        x = self.conv(x)
        return x if self.norm is None else F.relu(self.norm(x))


class Stage(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x


class Head(nn.Module):
    def __init__(self, features, classes):
        super().__init__()
        self.fc = nn.Linear(features, classes)

    def forward(self, x):
        return self.fc(x.mean((2, 3)))


class ResNetV2(nn.Module):
    def __init__(self, depth, skip="additive", width=None, block=None, final_norm=None, classes=10, channels=3, eps=1e-6):
        super().__init__()
        wide = depth in WIDE and block is None
        if wide:
            kind, stages = WIDE[depth]
        else:
            kind = block or ("bottleneck" if depth in (164, 1001) else "basic")
            per_unit = 9 if kind == "bottleneck" else 6
            assert (depth - 2) % per_unit == 0
            stages = ((depth - 2) // per_unit,) * 3
        width = width or (64 if wide else 16)
        join = SKIPS[skip](eps)
        expansion = 4 if kind == "bottleneck" else 1
        self.stem = Stem(channels, width, bias=wide, norm=wide)
        self.stages = nn.ModuleList()
        inputs = width
        for number, count in enumerate(stages):
            inner, blocks = width * 2**number, []
            for place in range(count):
                stride = 2 if number > 0 and place == 0 else 1
                outputs = inner * expansion
                changes = stride != 1 or inputs != outputs
                downsample = None
                if changes and (wide or kind == "bottleneck"):
                    downsample = Downsample(inputs, outputs, stride, bias=wide)
                elif changes:
                    downsample = OptionA(inputs, outputs, stride)
                first = number == 0 and place == 0
                blocks.append(Unit(kind, inputs, inner, stride, wide, join, downsample, not wide and (first or changes)))
                inputs = outputs
            self.stages.append(Stage(blocks))
        has_norm = (not wide) if final_norm is None else final_norm
        self.norm = nn.BatchNorm2d(inputs) if has_norm else None
        self.head = Head(inputs, classes)

    def forward(self, x):
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        if self.norm is not None:
            x = F.relu(self.norm(x))
        return self.head(x)


if __name__ == "__main__":
    for depth in (20, 32, 44, 56, 110, 164, 1001, 18, 34, 50, 101):
        print(depth, sum(p.numel() for p in ResNetV2(depth).parameters()))
