"""Orders of activation and kinds of shortcut in PyTorch, written from the paper (He et al. 2016, arXiv 1603.05027), not from perpend.

python3 identity_mappings.py writes identity-mappings.json. What the paper leaves open (gates and projections where shapes change, stems of
(b) and (c)) is done as perpend documents it. Module names are those of timm's resnetv2.
"""

import json
import math
import pathlib

import torch
import torch.nn.functional as F
from torch import nn

from make import images, initial, signed

BATCH, CLASSES = 3, 4


class Conv1x1(nn.Module):
    """A gate's or a shortcut's convolution, with batch norm or without."""

    def __init__(self, inputs, outputs, stride, bias, norm):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1, stride, bias=bias)
        self.norm = nn.BatchNorm2d(outputs) if norm else None

    def forward(self, x):
        y = self.conv(x)
        return y if self.norm is None else self.norm(y)


class Unit(nn.Module):
    """`order`: a to e of the paper's figure 4. `enters`: the input is activated already."""

    def __init__(self, order, block, inputs, width, stride, skip, projects, first, enters, stride_at):
        super().__init__()
        outputs = width * (4 if block == "bottleneck" else 1)
        sizes = {
            "single": [(inputs, width, 3, stride)],
            "basic": [(inputs, width, 3, stride), (width, width, 3, 1)],
            "bottleneck": [
                (inputs, width, 1, stride if stride_at == 1 else 1),
                (width, width, 3, stride if stride_at == 2 else 1),
                (width, outputs, 1, 1),
            ],
        }[block]
        self.order, self.kind, self.enters, self.count = order, skip, enters, len(sizes)
        for i, (cin, cout, size, step) in enumerate(sizes, 1):
            setattr(self, f"conv{i}", nn.Conv2d(cin, cout, size, step, size // 2, bias=False))
            if not (order == "e" and i == 1 and enters):
                setattr(self, f"norm{i}", nn.BatchNorm2d(cin if order == "e" else cout))
        changes = stride != 1 or inputs != outputs
        self.shares = first or changes
        self.stride, self.more = stride, outputs - inputs
        self.downsample = Conv1x1(inputs, outputs, stride, False, order != "e") if changes and projects else None
        if skip[0] in ("exclusive", "shortcut-only"):
            self.skip = Conv1x1(inputs, outputs, stride, True, False)
        elif skip[0] == "conv":
            self.skip = Conv1x1(inputs, outputs, stride, False, True)

    def first_activation(self, x):
        if self.enters or self.order in "abc":
            return x
        return F.relu(x if self.order == "d" else self.norm1(x))

    def branch(self, x):
        for i in range(1, self.count + 1):
            conv, norm = getattr(self, f"conv{i}"), getattr(self, f"norm{i}", None)
            if self.order == "e":
                x = conv(x if i == 1 else F.relu(norm(x)))
            elif i < self.count:
                x = F.relu(norm(conv(x)))
            elif self.order == "b":
                x = conv(x)
            else:
                x = norm(conv(x))
                x = F.relu(x) if self.order == "c" else x
        return x

    def join(self, x, h, f):
        name, *numbers = self.kind
        if name == "scaled":
            return numbers[0] * h + numbers[1] * f
        if name == "none":
            return f
        if name == "conv":
            return self.skip(x) + f
        if name in ("exclusive", "shortcut-only"):
            g = torch.sigmoid(self.skip(x))
            return (1 - g) * h + (g * f if name == "exclusive" else f)
        return h + f

    def forward(self, x):
        a = self.first_activation(x)
        x = a if self.shares else x
        if self.downsample is not None:
            h = self.downsample(x)
        else:
            h = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more))
        y = self.join(x, h, self.branch(a))
        if self.order == "a":
            return F.relu(y)
        return F.relu(getattr(self, f"norm{self.count}")(y)) if self.order == "b" else y


class Stem(nn.Module):
    def __init__(self, width, order, imagenet):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 7, 2, 3, bias=False) if imagenet else nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(width) if imagenet or order != "e" else None
        self.relu, self.imagenet = imagenet or order in "abc", imagenet

    def forward(self, x):
        x = self.conv(x)
        x = x if self.norm is None else self.norm(x)
        x = F.relu(x) if self.relu else x
        return F.max_pool2d(x, 3, 2, 1) if self.imagenet else x


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


