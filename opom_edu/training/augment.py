"""What a training photo goes through, so that a recognizer learns people rather than pixels."""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn import functional

SHIFT, SCALE = 2 / 112, 0.03  # of a crop: what a landmark detector is off by


def augment(images: Tensor, generator: Generator) -> Tensor:
    """A new look of each image: moved, relit, blurred, partly covered.

    Args:
        images: ``(N, 3, H, W)`` in [0, 1], on any device.
        generator: of all chance, on the CPU.

    Returns:
        Images of the same shape, in [0, 1].

    Example:
        >>> seen = augment(torch.rand(4, 3, 112, 112), torch.Generator().manual_seed(0))
        >>> seen.shape, bool((seen >= 0).all() and (seen <= 1).all())
        (torch.Size([4, 3, 112, 112]), True)
    """
    for change in (_moved, _relit, _blurred, _covered):
        images = change(images, generator)
    return images.clamp_(0, 1)


def _moved(images: Tensor, generator: Generator) -> Tensor:
    """Mirrored (half of them), shifted by up to 2 pixels and scaled by up to 3 %; borders repeat."""
    count = len(images)
    mirror = torch.where(_uniform(count, generator, 0, 1) < 0.5, 1.0, -1.0)
    scale = 1 + _uniform(count, generator, -SCALE, SCALE)
    zero = torch.zeros(count)
    right, down = (2 * _uniform(count, generator, -SHIFT, SHIFT) for _ in range(2))
    matrices = torch.stack([mirror * scale, zero, right, zero, scale, down], 1).unflatten(1, (2, 3))
    grid = functional.affine_grid(matrices.to(images.device), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _relit(images: Tensor, generator: Generator) -> Tensor:
    """Contrast, brightness and white balance changed; one in ten without color."""
    count, device = len(images), images.device
    gain = 1 + _uniform((count, 1), generator, -0.25, 0.25) + _uniform((count, 3), generator, -0.08, 0.08)
    offset = _uniform((count, 1), generator, -0.12, 0.12)
    # gain * (x - 0.5) + 0.5 + offset, in one pass
    images = images * gain[..., None, None].to(device) + (0.5 + offset - 0.5 * gain)[..., None, None].to(device)
    gray = (_uniform(count, generator, 0, 1) < 0.1).nonzero()[:, 0].to(device)
    images[gray] = images[gray].mean(1, keepdim=True)
    return images


def _blurred(images: Tensor, generator: Generator) -> Tensor:
    """One in eight shrunk to between a third and two thirds of its size, and enlarged again."""
    height, width = images.shape[-2:]
    chosen = (_uniform(len(images), generator, 0, 1) < 0.125).nonzero()[:, 0].to(images.device)
    share = float(_uniform(1, generator, 0.35, 0.65))
    if len(chosen):
        small = functional.interpolate(images[chosen], (round(share * height), round(share * width)), mode="bilinear")
        images[chosen] = functional.interpolate(small, (height, width), mode="bilinear")
    return images


def _covered(images: Tensor, generator: Generator) -> Tensor:
    """One in eight with a rectangle of one color over up to a sixth of it."""
    count, _, height, width = images.shape
    sides = _uniform((count, 2), generator, 0.1, 0.4)
    corners = _uniform((count, 2), generator, 0, 1) * (1 - sides)
    colors = _uniform((count, 3, 1, 1), generator, 0, 1).to(images.device)
    chosen = (_uniform(count, generator, 0, 1) < 0.125).tolist()
    for i in (i for i in range(count) if chosen[i]):
        top, left = int(corners[i, 0] * height), int(corners[i, 1] * width)
        images[i, :, top : top + int(sides[i, 0] * height), left : left + int(sides[i, 1] * width)] = colors[i]
    return images


def _uniform(shape: int | tuple[int, ...], generator: Generator, low: float, high: float) -> Tensor:
    return torch.empty(shape).uniform_(low, high, generator=generator)
