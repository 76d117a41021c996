"""Writes the golden numbers in this folder: python3 make.py [nets|steps|steps128|optimizers|schedules ...]. See README.md."""

import json
import math
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

from resnet_v2 import ResNetV2

HERE = pathlib.Path(__file__).parent
MASK = np.uint64(0xFFFFFFFF)
SKIPS = ("additive", "orthogonal-feature", "orthogonal-sample")


# Values as a function of a text and an index; hash.ts is the same in TypeScript.


def mix(h):
    h = h ^ (h >> np.uint64(16))
    h = (h * np.uint64(0x21F0AAAD)) & MASK
    h = h ^ (h >> np.uint64(15))
    h = (h * np.uint64(0x735A2D97)) & MASK
    return h ^ (h >> np.uint64(15))


def seed_of(text):
    """FNV-1a of the characters."""
    h = 0x811C9DC5
    for character in text:
        h = ((h ^ ord(character)) * 0x01000193) & 0xFFFFFFFF
    return h


def signed(text, count):
    """`count` values in [-1, 1) on the grid of 2^-31."""
    words = mix((np.arange(count, dtype=np.uint64) + np.uint64(seed_of(text))) & MASK)
    return words.astype(np.float64) / 2.0**31 - 1.0


def round32(values):
    return values.astype(np.float32).astype(np.float64)


def initial(key, shape):
    """Weights that float32 holds exactly: He's bound for filters, PyTorch's for matrices; scales and variances around 1, the rest around 0."""
    values = signed(key, math.prod(shape))
    in_norm = ".norm" in f".{key}"
    if len(shape) > 1:
        values = values * math.sqrt((6 if len(shape) == 4 else 1) / math.prod(shape[1:]))
    elif in_norm and key.endswith(("weight", "running_var")):
        values = 1 + 0.25 * values
    else:
        values = (0.25 if in_norm else 0.125) * values
    return torch.from_numpy(round32(values).reshape(shape))


def images(count, size, channels=3):
    """Images [N, C, H, W]: a coarse pattern of the class and noise, drawn in the order N, H, W, C. Class of image n: n mod 10."""
    noise = signed("noise", count * size * size * channels).reshape(count, size, size, channels)
    patterns = signed("pattern", 10 * 8 * 8 * channels).reshape(10, 8, 8, channels)
    labels = np.arange(count) % 10
    cell = np.arange(size) * 8 // size
    pattern = patterns[labels][:, cell][:, :, cell]
    x = round32(pattern + noise)
    return torch.from_numpy(x.transpose(0, 3, 1, 2).copy()), torch.from_numpy(labels)


