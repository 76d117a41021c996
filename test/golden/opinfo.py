"""PyTorch's own sample inputs (OpInfo) of the operators that perpend has, with outputs and gradients in float64.

python3 opinfo.py writes opinfo.json, a part of them; python3 opinfo.py --all prints all samples, one a line. Values of floats are
rounded to multiples of 2^-10, which float32 holds exactly, and kept as whole numbers; the gradient that comes in is a pattern of the
index. Wants Debian 12's python3-torch (1.13).
"""

import json
import math
import pathlib
import sys
import types
import unittest
import warnings

import torch

warnings.filterwarnings("ignore")

# What PyTorch's test code imports at its top and Debian has not packaged.
stub = types.ModuleType("expecttest")
stub.ACCEPT = False
stub.TestCase = unittest.TestCase
sys.modules["expecttest"] = stub

from torch.testing._internal.common_methods_invocations import op_db  # noqa: E402

UNIT = 1024
# Values of an output or a gradient that the file keeps, evenly spaced.
KEPT = 24
# Samples of an operator and largest number of input values of one.
SAMPLES, LARGEST = 4, 700

OPERATORS = """
add sub mul div:no_rounding_mode true_divide __radd__ __rsub__ __rmul__ __rdiv__ maximum minimum max:binary min:binary
max:reduction_with_dim max:reduction_no_dim amax argmax clamp where abs neg sqrt rsqrt reciprocal square exp log tanh erf sigmoid pow
float_power nn.functional.relu nn.functional.relu6 nn.functional.hardtanh nn.functional.leaky_relu
nn.functional.gelu nn.functional.silu nn.functional.softplus matmul mm bmm mv addmm nn.functional.linear nn.functional.conv2d
nn.functional.conv_transpose2d nn.functional.batch_norm nn.functional.group_norm nn.functional.instance_norm nn.functional.layer_norm
softmax log_softmax nn.functional.cross_entropy nn.functional.mse_loss nn.functional.binary_cross_entropy_with_logits sum mean
transpose t permute reshape view flatten squeeze unsqueeze expand broadcast_to cat narrow nn.functional.pad:constant
nn.functional.max_pool2d nn.functional.avg_pool2d nn.functional.adaptive_avg_pool2d
""".split()


def rounded(value):
    """The same sample with every float tensor on the grid."""
    if isinstance(value, torch.Tensor):
        if not value.is_floating_point():
            return value.detach().clone()
        grid = (value.detach() * UNIT).round() / UNIT
        return grid.contiguous().requires_grad_(value.requires_grad)
    if isinstance(value, (list, tuple)):
        return type(value)(rounded(part) for part in value) if not hasattr(value, "_fields") else value
    return value


