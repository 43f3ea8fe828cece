"""Chapter 4: one person, one mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from opom_edu.exercises.verdict import Check, near
from opom_edu.hulls import ClassCenter, ConvexHull
from opom_edu.masks import Step


def _loss(answer: Any, *, masked: Tensor, clean: Tensor) -> str | None:
    distances = ConvexHull(clean).distance(masked)
    squares, from_center = distances.square(), ClassCenter(clean).distance(masked).square()
    return near(
        answer, float(squares.mean()), 1e-4,
        (float(distances.mean()), "These are distances; what does the formula do with each of them before the mean?"),
        (float(from_center.mean()), "This leaves the class center. Which hull is asked for?"),
        (float(squares.sum()), "Sum or mean? With twice as many photos this would be twice as large."),
        otherwise="Take each masked embedding's distance to the convex hull of the clean ones, then do as the formula says.",
    )  # fmt: skip


def _best_step(answer: Any, *, gradient: Tensor) -> str | None:
    size = 1 / 255
    step = torch.as_tensor(answer)
    if step.shape != gradient.shape:
        return f"A step has a value for every value of the photo, {tuple(gradient.shape)}; this has {tuple(step.shape)}."
    if float(step.abs().max()) > size * (1 + 1e-5):
        return f"Some pixel moves by {float(step.abs().max()) * 255:.2f} levels; the bound is one."
    gain, best = float((step * gradient).sum()), float(gradient.abs().sum()) * size
    if gain < 0:
        return "This goes downhill: the loss falls, and the photo stays a match."
    if gain < 0.9999 * best:
        return f"It gains {gain / best:.0%} of what is possible. Every pixel has its own bound, so which may hold back?"
    return None


def _first_difference(answer: Any, *, one: Sequence[Step], other: Sequence[Step]) -> str | None:
    if answer is None or int(answer) != float(answer) or not 0 <= int(answer) < len(one):
        return f"The index of a step is wanted, from 0 to {len(one) - 1}."
    same = [torch.equal(a.delta, b.delta) for a, b in zip(one, other, strict=True)]
    value = int(answer)
    if same[value]:
        return "After this step the two masks are still equal, value by value."
    if value and not same[value - 1]:
        return "After this step the masks differ, but they did so before."
    return None


def _generalization_gap(answer: Any, *, curve: pd.DataFrame) -> str | None:
    fallen = curve.iloc[0] - curve.iloc[-1]
    right = float(fallen["training"] - fallen["test"])
    ends = float(curve["training"].iloc[-1] - curve["test"].iloc[-1])
    compared = "That compares the ends. Did both start at the same similarity?"
    return near(
        answer, right, 1e-3,
        (-right, "The right size. Which of the two falls was asked for first?"),
        (ends, compared), (-ends, compared),
        otherwise="Two falls are wanted, each from the first row to the last, and then one less the other.",
    )  # fmt: skip


CHECKS: dict[str, tuple[Check, str]] = {
    "4.1": (_loss, "And its gradient asks no more of the hull than the nearest points: those count as constants."),
    "4.2": (_best_step, "Under a bound on every pixel, only the sign of the gradient counts, not its size."),
    "4.3": (_first_difference, "Until then both left the same point, the class center, from the same noise."),
    "4.4": (_generalization_gap, "Beside the whole fall: did the mask learn the person, or the photos?"),
}