class Net(nn.Module):
    def __init__(self, order, block, stages, width, skip=("additive",), imagenet=False, projects=None, classes=CLASSES):
        super().__init__()
        self.order = order
        projects = (imagenet or block == "bottleneck") if projects is None else projects
        projects = projects and skip[0] not in ("none", "conv")
        self.stem = Stem(width, order, imagenet)
        self.stages, inputs = nn.ModuleList(), width
        for number, count in enumerate(stages):
            inner, blocks = width * 2**number, []
            for place in range(count):
                first = number == 0 and place == 0
                stride = 2 if number > 0 and place == 0 else 1
                enters = imagenet and first
                blocks.append(Unit(order, block, inputs, inner, stride, skip, projects, first, enters, 2 if imagenet else 1))
                inputs = inner * (4 if block == "bottleneck" else 1)
            self.stages.append(Stage(blocks))
        self.norm = nn.BatchNorm2d(inputs) if order == "e" else None
        self.head = Head(inputs, classes)

    def forward(self, x):
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        if self.norm is not None:
            x = self.norm(x)
        return self.head(F.relu(x) if self.order in "de" else x)


SMALL = {"basic": ((2, 1, 1), 4), "bottleneck": ((2, 1, 1), 2), "single": ((2, 1, 1), 4)}

SKIPS = {
    "constant 0.5, 0.5": ("scaled", 0.5, 0.5),
    "constant 0.5, 1": ("scaled", 0.5, 1),
    "exclusive": ("exclusive",),
    "shortcut-only": ("shortcut-only",),
    "conv": ("conv",),
    "none": ("none",),
}

CASES = {f"{block}, {order}": {"order": order, "block": block, "size": 8} for block in SMALL for order in "abcde"}
CASES.update({f"basic, a, {name}": {"order": "a", "block": "basic", "size": 8, "skip": skip} for name, skip in SKIPS.items()})
CASES["bottleneck, e, exclusive"] = {"order": "e", "block": "bottleneck", "size": 8, "skip": ("exclusive",)}
CASES["basic, a, projections"] = {"order": "a", "block": "basic", "size": 8, "projects": True}
CASES["imagenet, basic, a"] = {"order": "a", "block": "basic", "stages": (2, 1, 1, 1), "width": 2, "size": 48, "imagenet": True}
CASES["imagenet, bottleneck, e"] = {"order": "e", "block": "bottleneck", "stages": (2, 1, 1, 1), "width": 1, "size": 48, "imagenet": True}


def short(values):
    return [float(f"{value:.10g}") for value in values]


def hashed(key, tensor):
    values = tensor.detach().reshape(-1).numpy()
    return math.fsum(values * signed(f"{key} sum 0", values.size))


def case(options):
    options = dict(options)
    stages, width = SMALL[options["block"]]
    options = {"stages": stages, "width": width, **options}
    options.setdefault("skip", ("additive",))
    size = options.pop("size")
    model = Net(**options).double()
    state = {k: initial(k, tuple(v.shape)) for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    model.load_state_dict(state, strict=False)
    x, labels = images(BATCH, size)
    model.eval()
    evaluated = model(x)
    model.train()
    logits = model(x)
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "evaluated": short(evaluated.detach().reshape(-1)),
        "logits": short(logits.detach().reshape(-1)),
        "loss": short([loss.item()])[0],
        # In the order of the sorted keys.
        "gradients": short(hashed(k, p.grad) for k, p in sorted(model.named_parameters())),
        "statistics": short(hashed(k, v) for k, v in sorted(model.named_buffers()) if not k.endswith("num_batches_tracked")),
    }


IMAGENET = {18: ("basic", (2, 2, 2, 2)), 34: ("basic", (3, 4, 6, 3)), 50: ("bottleneck", (3, 4, 6, 3)), 101: ("bottleneck", (3, 4, 23, 3)),
            152: ("bottleneck", (3, 8, 36, 3)), 200: ("bottleneck", (3, 24, 36, 3))}


def counts():
    """Numbers of parameters of the paper's nets."""
    found = {}
    for block, layers, depths in (("basic", 6, (20, 44, 110)), ("bottleneck", 9, (164, 1001)), ("single", 3, (110,))):
        for depth in depths:
            for order in "ade":
                found[f"{block} {depth}, {order}"] = Net(order, block, ((depth - 2) // layers,) * 3, 16, classes=10)
    for name, skip in SKIPS.items():
        found[f"basic 110, a, {name}"] = Net("a", "basic", (18, 18, 18), 16, skip, classes=10)
    for depth, (block, stages) in IMAGENET.items():
        for order in "ae":
            found[f"imagenet {depth}, {order}"] = Net(order, block, stages, 64, imagenet=True, classes=1000)
    return {key: sum(p.numel() for p in net.parameters()) for key, net in found.items()}


if __name__ == "__main__":
    content = {"counts": counts(), "cases": {name: case(options) for name, options in CASES.items()}}
    lines = [f'{json.dumps(key)}:{json.dumps(value, separators=(",", ":"))}' for key, value in content["cases"].items()]
    head = json.dumps(content["counts"], separators=(",", ":"))
    text = '{"counts":' + head + ',\n"cases":{\n' + ",\n".join(lines) + "\n}}\n"
    path = pathlib.Path(__file__).parent / "identity-mappings.json"
    path.write_text(text)
    print(path.name, len(text))
