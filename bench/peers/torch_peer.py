"""What the peers of PyTorch share: the start file, and the lines of serve.ts."""

import json
import platform
import resource
import struct
import sys
import time

import torch
import torch.nn.functional as F


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


def say(**answer):
    print(json.dumps(answer), flush=True)


def serve(make):
    """`make(job)` gives the model. Job (JSON, the only argument): {file, work, net, depth, batch, threads, form}; form is "nchw" or
    "channels-last"."""
    job = json.loads(sys.argv[1])
    torch.set_num_threads(job["threads"])
    start = read_start(job["file"])
    batch = job["batch"]
    images = start.pop("batch.images")[:batch].permute(0, 3, 1, 2)
    labels = start.pop("batch.labels")[:batch].long()
    model = make(job)
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
