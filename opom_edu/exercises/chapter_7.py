"""Chapter 7: how many photos?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from opom_edu.exercises.verdict import Check, near
from opom_edu.experiments.study import interval


def _enough(answer: Any, *, table: pd.DataFrame) -> str | None:
    means = table[table["method"] == "OPOM convex"].set_index("photos")["mean"]
    if answer not in means.index:
        return f"One of {', '.join(map(str, means.index))} is wanted."
    right = means.index[means >= 0.9 * means.iloc[-1]].min()
    if answer < right:
        return "With so few photos the mean is still below nine tenths of the last one."
    return None if answer == right else "That is enough, but fewer photos would do."


def _same(answer: Any) -> str | None:
    names = {answer} if isinstance(answer, str) else set(answer)
    if unknown := names - {"affine", "convex", "reduced"}:
        return f"Unknown: {', '.join(map(str, unknown))}. Choose among affine, convex and reduced."
    if names == {"affine", "convex", "reduced"}:
        return None
    return "There are more. Weights that sum to one, and only one photo to give them to: what is left to choose?"


def _interval(answer: Any, *, rates: Sequence[float]) -> str | None:
    low, high = (float(value) for value in answer)
    values = np.asarray(rates, dtype=float)
    if not low < values.mean() < high:
        return "The interval should hold the mean of the rates, the lower end first."
    wanted = interval(values[:, None])
    half, right = (high - low) / 2, (wanted[1] - wanted[0]) / 2
    if half > 1.35 * right:
        return "This is too wide: it is the means that are drawn again and again, not single people."
    return None if half > 0.7 * right else "This is too narrow. Draw as many people as there are, with replacement."


def _shrinks(answer: Any, *, distances: Sequence[float]) -> str | None:
    right = distances[-1] / distances[0]
    return near(
        answer, right, 0.01,
        (1 - right, "That is the share by which it shrinks; the share that is left is wanted."),
        (1 / right, "The ratio is upside down."),
        otherwise="Divide the last by the first.",
    )  # fmt: skip


CHECKS: dict[str, tuple[Check, str]] = {
    "7.1": (_enough, "The first photos buy the most; but mind the bands before calling two counts different."),
    "7.2": (_same, "One photo is one point, whatever shape is built on it: hulls differ from the second photo on."),
    "7.3": (_interval, "With so few people the interval is wide, and that is the honest answer."),
    "7.4": (_shrinks, "What remains is what ten photos do not show: other poses, other light, other days."),
}
