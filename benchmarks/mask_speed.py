"""The time and memory of learning a mask, beside the passes through the network that it needs, and beside the plain way.

    python benchmarks/mask_speed.py [--tiny] [step] [sizes] [people] [memory]

step: one person, 10 images, 16 steps on MobileFaceNet (its real weights if at hand, else random ones: the time is the same).
  All ways take their steps in turn in one process, so that other work on the machine burdens all alike:
    "naive passes"   forward and backward of the same batch through the network as its checkpoint gives it, in contiguous
                     layout, weights with gradients: what every loop around a plain module costs at the least
    "frozen passes"  the same through the copy that masks are learned on, gradients to the images alone
    "OPOM.fit"       a step of it, with a convex hull
    "CVXPY per image" what the paper's released code does beside its passes, one problem per image
sizes: seconds per person against the number of people, images (K, the size of the hull, is the same) and steps.
people: the PSR of masks learned on the frozen copy, and of those learned on the network as it is.
memory: peak memory of processes that learn masks for many people.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from common import arguments, in_turn, peak_memory, plot, ratio, report, report_memory
from torch import Tensor, nn
from torch.nn import functional

from opom_edu import OPOM, Recognizer
from opom_edu.errors import WeightsError
from opom_edu.masks import Step
from opom_edu.recognizers import SURROGATE
from opom_edu.recognizers.zoo import ZOO, Entry, load_weights, trained

IMAGES, STEPS = 10, 16


def load(entry: Entry = ZOO["mobilefacenet"]) -> nn.Module:
    """The network as a checkpoint gives it."""
    module = entry.build()
    with contextlib.suppress(WeightsError):
        module.load_state_dict(load_weights(entry))
    return module


def recognizer(entry: Entry, *, as_it_is: bool = False) -> Recognizer:
    """The network of an entry, plain; a hook keeps it from being frozen."""
    module = load(entry)
    if as_it_is:
        module.register_forward_hook(lambda _module, _inputs, output: output)
    return Recognizer.from_module(module, name="network", preprocess=entry.preprocess)


def naive(entry: Entry, images: Tensor) -> Callable[[], Tensor]:
    module = load(entry).eval()

    def passes() -> Tensor:
        batch = images.clone().requires_grad_()
        embeddings = functional.normalize(module(entry.preprocess(batch)))
        embeddings.sum().backward()
        return embeddings.detach()

    return passes


def by_cvxpy(images: Tensor) -> Callable[[], None]:
    """What the released code does beside its passes: one problem per image."""
    from opom_edu.hulls import reference  # imported here: the processes whose memory is measured need no CVXPY

    generator = np.random.default_rng(0)
    features, points = (normalized(generator.normal(size=(len(images), 128))) for _ in range(2))

    def solve() -> None:
        for point in points:
            reference.convex(features, point)

    return solve


def normalized(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def frozen(surrogate: Recognizer, images: Tensor) -> Callable[[], None]:
    quick = surrogate.frozen()

    def passes() -> None:
        batch = images.clone().requires_grad_()
        torch.autograd.grad(quick.embed(batch).sum(), batch)

    return passes


def fitting(surrogate: Recognizer, images: Tensor) -> Callable[[], Step]:
    """A call is a step; the calls that begin a fit also freeze the surrogate and embed the clean images."""

    def steps() -> Iterator[Step]:
        while True:
            yield from OPOM(surrogate, steps=STEPS).iterate(images)

    return steps().__next__


def step(tiny: bool, out: Path) -> None:
    entry, images = ZOO["mobilefacenet"], torch.rand(IMAGES, 3, 112, 112, generator=torch.Generator().manual_seed(0))
    surrogate = recognizer(entry)
    tasks = {
        "naive passes": naive(entry, images),
        "frozen passes": frozen(surrogate, images),
        "OPOM.fit": fitting(surrogate, images),
        "CVXPY per image": by_cvxpy(images),
    }
    # As many rounds as steps, and the one to warm up: the first step of the second fit stands for that of the first.
    times = in_turn(tasks, 2 if tiny else STEPS, time.process_time)
    total = {name: taken.sum() for name, taken in times.items()}
    rows = [
        {
            "way": name,
            "seconds": round(taken, 2),
            "to naive passes": round(taken / total["naive passes"], 3),
            "median of steps": round(ratio(times, name, "naive passes"), 3),
        }
        for name, taken in total.items()
    ]
    report("mask_step", rows, out=out, note=f"{IMAGES} images, {STEPS} steps, MobileFaceNet; seconds of the processor")


def sizes(tiny: bool, out: Path) -> None:
    entry = trained(SURROGATE)
    surrogate, rows = recognizer(entry), []
    base = {"people": 2, "images": 10, "steps": 8}
    grid = {"people": (1, 2, 4, 8), "images": (3, 10, 30), "steps": (4, 8, 16)}
    for what, values in grid.items():
        for value in values[:1] if tiny else values:
            size = {**base, what: value, **({"people": 1} if what == "images" else {})}
            images = torch.rand(size["people"], size["images"], 3, 112, 112)
            passes = naive(entry, images.flatten(0, 1)[:20])
            method = OPOM(surrogate, steps=size["steps"], warmup=2)
            tasks = {
                "fit": lambda m=method, i=images: m.fit_many(list(i)),
                "naive": lambda p=passes, s=size["steps"]: [p() for _ in range(s)],
            }
            times = in_turn(tasks, 1 if tiny else 3, time.process_time)
            share = min(20, size["people"] * size["images"]) / (size["people"] * size["images"])
            row = {"varied": what, **size, "seconds per person": round(float(np.median(times["fit"])) / size["people"], 3)}
            rows.append({**row, "to naive passes": round(ratio(times, "fit", "naive") * share, 3), "size": value})
    report("mask_sizes", rows, out=out, note=f"OPOM convex on {SURROGATE}, K = images; seconds of the processor")
    plot("mask_sizes", rows, x="size", y="seconds per person", by="varied", out=out)


def people(tiny: bool, out: Path) -> None:
    from opom_edu import People, load_people, protection

    entry, everybody = trained(SURROGATE), load_people("synthetic")
    chosen = list(everybody.values())[: 2 if tiny else 12]
    who = People(chosen, everybody.distractors)
    rows, deltas = [], []
    for name, as_it_is in (("frozen copy", False), ("as it is", True)):
        method = OPOM(recognizer(entry, as_it_is=as_it_is), steps=8 if tiny else STEPS)
        masks = dict(zip([p.name for p in chosen], method.fit_many([p.train for p in chosen]), strict=True))
        deltas.append(torch.stack([mask.delta for mask in masks.values()]))
        table = protection([recognizer(entry)], who, masks, ranks=(1,))
        rows.append({"masks learned on": name, **{str(k): v for k, v in table.iloc[0].items() if not isinstance(v, str)}})
    same = float(((deltas[0] - deltas[1]).abs() < 1e-6).float().mean())
    report("mask_psr", rows, out=out, note=f"white-box PSR on {SURROGATE}, synthetic people; {same:.2%} of values are equal")


def learn_many(count: int, entry: Entry, groups: int | None) -> None:
    """Masks for ``count`` people, one step each; stopped after some groups of them, where the network is slow."""
    images = [torch.rand(IMAGES, 3, 112, 112) for _ in range(count)]
    done: list[int] = []

    def stop(_step: Step) -> None:
        done.append(1)
        if groups is not None and len(done) == groups:
            raise InterruptedError

    with contextlib.suppress(InterruptedError):
        OPOM(recognizer(entry), hull="center", steps=1).fit_many(images, stop)
    if groups is not None:
        masks = [torch.rand(3, 112, 112) for _ in range(count)]  # those that the stopped run did not come to
        assert len(masks) == count
    report_memory()


def memory(tiny: bool, out: Path) -> None:
    rows = []
    for name, counts in (("mobilefacenet", (1, 500)), (SURROGATE, (1, 100, 500))):
        for count in counts[:1] if tiny else counts:
            peak = peak_memory(__file__, "learn", name, str(count))
            images = count * IMAGES * 3 * 112 * 112 * 4 / 2**20
            rows.append({"surrogate": name, "people": count, "peak MB": round(peak), "of it images MB": round(images)})
    report("mask_memory", rows, out=out, note=f"fit_many, {IMAGES} images each, peak memory of the process")
    plot("mask_memory", rows, x="people", y="peak MB", by="surrogate", out=out)


def main() -> None:
    if sys.argv[1:2] == ["learn"]:
        entry = ZOO.get(sys.argv[2]) or trained(sys.argv[2])
        return learn_many(int(sys.argv[3]), entry, 3 if sys.argv[2] in ZOO else None)
    parts = {"step": step, "sizes": sizes, "people": people, "memory": memory}
    parser = arguments(__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *parts], default=[])
    args = parser.parse_args()
    for part in args.parts or parts:
        parts[part](args.tiny, args.out)
    return None


if __name__ == "__main__":
    main()
