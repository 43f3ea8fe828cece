"""What is done to the photos so that masks transfer, from the recognizer they were learned on to others.

Each function returns a transform ``(images, generator) -> images`` that a method applies to the masked photos before every
step (``OPOM(surrogate, transforms=[random_flip(), input_diversity()])``), so that the mask has to survive it. All randomness
comes from the generator. Momentum is a parameter of the methods themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial

import numpy as np
import torch
from scipy.fft import dct
from torch import Tensor
from torch.nn import functional

Transform = Callable[[Tensor, torch.Generator], Tensor]


def random_flip(probability: float = 0.5) -> Transform:
    """Mirror each image left to right with this probability: a face is the same person in a mirror.

    Example:
        >>> changed = random_flip()(ada.train, torch.Generator().manual_seed(0))
        >>> changed.shape
        torch.Size([10, 3, 112, 112])
    """
    _check_probability(probability)
    return partial(_random_flip, probability=probability)


def input_diversity(smallest: float = 0.9, probability: float = 0.7) -> Transform:
    """Shrink each image, with this probability, to a random size and put it at a random place on black.

    (DI-FGSM, Xie et al., CVPR 2019, arXiv 1803.06978: there the canvas grows, here the recognizer fixes its size.)

    Args:
        smallest: the smallest side as a share of the original, above 0 and up to 1.
        probability: the share of images that are changed.

    Example:
        >>> changed = input_diversity()(ada.train, torch.Generator().manual_seed(0))
        >>> changed.shape
        torch.Size([10, 3, 112, 112])
    """
    _check_probability(probability)
    if not 0 < smallest <= 1:
        raise ValueError(f"smallest must be above 0 and at most 1, got {smallest}")
    return partial(_input_diversity, smallest=smallest, probability=probability)


def random_affine(degrees: float = 5.0, scale: float = 0.05, shift: float = 0.04, probability: float = 1.0) -> Transform:
    """Turn, scale and move each image, with this probability, at random; what comes into view is black.

    Recognizers cut their own, slightly different windows out of a photo.

    Args:
        degrees: largest turn to either side.
        scale: largest change of the size, as a share of it, from 0 to below 1.
        shift: largest move along each axis, as a share of the image.
        probability: the share of images that are changed.

    Example:
        >>> changed = random_affine()(ada.train, torch.Generator().manual_seed(0))
        >>> changed.shape
        torch.Size([10, 3, 112, 112])
    """
    _check_probability(probability)
    if not (degrees >= 0 and 0 <= scale < 1 and shift >= 0):
        raise ValueError(
            f"degrees, scale and shift must not be negative, and scale below 1, got {degrees}, {scale}, {shift}"
        )
    return partial(_random_affine, degrees=degrees, scale=scale, shift=shift, probability=probability)


def random_warp(amount: float = 0.03, cells: int = 4, probability: float = 0.7) -> Transform:
    """Bend each image, with this probability, by a smooth random field: as if its parts moved by themselves.

    (Parts of an image changed one by one: Structure Invariant Attack, Wang et al., ICCV 2023, arXiv 2309.14700.)

    Args:
        amount: largest move of one of the field's points along each axis, as a share of the image, from 0 to 0.2.
        cells: points along each axis between which the field is interpolated, at least 2.
        probability: the share of images that are changed.

    Example:
        >>> changed = random_warp()(ada.train, torch.Generator().manual_seed(0))
        >>> changed.shape
        torch.Size([10, 3, 112, 112])
    """
    _check_probability(probability)
    _check_cells(cells)
    if not 0 <= amount <= 0.2:
        raise ValueError(f"amount must be within 0 and 0.2, got {amount}")
    return partial(_random_warp, amount=amount, cells=cells, probability=probability)


def random_patches(share: float = 0.1, cells: int = 6) -> Transform:
    """Replace patches of each image by its mean: a mask must not depend on any one place.

    (Cutout, DeVries and Taylor 2017, arXiv 1708.04552, on a grid.)

    Args:
        share: of the patches, on average, that are replaced.
        cells: patches along each axis, at least 2.

    Example:
        >>> changed = random_patches()(ada.train, torch.Generator().manual_seed(0))
        >>> changed.shape
        torch.Size([10, 3, 112, 112])
    """
    _check_cells(cells)
    if not 0 <= share < 1:
        raise ValueError(f"share must be at least 0 and below 1, got {share}")
    return partial(_random_patches, share=share, cells=cells)


def random_spectrum(spread: float = 0.5, noise: float = 16 / 255, probability: float = 0.7) -> Transform:
    """Make each of an image's frequencies, with this probability, weaker or stronger at random, after some noise.

    (Other networks rely on other frequencies: Spectrum Simulation Attack, Long et al., ECCV 2022, arXiv 2207.05382.)

    Args:
        spread: largest change of a coefficient of the cosine transform, as a share of it, from 0 to 1.
        noise: standard deviation of the noise, as a share of the pixel range.
        probability: the share of images that are changed.

    Example:
        >>> changed = random_spectrum()(ada.train, torch.Generator().manual_seed(0))
        >>> changed.shape
        torch.Size([10, 3, 112, 112])
    """
    _check_probability(probability)
    if not (0 <= spread <= 1 and noise >= 0):
        raise ValueError(f"spread must be within 0 and 1 and noise not negative, got {spread} and {noise}")
    return partial(_random_spectrum, spread=spread, noise=noise, probability=probability)


def random_resize(smallest: float = 0.5) -> Transform:
    """Shrink the images to a random size and enlarge them again, all by the same: what is left of a mask after resizing.

    Args:
        smallest: the smallest side as a share of the original, above 0 and up to 1.

    Example:
        >>> changed = random_resize()(ada.train, torch.Generator().manual_seed(0))
        >>> changed.shape
        torch.Size([10, 3, 112, 112])
    """
    if not 0 < smallest <= 1:
        raise ValueError(f"smallest must be above 0 and at most 1, got {smallest}")
    return partial(_random_resize, smallest=smallest)


def random_jpeg(lowest: int = 50, highest: int = 95) -> Transform:
    """Compress each image at a random quality, through kornia's differentiable JPEG (Reich et al., WACV 2024).

    Args:
        lowest, highest: JPEG qualities, from 1 to 100.

    Example:
        >>> changed = random_jpeg()(ada.train, torch.Generator().manual_seed(0))
        >>> changed.shape
        torch.Size([10, 3, 112, 112])
    """
    if not 1 <= lowest <= highest <= 100:
        raise ValueError(f"qualities must lie within 1 and 100, the lowest first, got {lowest} and {highest}")
    return partial(_random_jpeg, lowest=lowest, highest=highest)


def random_light(strength: float = 0.3) -> Transform:
    """Change each image's brightness and contrast at random, by this share at the most.

    Example:
        >>> changed = random_light()(ada.train, torch.Generator().manual_seed(0))
        >>> changed.shape
        torch.Size([10, 3, 112, 112])
    """
    if not 0 <= strength < 1:
        raise ValueError(f"strength must be at least 0 and below 1, got {strength}")
    return partial(_random_light, strength=strength)


def scale_invariance(copies: int = 2) -> Transform:
    """Divide each image's brightness by 1, 2, 4, ..., drawn at random from that many.

    (SI-FGSM, Lin et al., ICLR 2020, arXiv 1908.06281, which takes them all at each step and averages; drawn, they are free.)

    Example:
        >>> scale_invariance(2)(ada.train, torch.Generator().manual_seed(0)).shape
        torch.Size([10, 3, 112, 112])
    """
    if not isinstance(copies, int) or copies < 1:
        raise ValueError(f"copies must be a whole number of at least 1, got {copies}")
    return partial(_scale_invariance, copies=copies)


def describe(transform: Callable[..., object]) -> str:
    """A transform, or a change of the gradient, and its parameters in words, for a mask's recipe."""
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
    shifts = [(1 - side) * (2 * _uniform(count, generator, images) - 1) for _ in range(2)]
    return _moved(images, torch.zeros_like(side), side, torch.stack(shifts, -1))


