"""Masks that are harder to see: in luminance alone, or on the face alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from opom_edu.masks.learner import Learner, OnStep, Step, learning
from opom_edu.masks.mask import Mask

# Center and half axes, x and y, in shares of the crop: around the five points of ArcFace's template.
OVAL = (56 / 112, 68 / 112, 42 / 112, 52 / 112)


def luminance(delta: Tensor) -> Tensor:
    """The same change in red, green and blue, their mean: ``delta (..., 3, H, W)`` without color, no larger than before.

    Example:
        >>> luminance(torch.tensor([0.1, 0.2, 0.3]).reshape(3, 1, 1)).flatten()
        tensor([0.2000, 0.2000, 0.2000])
    """
    return delta.mean(-3, keepdim=True).expand_as(delta).contiguous()


def face(delta: Tensor) -> Tensor:
    """``delta (..., H, W)`` of an aligned crop, zero outside of an oval from the forehead to the chin.

    Example:
        >>> face(torch.ones(3, 112, 112))[0, [0, 56], 56]  # above the forehead, and on the nose
        tensor([0., 1.])
    """
    x, y = (
        (torch.arange(side, device=delta.device, dtype=delta.dtype) + 0.5) / side
        for side in (delta.shape[-1], delta.shape[-2])
    )
    inside = ((x - OVAL[0]) / OVAL[2]) ** 2 + ((y[:, None] - OVAL[1]) / OVAL[3]) ** 2 <= 1
    return delta * inside


RESTRICTIONS = {"luminance": luminance, "face": face}


@dataclass(frozen=True, eq=False)
class Restricted(Learner[Mask]):
    """The masks of another method, restricted after they were learned.

    Args:
        learner: the method.
        to: "luminance" or "face".

    Raises:
        ValueError: for another restriction.

    Example:
        >>> mask = Restricted(OPOM(surrogate, steps=2), to="luminance").fit(ada.train)
        >>> bool((mask.delta == mask.delta[:1]).all())
        True
    """

    learner: Learner[Mask]
    to: str

    def __post_init__(self) -> None:
        if self.to not in RESTRICTIONS:
            raise ValueError(f"unknown restriction {self.to!r}; choose one of {', '.join(RESTRICTIONS)}")

    @property
    def eps(self) -> float:  # type: ignore[override]
        """Budget of the method, the largest change of a pixel, 0 to 1."""
        return self.learner.eps

    @property
    def name(self) -> str:
        return f"{self.learner.name}, {self.to}"

    def iterate(self, images: Tensor) -> Iterator[Step]:
        for step in self.learner.iterate(images):
            yield replace(step, delta=RESTRICTIONS[self.to](step.delta))

    @learning
    def fit_many(self, people: Sequence[Tensor], on_step: OnStep | None = None) -> list[Mask]:
        made = self.learner.fit_many(people, on_step)
        return [Mask(RESTRICTIONS[self.to](mask.delta), mask.eps, {**mask.recipe, "method": self.name}) for mask in made]
