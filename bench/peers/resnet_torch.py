"""PyTorch among perpend's peers: the same residual net, batch and optimizer."""

import torch.nn.functional as F
from torch import nn

from torch_peer import serve


def conv3x3(inputs, outputs, stride):
    return nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)


class Unit(nn.Module):
    def __init__(self, inputs, outputs, stride, first):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = conv3x3(inputs, outputs, stride)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.conv2 = conv3x3(outputs, outputs, 1)
        self.wider = outputs - inputs
        self.shared = first or stride == 2

    def forward(self, x):
        a = F.relu(self.norm1(x), inplace=True)
        stream = a if self.shared else x
        if self.wider:
            stream = F.pad(stream[:, :, ::2, ::2], (0, 0, 0, 0, 0, self.wider))
        return self.conv2(F.relu(self.norm2(self.conv1(a)), inplace=True)) + stream


class Stage(nn.Module):
    def __init__(self, units):
        super().__init__()
        self.blocks = nn.Sequential(*units)

    def forward(self, x):
        return self.blocks(x)


class ResNet(nn.Module):
    def __init__(self, depth, classes=10):
        super().__init__()
        count = (depth - 2) // 6
        self.stem = nn.Module()
        self.stem.conv = conv3x3(3, 16, 1)
        stages, inputs = [], 16
        for stage in range(3):
            units = []
            for place in range(count):
                outputs = 16 << stage
                stride = 2 if stage > 0 and place == 0 else 1
                units.append(Unit(inputs, outputs, stride, stage == 0 and place == 0))
                inputs = outputs
            stages.append(Stage(units))
        self.stages = nn.Sequential(*stages)
        self.norm = nn.BatchNorm2d(inputs)
        self.head = nn.Module()
        self.head.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        y = F.relu(self.norm(self.stages(self.stem.conv(x))), inplace=True)
        return self.head.fc(y.mean((2, 3)))


serve(lambda job: ResNet(job["depth"]))
