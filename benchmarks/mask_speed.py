"""The time and memory of learning a mask, beside the least it can take and beside the plain way.

One person, 10 images, 16 steps, on MobileFaceNet (its real weights if at hand, else random ones: the time is the same):

    (a) OPOM.fit with a convex hull
    (b) the floor: 16 forward and backward passes of the same batch, gradients to the images only
    (c) the plain way: one CVXPY problem per image and step, as the paper's released code solves them

All three run in turn in one process, round after round; ratios are medians over the rounds. (d) compares ``fit_many`` of 12
people with ``fit`` one by one. Peak memory is measured in a process of its own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from opom_edu import OPOM, Recognizer, load_recognizer
from opom_edu.errors import WeightsError
from opom_edu.hulls import reference
from opom_edu.recognizers.zoo import ZOO

IMAGES, STEPS, PEOPLE, ROUNDS = 10, 16, 12, 7


def surrogate() -> Recognizer:
    try:
        return load_recognizer("mobilefacenet")
    except WeightsError:
        entry = ZOO["mobilefacenet"]
        module = entry.build().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return Recognizer.from_module(module, name="mobilefacenet, random weights", preprocess=entry.preprocess)


def floor(recognizer: Recognizer, images: Tensor) -> None:
    for _ in range(STEPS):
        batch = images.clone().requires_grad_()
        embeddings = recognizer.embed(batch)
        torch.autograd.grad(embeddings.sum(), batch)


def plain(recognizer: Recognizer, images: Tensor, eps: float = 8 / 255, warmup: int = 5) -> Tensor:
    features = recognizer.embed(images).double().numpy()
    masked = (images + eps * (2 * torch.rand(images.shape) - 1)).clamp(0, 1)
    for step in range(STEPS):
        masked.requires_grad_()
        embeddings = recognizer.embed(masked)
        points = embeddings.detach().double().numpy()
        solve = reference.center if step < warmup else reference.convex
        targets = torch.from_numpy(np.stack([solve(features, x) @ features for x in points])).float()
        gradient = torch.autograd.grad((embeddings - targets).square().sum(1).mean(), masked)[0].mean(0)
        moved = (masked.detach() + gradient.sign() / 255).clamp(0, 1)
        delta = (moved - images).mean(0).clamp(-eps, eps)
        masked = (images + delta).clamp(0, 1)
    return delta


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def peak(what: str) -> float:
    """Peak memory, in MB, of a process that does one thing."""
    output = subprocess.check_output([sys.executable, __file__, what], text=True)
    return int(output.split()[-1]) / 1024


def main() -> None:
    recognizer = surrogate()
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(PEOPLE, IMAGES, 3, 112, 112, generator=generator)
    method = OPOM(recognizer, steps=STEPS)
    tasks: dict[str, Callable[[], object]] = {
        "embed": lambda: recognizer.embed(images[0]),
        "fit": lambda: method.fit(images[0]),
        "floor": lambda: floor(recognizer, images[0]),
        "plain": lambda: plain(recognizer, images[0]),
    }
    if len(sys.argv) > 1:
        tasks[sys.argv[1]]()
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return

    print(
        f"{recognizer.name}, {IMAGES} images, {STEPS} steps, {torch.get_num_threads()} threads, medians of {ROUNDS} rounds"
    )
    for task in tasks.values():
        task()
    rounds = [{name: seconds(task) for name, task in tasks.items()} for _ in range(ROUNDS)]
    a, b, c = (np.array([times[name] for times in rounds]) for name in ("fit", "floor", "plain"))
    print(
        f"(a) OPOM.fit convex {np.median(a):.2f} s, (b) floor {np.median(b):.2f} s, (c) CVXPY per image {np.median(c):.2f} s"
    )
    print(f"a/b {np.median(a / b):.3f}   c/a {np.median(c / a):.2f}")

    pairs = []
    for _ in range(3):
        together = seconds(lambda: method.fit_many(list(images)))
        pairs.append(together / seconds(lambda: [method.fit(own) for own in images]))
    print(f"(d) fit_many of {PEOPLE} people / fit one by one {np.median(pairs):.3f}")
    masks = zip(method.fit_many(list(images)), map(method.fit, images), strict=True)
    difference = max(float((one.delta - other.delta).abs().max()) for one, other in masks)
    print(f"    largest difference between the masks {difference:.1e}")
    print(f"peak memory: embedding alone {peak('embed'):.0f} MB, (a) {peak('fit'):.0f} MB, (b) {peak('floor'):.0f} MB")


if __name__ == "__main__":
    main()
