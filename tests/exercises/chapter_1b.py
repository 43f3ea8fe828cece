"""Chapter 1b's answers, right and wrong."""

from typing import Any

import numpy as np
import torch

from opom_edu.exercises.chapter_1b import _rate


def fpir(similarity: Any, threshold: float) -> Any:
    return (similarity > threshold).any(1).mean()


def answers() -> dict[str, tuple[list[Any], list[Any]]]:
    """By exercise, right answers and wrong ones."""
    rate, pairs = _rate()
    return {
        "1b.1": (
            [fpir, lambda s, t: float(fpir(s, t)), lambda s, t: torch.tensor(s.max(1) > t).float().double().mean()],
            [
                lambda s, t: (s > t).mean(), lambda s, t: (s > t).any(0).mean(), lambda s, t: 1 - fpir(s, t), 0.1,
                lambda s, t: (s > t).all(1).mean(), lambda s, t: 100 * fpir(s, t), lambda s, t: s > t,
            ],
        ),
        "1b.2": (
            [(1, rate), [50, np.float32(rate)], (rate, torch.tensor(rate))],
            [rate, (1, pairs), (1, rate / 100), (1, 100 - rate), (float("nan"), rate), (1, rate + 2), (1, 2, rate)],
        ),
        "1b.3": (
            [["b", "c", "e"], {"e", "c", "b"}, ("c", "b", "e")],
            [["a"], ["b", "c"], ["a", "b", "c", "d", "e"], "b", ["b", "c", "d", "e"], [2, 3, 5], ["x"]],
        ),
    }  # fmt: skip
