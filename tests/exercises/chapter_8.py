"""Chapter 8's answers, right and wrong."""

from typing import Any

import numpy as np
import torch

from opom_edu.exercises import chapter_8 as chapter
from opom_edu.exercises.chapter_8 import _found, _similarities


def steady(marks: Any) -> Any:
    return (marks[:-2] + marks[1:-1] + marks[2:]) / 3


def psr(probes: Any, gallery: Any, others: Any) -> Any:
    return 100 * ((probes @ others.T).amax(1, keepdim=True) > probes @ gallery.T).float().mean()


def answers() -> dict[str, tuple[list[Any], list[Any]]]:
    """By exercise, right answers and wrong ones."""
    ada, judge = chapter.classroom.person(), chapter.classroom.recognizer("seir-softmax")
    bare = float((judge.embed(ada.test) @ judge.embed(ada.train).T).mean())
    left = 100 * (bare - _similarities(4)) / (bare - _similarities(0))
    found = _found()
    return {
        "8.1": (
            [steady, lambda m: torch.tensor(steady(m)), lambda m: [m[i - 1 : i + 2].mean(0) for i in range(1, len(m) - 1)]],
            [
                lambda m: (m[:-2] + m[2:]) / 2, lambda m: m[1:-1], lambda m: m, lambda m: m.mean(0), np.zeros((7, 5, 2)),
                lambda m: m[1:-1] * float("nan"), lambda m: m[:-2], lambda m: steady(m).sum(),
            ],
        ),
        "8.2": (
            [psr, lambda p, g, o: float(psr(p, g, o)), lambda p, g, o: np.float32(psr(p, g, o))],
            [
                lambda p, g, o: psr(p, g, o) / 100, lambda p, g, o: 100 - psr(p, g, o), lambda p, g, o: psr(p, o, g), 50.0,
                lambda p, g, o: 100, lambda p, g, o: float("nan"), lambda p, g, o: p @ g.T,
                lambda p, g, o: 100 * ((p @ o.T).amax(1) > (p @ g.T).amax(1)).float().mean(),
            ],
        ),
        "8.3": (
            [(50, left), [99.0, np.float32(left)], (left, torch.tensor(left))],
            [
                left, (left, left - 5), (50, 100 - left), (50, left / 100), (float("nan"), left), (50, _similarities(4)),
                (50, 50, left), (None, left), ("half", left), (50, 0), (50, 100),
            ],
        ),
        "8.4": (
            [found, np.array(found), tuple(reversed(found)), torch.tensor(found)],
            [
                found[:1], [i for i in range(10) if i not in found], list(range(10)), [0], [*found, 10], [*found, *found],
                [0.5], 3, [float("nan")], [i + 1 for i in found],
            ],
        ),
    }  # fmt: skip
