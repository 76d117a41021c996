"""Prints metrics.json: measures of features by NumPy and PyTorch. python3 metrics.py > metrics.json. Features: make.py's hash of a text."""

import json

import numpy as np
import torch

from make import signed

# name: samples, width, directions that carry most of the variation
SETS = {"wide": (60, 12, 12), "low": (50, 16, 3), "few": (9, 20, 20)}


def features(name, samples, width, directions):
    """Hashed values; all but the first directions are small; every column is shifted."""
    values = signed(f"features {name}", samples * width).reshape(samples, width)
    mix = signed(f"mix {name}", width * width).reshape(width, width)
    scale = np.where(np.arange(width) < directions, 1.0, 1e-3)
    return (values * scale) @ mix + np.arange(width)


def spectrum(x):
    return np.linalg.eigvalsh(np.cov(x, rowvar=False))[::-1]


def entropy(x):
    p = spectrum(x).clip(0)
    p = p[p > p.sum() * 1e-14] / p.sum()
    return float(-(p * np.log(p)).sum())


def cka(x, y):
    x, y = x - x.mean(0), y - y.mean(0)
    return float(np.linalg.norm(y.T @ x) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)))


found = {}
for name, (samples, width, directions) in SETS.items():
    x = features(name, samples, width, directions)
    y = np.maximum(x[:, : width - 4] - np.arange(width - 4), 0) @ signed("other", (width - 4) * 7).reshape(width - 4, 7)
    found[name] = {
        "samples": samples,
        "width": width,
        "directions": directions,
        "spectrum": [float(v) for v in spectrum(x)[:6]],
        "entropy": entropy(x),
        "rank": float(np.exp(entropy(x))),
        "deviation": torch.from_numpy(x).std(0).mean().item(),
        "cka": cka(x, y),
        "ckaWide": cka(x, np.concatenate([x[:, ::-1] ** 2, y], 1)),
    }
print(json.dumps(found, indent=1))
