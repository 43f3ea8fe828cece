"""What is done to the photos so that masks transfer, from the recognizer they were learned on to others.

Each function returns a transform ``(images, generator) -> images`` that a method applies to the masked photos before every
step (``OPOM(surrogate, transforms=[random_flip(), input_diversity()])``), so that the mask has to survive it. Images are
``(N, 3, H, W)`` in [0, 1], before and after. All randomness comes from the generator. Momentum is a parameter of the methods
themselves. :mod:`opom_edu.masks.kernels` does the computing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from opom_edu.masks import kernels
from opom_edu.masks.mask import check_count

Transform = Callable[[Tensor, torch.Generator], Tensor]


def random_flip(probability: float = 0.5) -> Transform:
    """Mirror each image left to right with this probability, 0 to 1: a face is the same person in a mirror.

    Raises:
        ValueError: for an argument out of its range.

    Example:
        >>> random_flip()(ada.train, torch.Generator().manual_seed(0)).shape
        torch.Size([10, 3, 112, 112])
    """
    _check_probability(probability)
    return partial(kernels.random_flip, probability=probability)


def input_diversity(smallest: float = 0.9, probability: float = 0.7) -> Transform:
    """Shrink each image, with this probability, to a random size and put it at a random place on black.

    (DI-FGSM, Xie et al., CVPR 2019, arXiv 1803.06978: there the canvas grows, here the recognizer fixes its size.)

    Args:
        smallest: the smallest side as a share of the original, above 0 and up to 1.
        probability: the share of images that are changed, 0 to 1.

    Raises:
        ValueError: for an argument out of its range.

    Example:
        >>> input_diversity()(ada.train, torch.Generator().manual_seed(0)).shape
        torch.Size([10, 3, 112, 112])
    """
    _check_probability(probability)
    if not 0 < smallest <= 1:
        raise ValueError(f"smallest must be above 0 and at most 1, got {smallest}")
    return partial(kernels.input_diversity, smallest=smallest, probability=probability)


def random_affine(degrees: float = 5.0, scale: float = 0.05, shift: float = 0.04, probability: float = 1.0) -> Transform:
    """Turn, scale and move each image, with this probability, at random; what comes into view is black.

    Recognizers cut their own, slightly different windows out of a photo.

    Args:
        degrees: largest turn to either side, at least 0.
        scale: largest change of the size, as a share of it, from 0 to below 1.
        shift: largest move along each axis, as a share of the image, at least 0.
        probability: the share of images that are changed, 0 to 1.

    Raises:
        ValueError: for an argument out of its range.

    Example:
        >>> random_affine()(ada.train, torch.Generator().manual_seed(0)).shape
        torch.Size([10, 3, 112, 112])
    """
    _check_probability(probability)
    if not (degrees >= 0 and 0 <= scale < 1 and shift >= 0):
        raise ValueError(f"degrees, scale and shift must be at least 0, scale below 1, got {degrees}, {scale}, {shift}")
    return partial(kernels.random_affine, degrees=degrees, scale=scale, shift=shift, probability=probability)


def random_warp(amount: float = 0.03, cells: int = 4, probability: float = 0.7) -> Transform:
    """Bend each image, with this probability, by a smooth random field: as if its parts moved by themselves.

    (Parts of an image changed one by one: Structure Invariant Attack, Wang et al., ICCV 2023, arXiv 2309.14700.)

    Args:
        amount: largest move of one of the field's points along each axis, as a share of the image, from 0 to 0.2.
        cells: points along each axis between which the field is interpolated, at least 2.
        probability: the share of images that are changed, 0 to 1.

    Raises:
        ValueError: for an argument out of its range.

    Example:
        >>> random_warp()(ada.train, torch.Generator().manual_seed(0)).shape
        torch.Size([10, 3, 112, 112])
    """
    _check_probability(probability)
    check_count(cells, "cells", least=2)
    if not 0 <= amount <= 0.2:
        raise ValueError(f"amount must be within 0 and 0.2, got {amount}")
    return partial(kernels.random_warp, amount=amount, cells=cells, probability=probability)


def random_patches(share: float = 0.1, cells: int = 6) -> Transform:
    """Replace patches of each image by its mean: a mask must not depend on any one place.

    (Cutout, DeVries and Taylor 2017, arXiv 1708.04552, on a grid.)

    Args:
        share: of the patches, on average, that are replaced; from 0 to below 1.
        cells: patches along each axis, at least 2.

    Raises:
        ValueError: for an argument out of its range.

    Example:
        >>> random_patches()(ada.train, torch.Generator().manual_seed(0)).shape
        torch.Size([10, 3, 112, 112])
    """
    check_count(cells, "cells", least=2)
    if not 0 <= share < 1:
        raise ValueError(f"share must be at least 0 and below 1, got {share}")
    return partial(kernels.random_patches, share=share, cells=cells)


def random_spectrum(spread: float = 0.5, noise: float = 16 / 255, probability: float = 0.7) -> Transform:
    """Make each of an image's frequencies, with this probability, weaker or stronger at random, after some noise.

    (Other networks rely on other frequencies: Spectrum Simulation Attack, Long et al., ECCV 2022, arXiv 2207.05382.)

    Args:
        spread: largest change of a coefficient of the cosine transform, as a share of it, from 0 to 1.
        noise: standard deviation of the noise, as a share of the pixel range, at least 0.
        probability: the share of images that are changed, 0 to 1.

    Raises:
        ValueError: for an argument out of its range.

    Example:
        >>> random_spectrum()(ada.train, torch.Generator().manual_seed(0)).shape
        torch.Size([10, 3, 112, 112])
    """
    _check_probability(probability)
    if not (0 <= spread <= 1 and noise >= 0):
        raise ValueError(f"spread must be within 0 and 1 and noise not negative, got {spread} and {noise}")
    return partial(kernels.random_spectrum, spread=spread, noise=noise, probability=probability)


def random_resize(smallest: float = 0.5) -> Transform:
    """Shrink the images to a random size and enlarge them again, all by the same: what is left of a mask after resizing.

    Args:
        smallest: the smallest side as a share of the original, above 0 and up to 1.

    Raises:
        ValueError: for an argument out of its range.

    Example:
        >>> random_resize()(ada.train, torch.Generator().manual_seed(0)).shape
        torch.Size([10, 3, 112, 112])
    """
    if not 0 < smallest <= 1:
        raise ValueError(f"smallest must be above 0 and at most 1, got {smallest}")
    return partial(kernels.random_resize, smallest=smallest)


def random_jpeg(lowest: int = 50, highest: int = 95) -> Transform:
    """Compress each image at a random quality, through kornia's differentiable JPEG (Reich et al., WACV 2024).

    Args:
        lowest, highest: JPEG qualities, from 1 to 100.

    Raises:
        ValueError: for an argument out of its range.

    Example:
        >>> random_jpeg()(ada.train, torch.Generator().manual_seed(0)).shape
        torch.Size([10, 3, 112, 112])
    """
    if not 1 <= lowest <= highest <= 100:
        raise ValueError(f"qualities must lie within 1 and 100, the lowest first, got {lowest} and {highest}")
    return partial(kernels.random_jpeg, lowest=lowest, highest=highest)


def random_light(strength: float = 0.3) -> Transform:
    """Change each image's brightness and contrast at random, by this share at the most, from 0 to below 1.

    Raises:
        ValueError: for an argument out of its range.

    Example:
        >>> random_light()(ada.train, torch.Generator().manual_seed(0)).shape
        torch.Size([10, 3, 112, 112])
    """
    if not 0 <= strength < 1:
        raise ValueError(f"strength must be at least 0 and below 1, got {strength}")
    return partial(kernels.random_light, strength=strength)


def scale_invariance(copies: int = 2) -> Transform:
    """Divide each image's brightness by 1, 2, 4, ..., drawn at random from that many, at least 1.

    (SI-FGSM, Lin et al., ICLR 2020, arXiv 1908.06281, which takes them all at each step and averages; drawn, they are free.)

    Raises:
        ValueError: for an argument out of its range.

    Example:
        >>> scale_invariance(2)(ada.train, torch.Generator().manual_seed(0)).shape
        torch.Size([10, 3, 112, 112])
    """
    return partial(kernels.scale_invariance, copies=check_count(copies, "copies"))


def one_of(*transforms: Transform) -> Transform:
    """One of several transforms at each step, drawn at random: the mask has to survive each.

    (Expectation over Transformation, Athalye et al., ICML 2018, arXiv 1707.07397.)

    Raises:
        ValueError: if there are none.

    Example:
        >>> one_of(random_flip(), random_jpeg())(ada.train, torch.Generator().manual_seed(0)).shape
        torch.Size([10, 3, 112, 112])
    """
    if not transforms:
        raise ValueError("one_of needs transforms to choose from, such as random_flip()")
    return partial(_one_of, transforms=transforms)


def _one_of(images: Tensor, generator: torch.Generator, *, transforms: tuple[Transform, ...]) -> Tensor:
    chosen = int(torch.randint(len(transforms), (), generator=generator, device=generator.device))
    return transforms[chosen](images, generator)


def describe(transform: Callable[..., object]) -> str:
    """A transform, or a change of the gradient, and its parameters in words, for a mask's recipe.

    Example:
        >>> describe(random_flip())
        'random_flip(probability=0.5)'
    """
    function = getattr(transform, "func", transform)
    name = getattr(function, "__name__", type(function).__name__).lstrip("_")
    if function is _one_of:
        return f"one_of({', '.join(map(describe, transform.keywords['transforms']))})"  # type: ignore[attr-defined]
    return f"{name}({', '.join(f'{key}={value}' for key, value in getattr(transform, 'keywords', {}).items())})"


def _check_probability(probability: float) -> None:
    if not 0 <= probability <= 1:
        raise ValueError(f"probability must be within 0 and 1, got {probability}")
