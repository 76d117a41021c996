"""Optimizers and schedules of PyTorch over 1,000 steps, ten drawn settings of each, in float64: python3 optimizers.py, JSON on stdout."""

import json
import random
import sys
import warnings

import torch

from make import rates, trajectory

warnings.filterwarnings("ignore")

SETTINGS, STEPS = 10, 1000


def optimizer(kind, draw):
    options = {"lr": round(10 ** draw.uniform(-3, -1.4), 6)}
    if draw.random() < 0.7:
        options["weight_decay"] = round(10 ** draw.uniform(-4, -0.7), 6)
    if kind == "SGD":
        options["momentum"] = draw.choice([0, 0.5, 0.9, 0.97])
        if options["momentum"] and draw.random() < 0.4:
            options["nesterov"] = True
        elif options["momentum"] and draw.random() < 0.5:
            options["dampening"] = draw.choice([0.1, 0.5, 0.9])
    else:
        # Smaller second betas make trajectories chaotic: in PyTorch itself 1e-12 at the start becomes 1e-2.
        options["betas"] = (draw.choice([0.8, 0.9, 0.95]), draw.choice([0.99, 0.999, 0.9999]))
        options["eps"] = draw.choice([1e-8, 1e-6, 1e-3])
    groups = [{"lr_scale": draw.choice([0.5, 2.0])}, {"weight_decay": 0.0}] if draw.random() < 0.3 else None
    clip = draw.choice([1.0, 3.0]) if draw.random() < 0.3 else None
    return trajectory(kind, options, groups, clip, draw.choice([1.0, 0.999, 0.995]), STEPS)


def schedule(kind, draw):
    """PyTorch's rates with the options that perpend's schedule takes."""
    by = torch.optim.lr_scheduler
    lr = round(10 ** draw.uniform(-3, 0), 6)
    least = round(lr * draw.choice([0, 0.001, 0.1]), 9)
    total = draw.randint(700, 1300)
    if kind == "stepDecay":
        every, gamma = draw.randint(20, 300), draw.choice([0.1, 0.3, 0.9])
        return {"lr": lr, "every": every, "gamma": gamma}, lambda o: by.StepLR(o, every, gamma)
    if kind == "multiStep":
        milestones, gamma = sorted(draw.sample(range(1, STEPS), 4)), draw.choice([0.1, 0.2, 0.5])
        return {"lr": lr, "milestones": milestones, "gamma": gamma}, lambda o: by.MultiStepLR(o, milestones, gamma)
    if kind == "cosine":
        total = max(total, STEPS)
        return {"lr": lr, "total": total, "minLr": least}, lambda o: by.CosineAnnealingLR(o, total, eta_min=least)
    if kind == "polynomial":
        power = draw.choice([0.5, 1.0, 2.0, 3.5])
        return {"lr": lr, "total": total, "power": power}, lambda o: by.PolynomialLR(o, total_iters=total, power=power)
    total = max(total, STEPS + 1)
    rise, div, final, anneal = draw.choice([0.1, 0.3, 0.5]), draw.choice([10, 25]), draw.choice([100, 1e4]), draw.choice(["cos", "linear"])
    options = {"lr": lr, "total": total, "rise": rise, "divFactor": div, "finalDivFactor": final}
    make = lambda o: by.OneCycleLR(o, lr, total, pct_start=rise, div_factor=div, final_div_factor=final, anneal_strategy=anneal)  # noqa: E731
    return {**options, "anneal": "linear" if anneal == "linear" else "cosine"}, make


def main():
    torch.set_num_threads(1)
    draw = random.Random(1)
    optimizers = {f"{kind} {i}": optimizer(kind, draw) for kind in ("SGD", "Adam", "AdamW") for i in range(SETTINGS)}
    schedules = []
    for kind in ("stepDecay", "multiStep", "cosine", "polynomial", "oneCycle"):
        for _ in range(SETTINGS):
            options, make = schedule(kind, draw)
            schedules.append({"kind": kind, "options": options, "rates": rates(make, STEPS, options["lr"])})
    json.dump({"steps": STEPS, "optimizers": optimizers, "schedules": schedules}, sys.stdout)


if __name__ == "__main__":
    main()
