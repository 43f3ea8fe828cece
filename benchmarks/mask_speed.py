"""The time and memory of learning a mask, beside the least it can take and beside the plain way.

One person, 10 images, 16 steps, on MobileFaceNet (its real weights if at hand, else random ones: the time is the same):

    (a) OPOM.fit with a convex hull
    (b) the floor: 16 forward and backward passes of the same batch, gradients to the images only
    (c) the plain way, after the paper's released code: one CVXPY problem per image and step, the network as its checkpoint
        gives it, and ``loss.backward()``, which computes the gradients of all weights too
    (d) as (c), but with the network and the gradients of (a): what the CVXPY problems alone cost
    (e) as (b), but with the network as its checkpoint gives it: what folding its batch norms and channels last save

All run in turn in one process, round after round; ratios are medians over the rounds. Then ``fit_many`` of 12 people beside
``fit`` one by one, and one pass at several batch sizes, per image. Peak memory is measured in processes of their own.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from opom_edu import OPOM, Recognizer
from opom_edu.errors import WeightsError
from opom_edu.hulls import reference
from opom_edu.recognizers.frozen import for_inference
from opom_edu.recognizers.zoo import ZOO, load_weights

IMAGES, STEPS, PEOPLE, ROUNDS = 10, 16, 12, 5
BATCHES = (5, 10, 30, 60, 120)


def load() -> nn.Module:
    """The network as a checkpoint gives it."""
    entry = ZOO["mobilefacenet"]
    module = entry.build()
    with contextlib.suppress(WeightsError):
        module.load_state_dict(load_weights(entry))
    return module


def floor(recognizer: Recognizer, images: Tensor, steps: int = STEPS) -> None:
    for _ in range(steps):
        batch = images.clone().requires_grad_()
        torch.autograd.grad(recognizer.embed(batch).sum(), batch)


def plain(recognizer: Recognizer, images: Tensor, eps: float = 8 / 255) -> Tensor:
    features = recognizer.embed(images).double().numpy()
    masked = (images + eps * (2 * torch.rand(images.shape) - 1)).clamp(0, 1)
    for _ in range(STEPS):
        masked.requires_grad_()
        embeddings = recognizer.embed(masked)
        targets = [reference.convex(features, x) @ features for x in embeddings.detach().double().numpy()]
        loss = (embeddings - torch.from_numpy(np.stack(targets)).float()).square().sum(1).mean()
        loss.backward()
        assert masked.grad is not None
        moved = (masked.detach() + masked.grad.mean(0).sign() / 255).clamp(0, 1)
        delta = (moved - images).mean(0).clamp(-eps, eps)
        masked = (images + delta).clamp(0, 1)
    return delta


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def peak(task: str) -> float:
    """Peak memory, in MB, of a process that does one thing; only Linux tells."""
    status = subprocess.check_output([sys.executable, __file__, task], text=True)
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main() -> None:
    entry = ZOO["mobilefacenet"]
    recognizer = Recognizer.from_module(for_inference(load()), name="MobileFaceNet", preprocess=entry.preprocess)
    as_loaded = Recognizer.from_module(load(), name="MobileFaceNet", preprocess=entry.preprocess)
    images = torch.rand(PEOPLE, IMAGES, 3, 112, 112, generator=torch.Generator().manual_seed(0))
    method = OPOM(recognizer, steps=STEPS)
    tasks: dict[str, Callable[[], object]] = {
        "embed": lambda: recognizer.embed(images[0]),
        "a": lambda: method.fit(images[0]),
        "b": lambda: floor(recognizer, images[0]),
        "c": lambda: plain(as_loaded, images[0]),
        "d": lambda: plain(recognizer, images[0]),
        "e": lambda: floor(as_loaded, images[0]),
    }
    if len(sys.argv) > 1:
        tasks[sys.argv[1]]()
        print(Path("/proc/self/status").read_text())
        return

    print(f"MobileFaceNet, {IMAGES} images, {STEPS} steps, {torch.get_num_threads()} threads, medians of {ROUNDS} rounds")
    for task in tasks.values():
        task()
    rounds = [{name: seconds(task) for name, task in tasks.items()} for _ in range(ROUNDS)]
    a, b, c, d, e = (np.array([times[name] for times in rounds]) for name in "abcde")
    print(f"(a) OPOM.fit, convex hull        {np.median(a):5.2f} s")
    print(f"(b) passes through the network   {np.median(b):5.2f} s    a/b {np.median(a / b):.3f}")
    print(f"(c) the plain way                {np.median(c):5.2f} s    c/a {np.median(c / a):.2f}")
    print(f"(d) the plain way, this network  {np.median(d):5.2f} s    d/a {np.median(d / a):.2f}")
    print(f"(e) passes, network as loaded    {np.median(e):5.2f} s    b/e {np.median(b / e):.2f}")

    every = images.flatten(0, 1)
    trials = [[seconds(lambda n=n: floor(recognizer, every[:n], 1)) / n for n in BATCHES] for _ in range(ROUNDS)]  # type: ignore[misc]
    costs = np.median(np.array(trials) / np.array(trials).min(1, keepdims=True), 0)
    print(
        "one pass, per image, to the best: " + ", ".join(f"batch {n} {c:.2f}" for n, c in zip(BATCHES, costs, strict=True))
    )

    pairs = []
    for _ in range(3):
        together = seconds(lambda: method.fit_many(list(images)))
        pairs.append(together / seconds(lambda: [method.fit(own) for own in images]))
    print(f"fit_many of {PEOPLE} people / fit one by one {np.median(pairs):.3f}")
    masks = zip(method.fit_many(list(images)), map(method.fit, images), strict=True)
    difference = max(float((one.delta - other.delta).abs().max()) for one, other in masks)
    print(f"largest difference between their masks {difference:.1e}")
    if sys.platform == "linux":
        memory = ", ".join(f"{name} {peak(name):.0f} MB" for name in ("embed", "a", "b", "c"))
        print(f"peak memory of a process: {memory}")


if __name__ == "__main__":
    main()
