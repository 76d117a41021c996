"""Vision transformers in PyTorch, written from the papers and timm's names of parameters, not from perpend.

python3 vit.py writes vit.json: small nets, with plain addition and the orthogonal update (Oh et al., arXiv 2505.11881), norms before and
behind the addition, norms alone in the stream (Liu et al., arXiv 2105.07205), a class token or the mean of the patches.
"""

import json
import math
import pathlib

import torch
import torch.nn.functional as F
from torch import nn

from make import images, initial, signed

BATCH, SIZE, CLASSES = 3, 8, 4


def add(x, f):
    return x + f


def orthogonal(x, f):
    s = (x * f).sum(-1, keepdim=True) / ((x * x).sum(-1, keepdim=True) + 1e-6)
    return x + (f - s * x)


class Attention(nn.Module):
    def __init__(self, width, heads, qkv_bias):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=qkv_bias)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        n, t, width = x.shape
        d = width // self.heads
        q, k, v = self.qkv(x).reshape(n, t, 3, self.heads, d).permute(2, 0, 3, 1, 4)
        share = (q @ k.transpose(-2, -1) / math.sqrt(d)).softmax(-1)
        return self.proj((share @ v).transpose(1, 2).reshape(n, t, width))


class Mlp(nn.Module):
    def __init__(self, width, hidden, approximate):
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)
        self.approximate = approximate

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x), approximate=self.approximate))


class Block(nn.Module):
    def __init__(self, width, heads, hidden, approximate, qkv_bias, place, affine, join, steps):
        super().__init__()
        if place != "skip":
            self.norm1 = nn.LayerNorm(width, 1e-6, affine)
        self.attn = Attention(width, heads, qkv_bias)
        if place != "skip":
            self.norm2 = nn.LayerNorm(width, 1e-6, affine)
        self.mlp = Mlp(width, hidden, approximate)
        if place == "skip":
            for name in ("skip1", "skip2"):
                skip = nn.Module()
                skip.norms = nn.ModuleList(nn.LayerNorm(width, 1e-5) for _ in range(steps))
                setattr(self, name, skip)
        self.place, self.join = place, join

    def half(self, x, branch, number):
        if self.place == "pre":
            return self.join(x, branch(getattr(self, f"norm{number}")(x)))
        if self.place == "post":
            return getattr(self, f"norm{number}")(self.join(x, branch(x)))
        y = self.join(x, branch(x))
        first, *others = getattr(self, f"skip{number}").norms
        y = first(y)
        for norm in others:
            y = norm(x + y)
        return y

    def forward(self, x):
        return self.half(self.half(x, self.attn, 1), self.mlp, 2)


class Vit(nn.Module):
    def __init__(self, width, heads, depth, patch, ratio=2, pool="class", class_position=False, approximate="tanh", qkv_bias=True,
                 place="pre", affine=False, final_norm=True, join=add, steps=2):
        super().__init__()
        tokens = (SIZE // patch) ** 2
        if pool == "class":
            self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, tokens + class_position, width))
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(3, width, patch, patch)
        self.blocks = nn.Sequential(
            *(Block(width, heads, ratio * width, approximate, qkv_bias, place, affine, join, steps) for _ in range(depth))
        )
        self.norm = nn.LayerNorm(width, 1e-6) if final_norm else nn.Identity()
        self.head = nn.Linear(width, CLASSES)
        self.pool, self.class_position = pool, class_position

    def forward(self, x):
        x = self.patch_embed.proj(x).flatten(2).transpose(1, 2)
        if self.class_position:
            x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        else:
            x = x + self.pos_embed
            if self.pool == "class":
                x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1)
        x = self.norm(self.blocks(x))
        return self.head(x[:, 0] if self.pool == "class" else x.mean(1))


SMALL = {"width": 12, "heads": 3, "depth": 2, "patch": 4}
CASES = {
    "pre, additive": {},
    "pre, orthogonal": {"join": orthogonal},
    "timm": {"affine": True, "approximate": "none", "class_position": True},
    "mean": {"pool": "mean", "patch": 2, "heads": 2, "qkv_bias": False},
    "post, orthogonal": {"place": "post", "affine": True, "final_norm": False, "join": orthogonal},
    "recursive 2": {"place": "skip", "final_norm": False},
}


def short(values):
    return [float(f"{value:.10g}") for value in values]


def hashed(key, tensor):
    values = tensor.detach().reshape(-1).numpy()
    return math.fsum(values * signed(f"{key} sum 0", values.size))


def case(options):
    model = Vit(**{**SMALL, **options}).double()
    model.load_state_dict({k: initial(k, tuple(v.shape)) for k, v in model.state_dict().items()})
    x, labels = images(BATCH, SIZE)
    x.requires_grad_(True)
    logits = model(x)
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "logits": short(logits.detach().reshape(-1)),
        "loss": short([loss.item()])[0],
        "image": short([hashed("image", x.grad.permute(0, 2, 3, 1))])[0],
        # By sorted key: a sum with hashed weights, and the largest magnitude.
        "gradients": {k: short([hashed(k, p.grad), p.grad.abs().max().item()]) for k, p in sorted(model.named_parameters())},
    }


if __name__ == "__main__":
    lines = [f'{json.dumps(name)}:{json.dumps(case(options), separators=(",", ":"))}' for name, options in CASES.items()]
    path = pathlib.Path(__file__).parent / "vit.json"
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(path.name, path.stat().st_size)
