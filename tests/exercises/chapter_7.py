"""Chapter 7's answers, right and wrong."""

from typing import Any

import numpy as np
import torch
from scipy.stats import t

from opom_edu.exercises.chapter_7 import _distance


def interval(rates: Any, quantile: float = 0.975, spare: int = 1) -> Any:
    values = np.array(rates)
    half = t.ppf(quantile, len(values) - spare) * values.std(ddof=1) / len(values) ** 0.5
    return values.mean() - half, values.mean() + half


def normal(rates: Any) -> Any:
    half = 1.96 * np.std(rates, ddof=1) / len(rates) ** 0.5
    return np.mean(rates) - half, np.mean(rates) + half


def bootstrap(rates: Any) -> Any:
    means = np.random.default_rng(0).choice(rates, (2000, len(rates))).mean(1)
    return np.quantile(means, [0.025, 0.975])


def careless(base: Any, name: str, values: Any) -> Any:
    found = []
    for value in values:
        base[name] = value
        found.append(dict(base))
    return found


def answers() -> dict[str, tuple[list[Any], list[Any]]]:
    """By exercise, right answers and wrong ones."""
    left = 100 * _distance(10) / _distance(1)
    return {
        "7.1": (
            [interval, lambda rates: np.array(interval(rates)), lambda rates: torch.tensor(interval(rates))],
            [
                normal,
                bootstrap,
                lambda rates: interval(rates, 0.95),
                lambda rates: interval(rates, 0.995),
                (20, 80),
                lambda rates: interval(rates, spare=0),
                lambda rates: interval(rates)[::-1],
                lambda rates: (min(rates), max(rates)),
                lambda rates: tuple(end + 1 for end in interval(rates)),
                lambda rates: np.mean(rates),
                lambda rates: (np.nan, np.nan),
            ],
        ),
        "7.2": (
            [["affine", "convex", "reduced"], {"convex", "affine", "reduced"}, ("reduced", "convex", "affine")],
            [
                ["convex"],
                "affine",
                ["affine", "convex"],
                ["center", "convex"],
                [],
                3,
                ["affine", "convex", "reduced", "all"],
            ],
        ),
        "7.3": (
            [(50, left), [1.0, np.float32(left)], (left, torch.tensor(left))],
            [
                left,
                (50, 100 - left),
                (50, left / 100),
                (50, 1e4 / left),
                (50, left - 3),
                (float("nan"), left),
                ("half", left),
            ],
        ),
        "7.4": (
            [
                lambda base, name, values: [{**base, name: value} for value in values],
                lambda base, name, values: (dict(base, **{name: value}) for value in values),
            ],
            [
                careless,
                lambda b, n, v: [b],
                lambda b, n, v: [{n: x} for x in v],
                lambda b, n, v: [{**b, n: x} for x in v[::-1]],
                lambda b, n, v: [dict.fromkeys(b, x) for x in v],
                lambda b, n, v: [{**b, n: x} for x in v[1:]],
                lambda b: b,
                5,
            ],
        ),
    }
