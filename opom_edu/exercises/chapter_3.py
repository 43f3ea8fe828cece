"""Chapter 3: hulls, nearest points and what proves them right."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from opom_edu.exercises.verdict import Check
from opom_edu.hulls import AffineHull, ClassCenter, ConvexHull, ReducedHull


def _numbers(answer: Any, count: int) -> Tensor:
    values = torch.as_tensor(answer, dtype=torch.float64).detach().cpu().flatten()
    if len(values) != count or not bool(values.isfinite().all()):
        raise ValueError(f"{count} numbers are wanted, got {len(values)}")
    return values


def _between_hulls(answer: Any, *, points: Any, upper: float) -> str | None:
    query, features = _numbers(answer, 2)[None], torch.as_tensor(points, dtype=torch.float64)
    if float(ConvexHull(features).distance(query)) > 1e-6:
        return "This query is outside of the convex hull. Which panel draws the border?"
    if float(ReducedHull(features, upper=upper).distance(query)) < 0.05:
        return (
            "Inside of the convex hull, right; but the reduced hull holds it too, or nearly. Where do the two differ most?"
        )
    return None


def _affine_weight(answer: Any, *, first: Tensor, second: Tensor, x: Tensor) -> str | None:
    weights, features = _numbers(answer, 2), torch.stack([first, second]).double()
    right = AffineHull(features).weights(x.double()[None])[0]
    if torch.allclose(weights, right, atol=1e-3):
        return None
    if abs(float(weights.sum()) - 1) > 1e-3:
        return "The two weights must sum to one: one unknown is left, the place along the line."
    if torch.allclose(weights.flip(0), right, atol=1e-3):
        return "The right two numbers. Which of them belongs to which photo?"
    if torch.allclose(weights, ConvexHull(features).weights(x.double()[None])[0], atol=1e-3):
        return "These are weights of the convex hull. On a line nothing stops at its ends."
    return "Sum one, but another point of the line is nearer. The residual must be at a right angle to the line."


def _certificate(answer: Any, *, features: Tensor, x: Tensor) -> str | None:
    features, x = features.double(), x.double()
    direction = _numbers(answer, len(x))
    length = float(direction.norm())
    if abs(length - 1) > 1e-3:
        return f"A direction of length 1 is wanted; this one has length {length:.3f}."
    bound = float(x @ direction - (features @ direction).max())
    distance = float(ConvexHull(features).distance(x[None]))
    if bound > distance - 1e-4:
        return None
    if float(-x @ direction - (-features @ direction).max()) > distance - 1e-4:
        return "The right line, walked the wrong way: from the hull to x, please."
    away = x - ClassCenter(features).project(x[None])[0]
    if float(away @ direction / away.norm()) > 1 - 1e-6:
        return f"Away from the center: this proves {bound:.3f} of {distance:.3f}. Which point of the hull is nearer?"
    return f"This direction proves a distance of at least {bound:.3f}. The hull is {distance:.3f} away."


def _smallest_bound(answer: Any, *, features: Tensor, x: Tensor) -> str | None:
    features, x, upper = features.double(), x.double()[None], float(_numbers(answer, 1))
    if not 1 / len(features) <= upper <= 1:
        return f"{len(features)} weights that sum to one: the bound lies between 1/{len(features)} and 1."
    distance = float(ConvexHull(features).distance(x))
    if float(ReducedHull(features, upper=upper).distance(x)) > distance + 1e-5:
        return "With this bound the reduced hull is farther away than the convex one."
    smaller = max(1 / len(features), upper - 0.01)
    if upper > smaller and float(ReducedHull(features, upper=smaller).distance(x)) <= distance + 1e-7:
        return "Equal distances, but a smaller bound gives them too. Which weight is the first to meet the bound?"
    return None


CHECKS: dict[str, tuple[Check, str]] = {
    "3.1": (_between_hulls, "One odd photo stretches the convex hull as far as it likes, the reduced one only a little."),
    "3.2": (_affine_weight, "A weight below zero: less than nothing of a photo. No average of photos looks like that."),
    "3.3": (_certificate, "With this direction nobody has to trust the solver: one product per photo proves the distance."),
    "3.4": (_smallest_bound, "From here on no bound is active: all multipliers of the upper bound are zero."),
}