def _random_affine(
    images: Tensor, generator: torch.Generator, *, degrees: float, scale: float, shift: float, probability: float
) -> Tensor:
    turn, side, right, down = (2 * _uniform(4 * len(images), generator, images) - 1).view(4, -1)
    moved = _moved(images, turn * math.radians(degrees), 1 + scale * side, 2 * shift * torch.stack([right, down], -1))
    chosen = _uniform(len(images), generator, images) < probability
    return torch.where(chosen[:, None, None, None], moved, images)


def _moved(images: Tensor, turn: Tensor, side: Tensor, shift: Tensor) -> Tensor:
    """Turned (radians, ``(N,)``), scaled by ``side`` and then moved, where 2 is an image's side, ``(N, 2)``."""
    # An affine map takes output places in -1..1 to input places: the inverse of turning, scaling and moving.
    cos, sin = turn.cos() / side, turn.sin() / side
    back = torch.stack([torch.stack([cos, sin], -1), torch.stack([-sin, cos], -1)], 1)
    theta = torch.cat([back, -back @ shift[:, :, None]], -1)
    grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False).clamp(0, 1)


def _random_warp(images: Tensor, generator: torch.Generator, *, amount: float, cells: int, probability: float) -> Tensor:
    count, _, height, width = images.shape
    moves = 2 * _uniform(count * 2 * cells * cells, generator, images).view(count, 2, cells, cells) - 1
    chosen = _uniform(count, generator, images) < probability
    moves = 2 * amount * moves * chosen[:, None, None, None]  # an image's side is 2
    field = functional.interpolate(moves, (height, width), mode="bicubic", align_corners=True).movedim(1, -1)
    still = torch.eye(2, 3, device=images.device, dtype=images.dtype).expand(count, 2, 3)
    grid = functional.affine_grid(still, list(images.shape), align_corners=False) + field
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False).clamp(0, 1)


