"""Masks for many people on a GPU, beside what the GPU can do at best and beside the released loop.

    python benchmarks/gpu.py [--compile]      skipped, with the reason, where there is no GPU
    python benchmarks/gpu.py --tiny           a few people on a small network on the CPU: does the script run?

500 people, 10 images, 16 steps, convex hulls, an IR-50 with random weights (the time is the same):
    "fit_many"       all of it
    "bare passes"    forward and backward of as many images, gradients to the images alone, through the same frozen network
                     at the batch size at which it does most images per second
    "released loop"  one person after another, the network as it is, ``loss.backward()``, and one CVXPY problem per image and
                     step; timed on a sample of steps
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from common import arguments, plot, report
from torch import Tensor, nn
from torch.nn import functional

from opom_edu import OPOM, Recognizer
from opom_edu.hulls import reference
from opom_edu.recognizers.backbones import IRNet
from opom_edu.recognizers.recipes import centered

PEOPLE, IMAGES, STEPS = 500, 10, 16
BATCHES = (64, 128, 256, 512, 1024)


def seconds(run: Callable[[], object], device: torch.device, repeats: int = 1) -> float:
    """Seconds of a run, the GPU's work included; the median of several."""
    times = []
    for _ in range(repeats):
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        started = time.perf_counter()
        run()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - started)
    return float(np.median(times))


def bare(surrogate: Recognizer, images: Tensor) -> None:
    images = images.clone().requires_grad_()
    torch.autograd.grad(surrogate.embed(images).sum(), images)


def released_step(module: nn.Module, images: Tensor, features: np.ndarray) -> None:
    images = images.clone().requires_grad_()
    embeddings = functional.normalize(module(centered(images)))
    points = embeddings.detach().double().cpu().numpy()
    targets = np.stack([reference.convex(features, point) @ features for point in points])
    (embeddings - torch.from_numpy(targets).to(embeddings)).square().sum(1).mean().backward()


def waits(run: Callable[[], object], device: torch.device) -> int | None:
    """How often the run makes the GPU wait for the host, as torch warns of it."""
    if device.type != "cuda":
        return None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            run()
        finally:
            torch.cuda.set_sync_debug_mode("default")
    return sum("synchroniz" in str(warning.message) for warning in caught)


def measure(device: torch.device, tiny: bool, compiled: bool, rounds: int, out: Path) -> None:
    people, steps, batches = (3, 2, (2, 4)) if tiny else (PEOPLE, STEPS, BATCHES)
    module = IRNet(blocks=(1, 1, 1, 1), width=8, dim=32, stem_stride=4) if tiny else IRNet()
    module = module.to(device).eval()
    surrogate = Recognizer.from_module(module, name="IR-50", preprocess=centered).frozen(compile=compiled)
    many = [torch.rand(IMAGES, 3, 112, 112, generator=torch.Generator().manual_seed(i)) for i in range(people)]
    pool = torch.cat(many[: -(-max(batches) // IMAGES)]).to(device)

    rates = []
    for size in batches:
        passes = partial(bare, surrogate, pool[:size])
        passes()
        rates.append({"batch": size, "images per second": round(size / seconds(passes, device, rounds), 1)})
    report("gpu_batches", rows=rates, out=out, note="bare passes through the frozen network")
    plot("gpu_batches", rates, x="batch", y="images per second", out=out)
    best = max(float(str(row["images per second"])) for row in rates)

    method = OPOM(surrogate, steps=steps, warmup=1 if tiny else 5)
    method.fit_many(many[:2])
    ours = seconds(lambda: method.fit_many(many), device)
    features = surrogate.embed(many[0]).double().cpu().numpy()
    sample = many[0].to(device)
    released_step(module, sample, features)
    released = seconds(lambda: released_step(module, sample, features), device, 2 if tiny else 10) * people * steps
    passes_alone = people * IMAGES * steps / best
    rows = [
        {"way": "fit_many", "seconds": round(ours, 2), "to fit_many": 1.0},
        {"way": "bare passes", "seconds": round(passes_alone, 2), "to fit_many": round(passes_alone / ours, 3)},
        {"way": "released loop", "seconds": round(released, 1), "to fit_many": round(released / ours, 1)},
    ]
    waited = waits(lambda: method.fit_many(many[:1]), device)
    note = f"{people} people, {IMAGES} images, {steps} steps, batches of {surrogate.batch_size}"
    known = "" if waited is None else f", {waited / steps:.1f} waits of the GPU per step for one person"
    report("gpu", rows, out=out, note=note + known)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--compile", action="store_true", help="run the surrogate through torch.compile")
    args = parser.parse_args()
    if not args.tiny and not torch.cuda.is_available():
        print("gpu: skipped, for torch finds no GPU here; --tiny tries the script out on the CPU")
        return
    device = torch.device("cpu" if args.tiny else "cuda")
    measure(device, args.tiny, args.compile, args.rounds, args.out)


if __name__ == "__main__":
    main()
