"""Chapter 12's answers, right and wrong."""

from typing import Any

import numpy as np
import torch
from scipy.stats import false_discovery_control, t


def holm(p: Any) -> Any:
    """Another way than the package's: each p by its own rank."""
    ranks = [int((p < one).sum()) for one in p]
    return [min(1.0, max(p[j] * (len(p) - ranks[j]) for j in range(len(p)) if p[j] <= one)) for one in p]


def answers() -> dict[str, tuple[list[Any], list[Any]]]:
    """By exercise, right answers and wrong ones."""
    wider = t.ppf(0.975, 24) / 5 / (t.ppf(0.975, 99) / 10)
    share = 100 * 35 / 75
    return {
        "12.1": (
            [holm, lambda p: torch.tensor(holm(p))],
            [
                lambda p: p, lambda p: np.minimum(1, p * len(p)), lambda p: sorted(holm(p)), false_discovery_control,
                lambda p: p * (len(p) - np.argsort(np.argsort(p))), lambda p: None, holm(np.array([0.1, 0.2])),
            ],
        ),
        "12.2": (
            [(2, wider), [4, np.float32(wider)]],
            [wider, (2, 2), (2, 4), (2, 1 / wider), (wider, 2), (float("nan"), wider), ("two", wider)],
        ),
        "12.3": ([-2, torch.tensor(-2.0)], [2, 7, -7, 0, 10, "-2"]),
        "12.4": ([share, np.float32(share)], [60, 35, share / 100, 100 - share, 140, "46.7"]),
        "12.5": (
            [[1.5, 10.5, -12.0], torch.tensor([1.5, 10.5, -12.0])],
            [[1, 7, -8], [-1.5, -10.5, 12.0], [1.5, 10.5], 1.5, [10.5, 1.5, -12], "1.5, 10.5, -12"],
        ),
    }  # fmt: skip