def _random_patches(images: Tensor, generator: torch.Generator, *, share: float, cells: int) -> Tensor:
    count, _, height, width = images.shape
    chosen = (_uniform(count * cells * cells, generator, images) < share).view(count, 1, cells, cells)
    gone = functional.interpolate(chosen.to(images.dtype), (height, width), mode="nearest").bool()
    return torch.where(gone, images.mean((1, 2, 3), keepdim=True), images)


def _random_spectrum(
    images: Tensor, generator: torch.Generator, *, spread: float, noise: float, probability: float
) -> Tensor:
    drawn = torch.randn(images.shape, generator=generator), torch.rand(images.shape, generator=generator)
    disturbed, factors = images + noise * drawn[0].to(images.device), 1 + spread * (2 * drawn[1].to(images.device) - 1)
    rows, columns = (_cosines(side).to(images) for side in images.shape[2:])
    changed = rows.T @ (factors * (rows @ disturbed @ columns.T)) @ columns
    chosen = _uniform(len(images), generator, images) < probability
    return torch.where(chosen[:, None, None, None], changed, images).clamp(0, 1)


@cache
def _cosines(size: int) -> Tensor:
    """The orthonormal cosine transform (DCT-II) of so many values, as a matrix."""
    return torch.from_numpy(dct(np.eye(size), norm="ortho", axis=0))


def _random_resize(images: Tensor, generator: torch.Generator, *, smallest: float) -> Tensor:
    share = smallest + (1 - smallest) * float(torch.rand((), generator=generator))
    size = [round(share * side) for side in images.shape[2:]]
    small = functional.interpolate(images, size, mode="bilinear", antialias=True)
    return functional.interpolate(small, list(images.shape[2:]), mode="bilinear").clamp(0, 1)  # rounding exceeds 1


def _random_jpeg(images: Tensor, generator: torch.Generator, *, lowest: int, highest: int) -> Tensor:
    from kornia.enhance import jpeg_codec_differentiable

    return jpeg_codec_differentiable(images, lowest + (highest - lowest) * _uniform(len(images), generator, images)).clamp(
        0, 1
    )


def _random_light(images: Tensor, generator: torch.Generator, *, strength: float) -> Tensor:
    gain, offset = (strength * (2 * _uniform(2 * len(images), generator, images) - 1)).view(2, -1, 1, 1, 1)
    middle = images.mean((1, 2, 3), keepdim=True).detach()
    return ((images - middle) * (1 + gain) + middle * (1 + offset)).clamp(0, 1)


def _scale_invariance(images: Tensor, generator: torch.Generator, *, copies: int) -> Tensor:
    halvings = (copies * _uniform(len(images), generator, images)).floor()
    return images * (0.5**halvings)[:, None, None, None]


def _uniform(count: int, generator: torch.Generator, like: Tensor) -> Tensor:
    return torch.rand(count, generator=generator).to(like.device)


def _check_cells(cells: int) -> None:
    if not isinstance(cells, int) or cells < 2:
        raise ValueError(f"cells must be a whole number of at least 2, got {cells}")


def _check_probability(probability: float) -> None:
    if not 0 <= probability <= 1:
        raise ValueError(f"probability must be within 0 and 1, got {probability}")