def written(value):
    """A value for the file. Tensors are objects; floats stay numbers with their full digits."""
    if isinstance(value, torch.Tensor):
        kind = "float" if value.is_floating_point() else "bool" if value.dtype == torch.bool else "whole"
        scale = UNIT if kind == "float" else 1
        values = [int(round(float(v) * scale)) for v in value.detach().reshape(-1).tolist()]
        return {"tensor": kind, "shape": list(value.shape), "values": values, **({"grad": 1} if value.requires_grad else {})}
    if isinstance(value, (list, tuple)):
        return [written(part) for part in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{type(value)}")


def tensors(value):
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from tensors(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from tensors(part)


def incoming(shape):
    count = math.prod(shape)
    values = [((i * 37 + 11) % 61 - 30) / 32 for i in range(count)]
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


def result(tensor, kept):
    values = tensor.detach().double().reshape(-1).tolist()
    step = max(1, math.ceil(len(values) / kept)) if kept else 1
    return {"shape": list(tensor.shape), "values": [float(f"{v:.14g}") for v in values[::step]], **({"step": step} if step > 1 else {})}


def case(op, sample, kept):
    """The sample as a case, or None where something in it is not finite or has no place in the file."""
    arguments = [rounded(sample.input), *(rounded(a) for a in sample.args)]
    options = {k: rounded(v) for k, v in sample.kwargs.items()}
    try:
        name = op.name if op.variant_test_name in ("", "no_rounding_mode") else f"{op.name}:{op.variant_test_name}"
        content = {"op": name, "args": [written(a) for a in arguments], "options": {k: written(v) for k, v in options.items()}}
    except TypeError:
        return None
    output = op.op(*arguments, **options)
    if isinstance(output, (list, tuple)):
        output = output[0]
    content["output"] = result(output, kept)
    leaves = [v for v in tensors([arguments, options]) if v.requires_grad]
    if leaves and output.requires_grad:
        gradients = torch.autograd.grad(output, leaves, incoming(output.shape), allow_unused=True)
        content["gradients"] = [None if g is None else result(g, kept) for g in gradients]
    numbers = [content["output"], *(g for g in content.get("gradients", []) if g)]
    if not all(math.isfinite(v) for part in numbers for v in part["values"]):
        return None
    return content


def fits(op, sample):
    """Whether perpend has these options; only the choice for the file looks at it."""
    o = sample.kwargs
    two = lambda v: v if isinstance(v, (list, tuple)) else (v, v)  # noqa: E731
    if "pool2d" in op.name and "adaptive" not in op.name:
        sizes = [two(o.get(k, sample.args[0] if k == "kernel_size" and sample.args else 1) or 1) for k in ("kernel_size", "stride", "padding")]
        if sample.input.dim() != 4 or any(a != b for a, b in sizes):
            return False
        if o.get("ceil_mode") or o.get("return_indices") or two(o.get("dilation", 1)) != (1, 1) and o.get("dilation", 1) != 1:
            return False
        return not ("avg" in op.name and (o.get("divisor_override") or len(sample.args) > 3))
    if op.name == "nn.functional.cross_entropy":
        return o.get("weight") is None and o.get("reduction", "mean") == "mean" and "ignore_index" not in o and sample.input.dim() > 1
    if op.name == "nn.functional.binary_cross_entropy_with_logits":
        return o.get("reduction", "mean") == "mean" and o.get("weight") is None and o.get("pos_weight") is None
    if "adaptive" in op.name:
        h, w = sample.input.shape[-2:]
        p, q = (v if v is not None else d for v, d in zip(two(sample.args[0]), (h, w)))
        return (p, q) == (1, 1) or h % p == 0 and h // p == w / q
    if "norm" in op.name:
        return o.get("eps", 1) > 0 and (o.get("training", True) or sample.input.dim() > 1)
    if "conv" in op.name:
        return sample.input.dim() == 4 and not isinstance(o.get("padding"), str)
    return True


def chosen(op, samples):
    sizes = [sum(v.numel() for v in tensors([s.input, list(s.args), s.kwargs])) for s in samples]
    good = [s for s, size in zip(samples, sizes) if fits(op, s) and 0 < size <= (1000 if op.name == "bmm" else LARGEST)]
    count = 10 if "conv2d" in op.name or "pool" in op.name else 6 if "norm" in op.name or "matmul" in op.name else SAMPLES
    if len(good) <= count:
        return good
    return [good[i * (len(good) - 1) // (count - 1)] for i in range(count)]


def main():
    is_all = "--all" in sys.argv[1:]
    torch.set_num_threads(1)
    named = {}
    for op in op_db:
        named[op.name if not op.variant_test_name else f"{op.name}:{op.variant_test_name}"] = op
    lines = []
    for name in OPERATORS:
        op = named[name]
        torch.manual_seed(0)
        samples = list(op.sample_inputs("cpu", torch.float64, requires_grad=op.supports_autograd))
        for sample in samples if is_all else chosen(op, samples):
            content = case(op, sample, 0 if is_all else KEPT)
            if content is not None:
                lines.append(json.dumps(content, separators=(",", ":")))
                if is_all:
                    print(lines.pop())
    if not is_all:
        file = pathlib.Path(__file__).parent / "opinfo.json"
        file.write_text("[\n" + ",\n".join(lines) + "\n]\n")
        print(len(lines), "samples,", file.stat().st_size, "bytes, torch", torch.__version__)


if __name__ == "__main__":
    main()
