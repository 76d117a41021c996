"""Prints skips.json: one unit with each skip, forward and backward, by PyTorch in float64. /usr/bin/python3 skips.py > skips.json

Maps: y = join(x, conv3x3(relu(bn(x)))); tokens: y = join(x, linear(x)). The loss is the sum of y times hashed weights.
"""

import json
import math

import torch
import torch.nn.functional as F
from torch import nn

from make import initial, signed

MAPS, TOKENS = (3, 5, 5, 4), (3, 7, 4)
WIDTH, EPS = 4, 1e-6


def across(x, u, axes):
    """The part of u that is orthogonal to x."""
    s = (x * u).sum(axes, keepdim=True) / ((x * x).sum(axes, keepdim=True) + EPS)
    return u - s * x


class Norm(nn.Module):
    """Layer norm of channels-last values over all of a sample or over channels."""

    def __init__(self, whole):
        super().__init__()
        self.weight, self.bias, self.whole = nn.Parameter(torch.ones(WIDTH)), nn.Parameter(torch.zeros(WIDTH)), whole

    def forward(self, v):
        axes = tuple(range(1 if self.whole else v.dim() - 1, v.dim()))
        mean = v.mean(axes, keepdim=True)
        variance = ((v - mean) ** 2).mean(axes, keepdim=True)
        return (v - mean) / (variance + 1e-5).sqrt() * self.weight + self.bias


class BatchNorm(nn.BatchNorm1d):
    def forward(self, v):
        return super().forward(v.reshape(-1, WIDTH)).reshape(v.shape)


class Scalars(nn.Module):
    """Learned numbers and a formula."""

    def __init__(self, formula, *names):
        super().__init__()
        self.formula = formula
        for name in names:
            self.register_parameter(name, nn.Parameter(torch.zeros(1)))

    def forward(self, x, u):
        return self.formula(x, u, **dict(self.named_parameters()))


class Convolved(nn.Module):
    def __init__(self, part):
        super().__init__()
        self.conv, self.part = nn.Conv2d(WIDTH, WIDTH, 1, bias=False), part

    def forward(self, x, u):
        return x @ self.conv.weight[:, :, 0, 0].T + self.part(x, u)


class Expanded(nn.Module):
    def __init__(self, factor, norm, part=lambda x, u: u):
        super().__init__()
        self.norm, self.factor, self.part = norm, factor, part

    def forward(self, x, u):
        return self.norm(self.factor * x + self.part(self.factor * x, u))


class Recursive(nn.Module):
    def __init__(self, steps, *norms):
        super().__init__()
        self.norms, self.steps = nn.ModuleList(norms), steps

    def forward(self, x, u):
        y = self.norms[0](x + u)
        for k in range(1, self.steps):
            y = self.norms[k % len(self.norms)](x + y)
        return y


plain = lambda x, u: u
perpendicular = lambda x, u: across(x, u, -1)


def unified(axes):
    def formula(x, u, rho, theta):
        v = across(x, u, axes)
        return x + rho * (torch.sin(theta) * (u - v) + torch.cos(theta) * v)

    return Scalars(formula, "rho", "theta")


def constrained(x, u, theta):
    v = across(x, u, -1)
    return x + torch.cos(theta) * (u - v) + torch.sin(theta) * v


def cases(whole, all_axes):
    """Skips by the names that they have in skips.test.ts."""
    return {
        "expected": Scalars(lambda x, u: x + u - 0.3 * (u - across(x, u, -1))),
        "scaled stream": Scalars(lambda x, u, a: (1 + a) * x + u, "a"),
        "scaled stream, orthogonal": Scalars(lambda x, u, a: (1 + a) * x + across((1 + a) * x, u, -1), "a"),
        "rezero": Scalars(lambda x, u, alpha: x + alpha * u, "alpha"),
        "rezero, orthogonal": Scalars(lambda x, u, alpha: x + alpha * across(x, u, -1), "alpha"),
        "negative": Scalars(lambda x, u: x - u),
        "negative, orthogonal": Scalars(lambda x, u: x - across(x, u, -1)),
        "convolved stream": Convolved(plain),
        "convolved stream, orthogonal": Convolved(perpendicular),
        "unified": unified(-1),
        "unified, per sample": unified(all_axes),
        "rezero, constrained": Scalars(constrained, "theta"),
        "expanded": Expanded(2, nn.Identity()),
        "expanded, layer norm": Expanded(0.5, Norm(whole)),
        "expanded, batch norm": Expanded(2, BatchNorm(WIDTH)),
        "expanded, orthogonal, layer norm": Expanded(2, Norm(False), perpendicular),
        "recursive 1": Recursive(1, Norm(whole)),
        "recursive 2": Recursive(2, Norm(whole), Norm(whole)),
        "recursive 2, per position": Recursive(2, Norm(False), Norm(False)),
        "recursive 3, shared": Recursive(3, Norm(whole)),
        "recursive 2, batch norm": Recursive(2, BatchNorm(WIDTH), BatchNorm(WIDTH)),
    }


class MapUnit(nn.Module):
    def __init__(self, skip):
        super().__init__()
        self.norm1, self.conv1, self.skip = nn.BatchNorm2d(WIDTH), nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False), skip

    def forward(self, x):
        f = self.conv1(F.relu(self.norm1(x.permute(0, 3, 1, 2))))
        return self.skip(x, f.permute(0, 2, 3, 1))


class TokenUnit(nn.Module):
    def __init__(self, skip):
        super().__init__()
        self.fc, self.skip = nn.Linear(WIDTH, WIDTH), skip

    def forward(self, x):
        return self.skip(x, self.fc(x))


def summary(key, tensor):
    values = tensor.detach().reshape(-1).numpy()
    sums = [math.fsum(values * signed(f"{key} sum {i}", values.size)) for i in range(2)]
    return [round(v, 14) for v in (math.sqrt(math.fsum(values * values)), *sums)]


def run(unit, shape):
    unit = unit.double()
    state = {k: initial(k, tuple(v.shape)) for k, v in unit.state_dict().items() if not k.endswith("num_batches_tracked")}
    unit.load_state_dict(state, strict=False)
    x = torch.from_numpy(signed("stream", math.prod(shape)).reshape(shape).copy()).requires_grad_()
    weights = torch.from_numpy(signed("weights", math.prod(shape)).reshape(shape).copy())
    y = unit.train()(x)
    (y * weights).sum().backward()
    return {
        "y": summary("y", y),
        "evaluated": summary("y", unit.eval()(x)),
        "dx": summary("dx", x.grad),
        "gradients": {key: summary(key, p.grad) for key, p in unit.named_parameters()},
    }


found = {
    "maps": {name: run(MapUnit(skip), MAPS) for name, skip in cases(True, (1, 2, 3)).items()},
    "tokens": {name: run(TokenUnit(skip), TOKENS) for name, skip in cases(False, (1, 2)).items()},
}
print(json.dumps(found, separators=(",", ":")).replace('"},"', '"},\n"').replace("]}},", "]}},\n"))
