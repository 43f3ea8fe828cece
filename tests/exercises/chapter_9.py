"""Chapter 9's answers, right and wrong."""

from typing import Any

import numpy as np
import torch

from opom_edu.evaluation import estimate_mask
from opom_edu.evaluation.changes import bilateral
from opom_edu.exercises.chapter_9 import _alike, _falls, _visible


def wash(photos: Any) -> Any:
    return (photos - estimate_mask(photos)).clamp(0, 1)


def answers() -> dict[str, tuple[list[Any], list[Any]]]:
    """By exercise, right answers and wrong ones."""
    found = _falls()
    whole = found["bare"] - found["masked"]
    left = 100 * (found["bare, JPEG"] - found["masked, JPEG"]) / whole
    unlike = 100 * (found["bare"] - found["masked, JPEG"]) / whole
    return {
        "9.1": (
            [(20, left), [np.float32(99), torch.tensor(left)], (left, left)],
            [left, (left, unlike), (50, left / 100), (50, 100 - left), (float("inf"), left), (50, left + 2), (None, left)],
        ),
        "9.2": (
            [wash, lambda photos: wash(photos).numpy(), lambda p: (p - 0.8 * estimate_mask(p)).clamp(0, 1).tolist()],
            [
                lambda p: p, lambda p: (p + estimate_mask(p)).clamp(0, 1), lambda p: bilateral(p, 30),
                wash(torch.rand(2, 3, 9, 9)),
                lambda p: p - estimate_mask(p) - 1, lambda p: wash(p)[:1],
                lambda p: (p - 0.001 * estimate_mask(p)).clamp(0, 1),
                lambda p: p * 0.9999, lambda p: p * float("nan"), lambda p: torch.zeros_like(p), lambda p: wash(p[:1]),
            ],
        ),
        "9.3": (
            [_alike(7), torch.tensor(_alike(7)), np.float32(_alike(7)), [_alike(7)][0]],
            [1.0, _alike(1), 0.0, 1 - _alike(7), float(np.degrees(np.arccos(_alike(7)))), -_alike(7), float("nan")],
        ),
        "9.4": (
            [100 * _visible(0.5), torch.tensor(100 * _visible(0.5)), np.float64(100 * _visible(0.5) + 0.1)],
            [_visible(0.5), 100 * _visible(1), 50 * _visible(1), 100 * _visible(0.25), 0, 100, 100 - 100 * _visible(0.5)],
        ),
    }  # fmt: skip
