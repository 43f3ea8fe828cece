"""Chapter 1's answers, right and wrong."""

from itertools import combinations
from typing import Any

import numpy as np
import torch

from opom_edu.exercises.chapter_1 import _equal


def pairs(similarity: Any, names: Any) -> Any:
    both: tuple[list[Any], list[Any]] = [], []
    for i, j in combinations(range(len(names)), 2):
        both[names[i] != names[j]].append(similarity[i, j])
    return both


def doubled(similarity: Any, names: Any) -> Any:
    same = np.equal.outer(np.array(names), np.array(names)) & ~np.eye(len(names), dtype=bool)
    return similarity[same], similarity[np.not_equal.outer(np.array(names), np.array(names))]


def line(impostor: Any, fmr: float) -> Any:
    return np.sort(impostor)[::-1][int(fmr * len(impostor))]


def answers() -> dict[str, tuple[list[Any], list[Any]]]:
    """By exercise, right answers and wrong ones."""
    equal, false = _equal(), 1 - 0.999**1000
    right = 0.98 / (0.01 * 0.98 + 0.99 * false)
    return {
        "1.1": (
            [pairs, lambda s, n: tuple(map(np.array, pairs(s, n))), lambda s, n: [torch.tensor(p) for p in pairs(s, n)]],
            [
                doubled, lambda s, n: pairs(s, n)[::-1], lambda s, n: (s.flatten(), s.flatten()), lambda s,
                n: pairs(s, n)[0],
                lambda s, n: (pairs(s, n)[0], pairs(s, n)[0]), lambda s, n: ([], []), lambda s, n: s, 3,
            ],
        ),
        "1.2": (
            [line, lambda i, f: float(line(i, f)) + 1e-9, lambda i, f: torch.tensor(line(i, f))],
            [
                lambda i, f: i.max(), lambda i, f: np.quantile(i, f), lambda i, f: i.min(), lambda i, f: line(i, f / 2), 0.5,
                lambda i, f: line(i, 2 * f), lambda i, f: float("nan"), lambda i, f: 1 - f,
            ],
        ),
        "1.3": (
            [(5, equal), [0, np.float32(equal)], (equal, torch.tensor(equal))],
            [equal, (5, equal / 100), (5, 100 - equal), (5, equal + 1), (float("nan"), equal), (5, 0), (1, 2, equal)],
        ),
        "1.4": (
            [right, np.float32(right), torch.tensor(right)],
            [right / 100, 100 - right, 99.9, 98, 90.83, 0, 50],
        ),
        "1.5": (
            [1 - 0.9 ** (1 / 1000), np.float64(1.0535e-4), torch.tensor(1.0536e-4)],
            [1e-4, 0.1, 0.01, 0.9, 1e-3, -1e-4, 1.2e-4],
        ),
    }  # fmt: skip
