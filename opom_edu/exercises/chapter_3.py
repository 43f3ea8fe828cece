"""Chapter 3: hulls, nearest points and what proves them right."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from opom_edu.exercises import classroom
from opom_edu.exercises.forms import array_of, measured
from opom_edu.exercises.verdict import Exercise, number
from opom_edu.hulls import AffineHull, ClassCenter, ConvexHull, ReducedHull

CLUSTER = ((-0.55, 0.0), (-0.35, 0.2), (-0.45, -0.2), (-0.25, -0.05), (-0.6, 0.2), (0.6, -0.6))
UPPER, INSIDE = 0.3, 0.02
PHOTO = 3  # of Ada's test photos, in exercise 3.4


def _between_hulls(answer: Any) -> str | None:
    x, y = (number(value) for value in answer)
    features, query = torch.tensor(CLUSTER, dtype=torch.float64), torch.tensor([[x, y]], dtype=torch.float64)
    around = [[x + INSIDE * math.cos(a), y + INSIDE * math.sin(a)] for a in np.linspace(0, 2 * np.pi, 24)]
    if float(ConvexHull(features).distance(query)) > 1e-6:
        return "This query is outside of the convex hull. Which panel draws the border?"
    if float(ConvexHull(features).distance(torch.tensor(around, dtype=torch.float64)).max()) > 1e-6:
        return "This is on the border, or at a corner. Drag it inside."
    if float(ReducedHull(features, upper=UPPER).distance(query)) < 0.05:
        return (
            "Inside of the convex hull, right; but the reduced hull holds it too, or nearly. Where do the two differ most?"
        )
    return None


def _line(answer: Any) -> str | None:
    draw = np.random.default_rng()
    (a, b, aside), t = draw.normal(size=(3, 5)), draw.uniform(1.2, 2)  # beyond b, where the convex hull ends
    along = (b - a) / np.linalg.norm(b - a)
    q = a + t * (b - a) + aside - (aside @ along) * along
    given = array_of(answer, (2,), a.copy(), b.copy(), q.copy())
    for value, hint in (
        ((1 - t, t), None),
        ((t, 1 - t), "The right two numbers. Which of them belongs to which photo?"),
        (
            (1 - min(max(t, 0), 1), min(max(t, 0), 1)),
            "These are weights of the convex hull. On a line nothing stops at its ends.",
        ),
    ):
        if np.allclose(given, value, atol=1e-6):
            return hint
    if abs(given.sum() - 1) > 1e-6:
        return "The two weights must sum to one: one unknown is left, the place along the line."
    return "Another point of the line is nearer. q minus the point must be at a right angle to b - a."


def _certificate(answer: Any) -> str | None:
    draw = torch.Generator().manual_seed(int(np.random.default_rng().integers(1 << 30)))
    features = normalize(torch.randn((6, 8), generator=draw, dtype=torch.float64) + 1.5, dim=1)
    x = normalize(torch.randn(8, generator=draw, dtype=torch.float64), dim=0)
    direction = torch.from_numpy(array_of(answer, (8,), features.clone(), x.clone()))
    if abs(float(direction.norm()) - 1) > 1e-3:
        return f"A direction of length 1 is wanted; this one has length {float(direction.norm()):.3f}."
    proven = float(x @ direction - (features @ direction).max())
    distance = float(ConvexHull(features).distance(x[None]))
    if proven > distance - 1e-4:
        return None
    if float(-x @ direction - (-features @ direction).max()) > distance - 1e-4:
        return "The right line, walked the wrong way: from the hull to x, please."
    away = x - ClassCenter(features).project(x[None])[0]
    if float(away @ direction / away.norm()) > 1 - 1e-6:
        return f"Away from the center: this proves {proven:.3f} of {distance:.3f}. Which point of the hull is nearer?"
    return f"This direction proves a distance of at least {proven:.3f}. The hull is {distance:.3f} away."


@cache
def _ada() -> tuple[Tensor, Tensor, Tensor]:
    """Ada's training features, test features, and strangers'."""
    people, surrogate = classroom.people(8, 104), classroom.recognizer()
    groups = people["Ada"].train, people["Ada"].test, people.distractors
    train, test, strangers = (surrogate.embed(photos).double() for photos in groups)
    return train, test, strangers


@cache
def _without() -> list[int]:
    """Photos without weight that are more similar to the query than one with weight."""
    features, queries, _ = _ada()
    weights, similar = ConvexHull(features).weights(queries[PHOTO][None])[0], features @ queries[PHOTO]
    has = weights > 1e-6
    return [k for k in range(len(features)) if not has[k] and similar[k] > similar[has].min()]


def _counterexample(answer: Any) -> str | None:
    photo = number(answer)
    if photo != int(photo) or not 0 <= photo <= 9:
        return "The number of one training photo is wanted, 0 to 9."
    features, queries, _ = _ada()
    if photo in _without():
        return None
    if float(ConvexHull(features).weights(queries[PHOTO][None])[0, int(photo)]) > 1e-6:
        return "This photo has weight. One without is wanted that is more similar to the query than one with weight."
    return "No weight, right; but every photo with weight is more similar to the query than this one."


def _still_outside(answer: Any) -> str | None:
    features, _, strangers = _ada()
    affine, center = (float(hull(features).distance(strangers).mean()) for hull in (AffineHull, ClassCenter))
    right = 100 * affine / center
    return measured(
        answer, right, 0.3,
        (100 - right, "That is how much nearer they are. What is left?"),
        (right / 100, "In percent it is a hundred times that."),
        (1e4 / right, "The ratio is upside down."),
        otherwise="Mean distance of strangers to AffineHull(features), over that to ClassCenter(features), times 100.",
    )  # fmt: skip


EXERCISES: dict[str, Exercise] = {
    "3.1": Exercise("compute", _between_hulls,
        "One odd photo stretches the convex hull as far as it likes, the reduced one little."),
    "3.2": Exercise("write", _line, "The same two lines of code serve in the plane and in 128 dimensions."),
    "3.3": Exercise("write", _certificate,
        "With it nobody has to trust the solver: one product per photo proves the distance."),
    "3.4": Exercise("criticize", _counterexample, "What counts is what a photo adds to the others, not how similar it is."),
    "3.5": Exercise("predict", _still_outside,
        "With ten photos in 128 dimensions there is room enough, even for a flat without end."),
}  # fmt: skip
