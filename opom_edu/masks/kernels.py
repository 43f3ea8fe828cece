"""What the transforms compute: each takes images ``(N, 3, H, W)`` in [0, 1], a generator and its parameters.

:mod:`opom_edu.masks.transforms` explains the parameters and checks them.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import torch
from scipy.fft import dct
from torch import Tensor
from torch.nn import functional


def random_flip(images: Tensor, generator: torch.Generator, *, probability: float) -> Tensor:
    """Some mirrored."""
    chosen = _uniform(len(images), generator, images) < probability
    return torch.where(chosen[:, None, None, None], images.flip(-1), images)


def input_diversity(images: Tensor, generator: torch.Generator, *, smallest: float, probability: float) -> Tensor:
    """Some shrunk and put somewhere on black."""
    count = len(images)
    chosen = _uniform(count, generator, images) < probability
    side = torch.where(chosen, smallest + (1 - smallest) * _uniform(count, generator, images), 1.0)
    shifts = [(1 - side) * (2 * _uniform(count, generator, images) - 1) for _ in range(2)]
    return _moved(images, torch.zeros_like(side), side, torch.stack(shifts, -1))


def random_affine(
    images: Tensor, generator: torch.Generator, *, degrees: float, scale: float, shift: float, probability: float
) -> Tensor:
    """Some turned, scaled and moved."""
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


def random_warp(images: Tensor, generator: torch.Generator, *, amount: float, cells: int, probability: float) -> Tensor:
    """Some bent by a smooth field."""
    count, _, height, width = images.shape
    moves = 2 * _uniform(count * 2 * cells * cells, generator, images).view(count, 2, cells, cells) - 1
    chosen = _uniform(count, generator, images) < probability
    moves = 2 * amount * moves * chosen[:, None, None, None]  # an image's side is 2
    field = functional.interpolate(moves, (height, width), mode="bicubic", align_corners=True).movedim(1, -1)
    still = torch.eye(2, 3, device=images.device, dtype=images.dtype).expand(count, 2, 3)
    grid = functional.affine_grid(still, list(images.shape), align_corners=False) + field
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False).clamp(0, 1)


def random_patches(images: Tensor, generator: torch.Generator, *, share: float, cells: int) -> Tensor:
    """Patches replaced by the mean."""
    count, _, height, width = images.shape
    chosen = (_uniform(count * cells * cells, generator, images) < share).view(count, 1, cells, cells)
    gone = functional.interpolate(chosen.to(images.dtype), (height, width), mode="nearest").bool()
    return torch.where(gone, images.mean((1, 2, 3), keepdim=True), images)


def random_spectrum(
    images: Tensor, generator: torch.Generator, *, spread: float, noise: float, probability: float
) -> Tensor:
    """Some with noise, and with other frequencies."""
    drawn = [draw(images.shape, generator=generator, dtype=torch.float32) for draw in (torch.randn, torch.rand)]
    disturbed, factors = images + noise * drawn[0].to(images.device), 1 + spread * (2 * drawn[1].to(images.device) - 1)
    rows, columns = (_cosines(side).to(images) for side in images.shape[2:])
    changed = rows.T @ (factors * (rows @ disturbed @ columns.T)) @ columns
    chosen = _uniform(len(images), generator, images) < probability
    return torch.where(chosen[:, None, None, None], changed, images).clamp(0, 1)


@cache
def _cosines(size: int) -> Tensor:
    """The orthonormal cosine transform (DCT-II) of so many values, as a matrix."""
    return torch.from_numpy(dct(np.eye(size), norm="ortho", axis=0))


def random_resize(images: Tensor, generator: torch.Generator, *, smallest: float) -> Tensor:
    """All shrunk and enlarged again."""
    share = smallest + (1 - smallest) * float(torch.rand((), generator=generator, dtype=torch.float32))
    size = [round(share * side) for side in images.shape[2:]]
    small = functional.interpolate(images, size, mode="bilinear", antialias=True)
    return functional.interpolate(small, list(images.shape[2:]), mode="bilinear").clamp(0, 1)  # rounding exceeds 1


def random_jpeg(images: Tensor, generator: torch.Generator, *, lowest: int, highest: int) -> Tensor:
    """Each compressed."""
    from kornia.enhance import jpeg_codec_differentiable

    quality = lowest + (highest - lowest) * _uniform(len(images), generator, images)
    return jpeg_codec_differentiable(images, quality).clamp(0, 1)


def random_light(images: Tensor, generator: torch.Generator, *, strength: float) -> Tensor:
    """Each of other brightness and contrast."""
    gain, offset = (strength * (2 * _uniform(2 * len(images), generator, images) - 1)).view(2, -1, 1, 1, 1)
    middle = images.mean((1, 2, 3), keepdim=True).detach()
    return ((images - middle) * (1 + gain) + middle * (1 + offset)).clamp(0, 1)


def scale_invariance(images: Tensor, generator: torch.Generator, *, copies: int) -> Tensor:
    """Each halved so many times."""
    halvings = (copies * _uniform(len(images), generator, images)).floor()
    return images * (0.5**halvings)[:, None, None, None]


def _uniform(count: int, generator: torch.Generator, like: Tensor) -> Tensor:
    return torch.rand(count, generator=generator, dtype=torch.float32).to(like.device)