def net(key, depth, skip, **options):
    model = ResNetV2(depth, skip=skip, **options).double()
    state = {k: initial(k, tuple(v.shape)) for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    model.load_state_dict(state, strict=False)
    return model


# What is kept of a tensor: enough to notice a change of any of its values.


def digest(key, tensor):
    values = tensor.detach().double().reshape(-1).numpy()
    places = ((signed(f"{key} places", 8) + 1) / 2 * values.size).astype(np.int64)
    return {
        "norm": math.sqrt(math.fsum(values * values)),
        "largest": float(np.abs(values).max()),
        "sums": [math.fsum(values * signed(f"{key} sum {i}", values.size)) for i in range(3)],
        "values": [float(values[place]) for place in places],
    }


def digests(named):
    return {key: digest(key, tensor) for key, tensor in named if not key.endswith("num_batches_tracked")}


def numbers(tensor):
    return [float(value) for value in tensor.detach().double().reshape(-1)]


def write(name, content):
    text = json.dumps(content, indent=0, separators=(",", ":"))
    # A list of numbers a line.
    compact, inside = [], 0
    for line in text.split("\n"):
        if inside:
            compact[-1] += line
        else:
            compact.append(line)
        inside += line.count("[") - line.count("]")
    (HERE / name).write_text("\n".join(compact) + "\n")
    print(name, (HERE / name).stat().st_size)


NETS = {
    "resnet20": {"depth": 20, "batch": 2, "size": 32},
    "bottleneck20": {"depth": 20, "block": "bottleneck", "width": 4, "batch": 3, "size": 16},
    "wide18": {"depth": 18, "width": 6, "batch": 3, "size": 16},
    "wide50": {"depth": 50, "width": 2, "final_norm": True, "batch": 3, "size": 16},
}


def make_nets():
    for name, options in NETS.items():
        cases = {}
        for skip in SKIPS:
            extra = {k: v for k, v in options.items() if k not in ("batch", "size")}
            model = net(name, skip=skip, **extra)
            x, labels = images(options["batch"], options["size"])
            model.eval()
            evaluated = model(x)
            model.train()
            logits = model(x)
            loss = F.cross_entropy(logits, labels)
            loss.backward()
            cases[skip] = {
                "parameters": sum(p.numel() for p in model.parameters()),
                "evaluated": numbers(evaluated),
                "logits": numbers(logits),
                "loss": loss.item(),
                "gradients": digests((k, p.grad) for k, p in model.named_parameters()),
                "statistics": digests((k, v) for k, v in model.named_buffers()),
            }
        write(f"{name}.json", {"options": options, "cases": cases})


STEPS = {"steps": {"depth": 20, "batch": 4, "size": 12}, "steps128": {"depth": 20, "batch": 128, "size": 32}}
SGD = {"lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4}


def train(options, skip, dtype, count=10):
    model = net("", options["depth"], skip).to(dtype)
    model.train()
    x, labels = images(options["batch"], options["size"])
    x = x.to(dtype)
    optimizer = torch.optim.SGD(model.parameters(), **SGD)
    losses = []
    for _ in range(count):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, model, optimizer


def make_steps(name="steps"):
    options, cases = STEPS[name], {}
    for skip in SKIPS:
        losses, model, optimizer = train(options, skip, torch.float64)
        single = train(options, skip, torch.float32)[0]
        print(name, skip, losses, "float32 differs by", max(abs(a - b) for a, b in zip(losses, single)))
        cases[skip] = {"losses": losses}
        if name == "steps":
            cases[skip]["state"] = digests(model.state_dict().items())
            momentum = ((f"{k}.momentum_buffer", optimizer.state[p]["momentum_buffer"]) for k, p in model.named_parameters())
            cases[skip]["momentum"] = digests(momentum)
    write(f"{name}.json", {"options": options, "sgd": SGD, "cases": cases})


def make_steps128():
    make_steps("steps128")


OPTIMIZERS = {
    "sgd": ("SGD", {"lr": 0.05}),
    "sgd momentum": ("SGD", {"lr": 0.02, "momentum": 0.9}),
    "sgd nesterov": ("SGD", {"lr": 0.02, "momentum": 0.9, "nesterov": True}),
    "sgd dampening": ("SGD", {"lr": 0.05, "momentum": 0.8, "dampening": 0.5}),
    "sgd weight decay": ("SGD", {"lr": 0.02, "momentum": 0.9, "weight_decay": 0.05}),
    "sgd nesterov weight decay": ("SGD", {"lr": 0.02, "momentum": 0.9, "nesterov": True, "weight_decay": 0.05}),
    "adam": ("Adam", {"lr": 0.01}),
    "adam weight decay": ("Adam", {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.1}),
    "adamw": ("AdamW", {"lr": 0.01}),
    "adamw weight decay": ("AdamW", {"lr": 0.02, "betas": (0.95, 0.98), "eps": 1e-6, "weight_decay": 0.3}),
}
# Per group: what differs from the optimizer's own options.
GROUPS = {
    "sgd groups": ("SGD", {"lr": 0.02, "momentum": 0.9, "weight_decay": 0.05}, [{}, {"lr_scale": 0.5, "weight_decay": 0.0}]),
    "adamw groups": ("AdamW", {"lr": 0.02, "weight_decay": 0.2}, [{"lr_scale": 2.0}, {"weight_decay": 0.0}]),
}


def problem():
    """Two parameters and a loss that changes from step to step: sum a (w - c)^2 + w^4 / 8."""
    shapes = {"p": (5, 7), "q": (6,)}
    parameters = {k: torch.from_numpy(round32(signed(k, math.prod(s))).reshape(s)).requires_grad_() for k, s in shapes.items()}

    def loss(step):
        total = 0
        for k, w in parameters.items():
            a = torch.from_numpy(0.5 + 0.5 * signed(f"{k} a {step}", w.numel())).reshape(w.shape)
            c = torch.from_numpy(2 * signed(f"{k} c", w.numel())).reshape(w.shape)
            total = total + (a * (w - c) * (w - c)).sum() + (w * w * (w * w)).sum() * 0.125
        return total

    return parameters, loss


def trajectory(kind, options, groups=None, clip=None, decay=1.0, steps=100):
    parameters, loss = problem()
    if groups is None:
        given = list(parameters.values())
    else:
        given = []
        for w, group in zip(parameters.values(), groups):
            own = {k: v for k, v in group.items() if k != "lr_scale"}
            given.append({"params": [w], "lr": options["lr"] * group.get("lr_scale", 1.0), **own})
    optimizer = getattr(torch.optim, kind)(given, **options)
    seen, norms = {}, []
    for step in range(steps):
        optimizer.zero_grad()
        loss(step).backward()
        if clip is not None:
            norms.append(float(torch.nn.utils.clip_grad_norm_(list(parameters.values()), clip)))
        optimizer.step()
        for group in optimizer.param_groups:
            group["lr"] *= decay
        if step + 1 in (1, 2, 3, 10, 100, 1000):
            seen[str(step + 1)] = {k: numbers(w) for k, w in parameters.items()}
    return {"kind": kind, "options": options, "groups": groups, "clip": clip, "decay": decay, "norms": norms, "weights": seen}


def make_optimizers():
    cases = {name: trajectory(kind, options) for name, (kind, options) in OPTIMIZERS.items()}
    for name, (kind, options, groups) in GROUPS.items():
        cases[name] = trajectory(kind, options, groups)
    cases["sgd clipped"] = trajectory("SGD", {"lr": 0.02, "momentum": 0.9}, clip=2.0)
    cases["adam clipped"] = trajectory("Adam", {"lr": 0.05}, clip=1.0)
    cases["sgd falling rate"] = trajectory("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}, decay=0.97)
    cases["adamw falling rate"] = trajectory("AdamW", {"lr": 0.05, "weight_decay": 0.1}, decay=0.97)
    write("optimizers.json", cases)


def rates(make, count, lr):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler = make(optimizer)
    seen = []
    for _ in range(count):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return seen


def make_schedules():
    by = torch.optim.lr_scheduler
    cases = {
        "step": rates(lambda o: by.StepLR(o, 7, gamma=0.3), 100, 0.5),
        "multi-step": rates(lambda o: by.MultiStepLR(o, [8, 12, 30, 77], gamma=0.2), 100, 0.1),
        "cosine": rates(lambda o: by.CosineAnnealingLR(o, 100, eta_min=0.003), 101, 0.2),
        "polynomial": rates(lambda o: by.PolynomialLR(o, total_iters=96, power=1.0), 105, 0.1),
        "polynomial 2.5": rates(lambda o: by.PolynomialLR(o, total_iters=96, power=2.5), 105, 0.1),
        "one-cycle": rates(lambda o: by.OneCycleLR(o, max_lr=0.4, total_steps=101), 100, 0.4),
        "one-cycle 0.21": rates(
            lambda o: by.OneCycleLR(o, max_lr=0.4, total_steps=133, pct_start=0.21, div_factor=10, final_div_factor=100), 132, 0.4
        ),
        "one-cycle linear": rates(lambda o: by.OneCycleLR(o, max_lr=1.0, total_steps=110, pct_start=0.4, anneal_strategy="linear"), 109, 1.0),
        "warm-up": rates(lambda o: by.LinearLR(o, start_factor=0.25, total_iters=12), 100, 0.3),
        "warm-up cosine": rates(
            lambda o: by.SequentialLR(o, [by.LinearLR(o, start_factor=0.25, total_iters=12), by.CosineAnnealingLR(o, 88, eta_min=0.01)], [12]),
            100,
            0.3,
        ),
    }

    # timm's schedulers with warmup_prefix (timm/scheduler/scheduler.py, cosine_lr.py, step_lr.py, poly_lr.py), by their formulas.
    def warm(lr, warmup, start, after):
        return [start + step * (lr - start) / warmup if step < warmup else after(step - warmup) for step in range(100)]

    cases["timm cosine"] = warm(0.2, 5, 1e-4, lambda t: 1e-3 + 0.5 * (0.2 - 1e-3) * (1 + math.cos(math.pi * t / 95)))
    cases["timm polynomial"] = warm(0.2, 5, 1e-4, lambda t: 1e-3 + (0.2 - 1e-3) * (1 - t / 95) ** 0.5)
    write("schedules.json", cases)


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.set_num_threads(2)
    print("torch", torch.__version__, "numpy", np.__version__)
    for part in sys.argv[1:] or ("nets", "steps", "steps128", "optimizers", "schedules"):
        globals()[f"make_{part}"]()
