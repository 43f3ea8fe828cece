"""Aids to transferability: what makes a mask learned on one recognizer work on others.

Each function returns a transform ``(images, generator) -> images`` that a method applies to the masked photos before every
step (``OPOM(surrogate, transforms=[random_flip(), input_diversity()])``), so that the mask has to survive it. All randomness
comes from the generator. Momentum is a parameter of the methods themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

Transform = Callable[[Tensor, torch.Generator], Tensor]


def random_flip(probability: float = 0.5) -> Transform:
    """Mirror each image left to right with this probability: a face is the same person in a mirror."""
    _check_probability(probability)
    return partial(_random_flip, probability=probability)


def input_diversity(smallest: float = 0.9, probability: float = 0.7) -> Transform:
    """Shrink each image, with this probability, to a random size and put it at a random place on black.

    (DI-FGSM, Xie et al., CVPR 2019, arXiv 1803.06978: there the canvas grows, here the recognizer fixes its size.)

    Args:
        smallest: the smallest side as a share of the original, above 0 and up to 1.
        probability: the share of images that are changed.
    """
    _check_probability(probability)
    if not 0 < smallest <= 1:
        raise ValueError(f"smallest must be above 0 and at most 1, got {smallest}")
    return partial(_input_diversity, smallest=smallest, probability=probability)


def describe(transform: Transform) -> str:
    """A transform and its parameters in words, for a mask's recipe."""
    function = getattr(transform, "func", transform)
    name = getattr(function, "__name__", type(function).__name__).lstrip("_")
    return f"{name}({', '.join(f'{key}={value}' for key, value in getattr(transform, 'keywords', {}).items())})"


def _random_flip(images: Tensor, generator: torch.Generator, *, probability: float) -> Tensor:
    chosen = _uniform(len(images), generator, images) < probability
    return torch.where(chosen[:, None, None, None], images.flip(-1), images)


def _input_diversity(images: Tensor, generator: torch.Generator, *, smallest: float, probability: float) -> Tensor:
    count = len(images)
    chosen = _uniform(count, generator, images) < probability
    side = torch.where(chosen, smallest + (1 - smallest) * _uniform(count, generator, images), 1.0)
    # An affine map takes output places in -1..1 to input places: the inverse of shrinking and moving.
    theta = torch.zeros(count, 2, 3, device=images.device)
    for axis in range(2):
        shift = (1 - side) * (2 * _uniform(count, generator, images) - 1)
        theta[:, axis, axis] = 1 / side
        theta[:, axis, 2] = -shift / side
    grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False).clamp(0, 1)


def _uniform(count: int, generator: torch.Generator, like: Tensor) -> Tensor:
    return torch.rand(count, generator=generator).to(like.device)


def _check_probability(probability: float) -> None:
    if not 0 <= probability <= 1:
        raise ValueError(f"probability must be within 0 and 1, got {probability}")
