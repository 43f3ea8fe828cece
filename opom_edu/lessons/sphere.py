"""The sphere of embeddings, seen along three directions: a person's photos, strangers, and where a mask takes the photos."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from opom_edu.faces import Person, quantize
from opom_edu.lessons.replay import record
from opom_edu.masks import Method
from opom_edu.recognizers import Recognizer


@dataclass(frozen=True, eq=False)
class Sphere:
    """Places along three directions at right angles: the person's center, where the mask takes the photos, and the direction
    in which strangers differ most. A place's length says how much of an embedding, of length 1, these three show.

    Attributes:
        own: ``(N, 3)``, the person's clean test photos.
        hull: ``(K, 3)``, the training photos; the shadow of their convex hull is the hull of their shadows.
        strangers: ``(M, 3)``.
        path: ``(T + 1, N, 3)``, the test photos under the mask before the first and after each of T steps.
        line: the recognizer's similarity at a false-match rate of 1e-3, NaN if it has none: its cap around the center.

    Example:
        >>> from opom_edu import OPOM
        >>> sphere = sphere_of(OPOM(surrogate, steps=2), ada, people.distractors)
        >>> sphere.own.shape, sphere.path.shape, bool((sphere.own[:, 0] > 0.5).all())
        (torch.Size([10, 3]), torch.Size([3, 10, 3]), True)
    """

    own: Tensor
    hull: Tensor
    strangers: Tensor
    path: Tensor
    line: float


def sphere_of(method: Method, person: Person, strangers: Tensor) -> Sphere:
    """Learn a mask and see on the surrogate where it takes the person's test photos.

    Args:
        method: how to learn.
        person: whose mask.
        strangers: ``(M, 3, 112, 112)``, two at least.

    Raises:
        ValueError: for fewer than two strangers.

    Example:
        >>> from opom_edu import OPOM
        >>> sphere_of(OPOM(surrogate, steps=1), ada, people.distractors[:1])
        Traceback (most recent call last):
            ...
        ValueError: two strangers at least are wanted, got 1
    """
    if len(strangers) < 2:
        raise ValueError(f"two strangers at least are wanted, got {len(strangers)}")
    surrogate: Recognizer = method.surrogate
    own, hull, others = (
        surrogate.embed(quantize(photos)).cpu().double() for photos in (person.test, person.train, strangers)
    )
    frames = torch.stack([frame.test.cpu().double() for frame in record(method, person)])
    center = functional.normalize(own.mean(0), dim=0)
    away = _beside(frames[-1].mean(0), center)
    spread = others - (others @ center)[:, None] * center - (others @ away)[:, None] * away
    last = torch.linalg.svd(spread - spread.mean(0), full_matrices=False).Vh[0]
    basis = torch.stack([center, away, _beside(last, center, away)], 1)
    return Sphere(own @ basis, hull @ basis, others @ basis, frames @ basis, surrogate.thresholds.get(1e-3, float("nan")))


def _beside(direction: Tensor, *others: Tensor) -> Tensor:
    """The part of a direction at right angles to others, of unit length."""
    for other in others:
        direction = direction - (direction @ other) * other
    return functional.normalize(direction, dim=0)
