"""PyTorch among perpend's peers: the same net, batch and optimizer; speaks the lines of serve.ts.
Job (JSON, the only argument): {file, work, depth, batch, threads, form}; form is "nchw" or "channels-last"."""

import json
import platform
import resource
import struct
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


def read_start(path):
    """A safetensors file as tensors by key."""
    kinds = {"F32": torch.float32, "I32": torch.int32}
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    found = {}
    for key, entry in header.items():
        if key == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        part = bytearray(data[begin:end])
        found[key] = torch.frombuffer(part, dtype=kinds[entry["dtype"]]).reshape(entry["shape"])
    return found


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


def say(**answer):
    print(json.dumps(answer), flush=True)


def main():
    job = json.loads(sys.argv[1])
    torch.set_num_threads(job["threads"])
    start = read_start(job["file"])
    batch = job["batch"]
    images = start.pop("batch.images")[:batch].permute(0, 3, 1, 2)
    labels = start.pop("batch.labels")[:batch].long()
    model = ResNet(job["depth"])
    model.load_state_dict({**model.state_dict(), **start})
    layout = torch.channels_last if job["form"] == "channels-last" else torch.contiguous_format
    model = model.to(memory_format=layout)
    images = images.contiguous(memory_format=layout)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9, weight_decay=5e-4)

    def train():
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    def infer():
        with torch.inference_mode():
            return F.cross_entropy(model(images), labels).item()

    step = train if job["work"] == "train" else infer
    model.train(job["work"] == "train")
    say(peer="ready", library="PyTorch " + torch.__version__, runtime="Python " + platform.python_version(), batch=batch)
    for line in iter(sys.stdin.readline, ""):
        if line.strip() != "step":
            continue
        begin = time.perf_counter()
        loss = step()
        ms = 1000 * (time.perf_counter() - begin)
        say(peer="step", ms=ms, loss=loss, memory=1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


main()
