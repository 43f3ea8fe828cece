"""What an image batch is, checked in one place: float32 ``(N, 3, H, W)``, RGB, in [0, 1]."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

SIZE = 112  # pixels on a side of an aligned crop


def check_images(images: Tensor, *, size: int | None = None, name: str = "images", values: bool = True) -> Tensor:
    """Return ``images`` if it is a valid batch; ``size`` also fixes H = W. Without ``values`` only its form is checked.

    Raises:
        ValueError: naming what was received and what to do, for a wrong type, shape, channel order, range, or NaN.

    Example:
        >>> check_images(torch.zeros(2, 3, 112, 112)).shape
        torch.Size([2, 3, 112, 112])
        >>> check_images(torch.zeros(3, 112, 112))
        Traceback (most recent call last):
            ...
        ValueError: images (3, 112, 112) are one image; add a batch dimension with images[None]
    """
    if not isinstance(images, Tensor):
        hints = {
            "list": "; use torch.stack(images)",
            "ndarray": "; use torch.from_numpy(a).permute(0, 3, 1, 2).float() / 255",
        }
        kind = type(images).__name__
        raise ValueError(f"{name} must be a torch tensor (N, 3, H, W), got {kind}{hints.get(kind, '')}")
    shape = tuple(images.shape)
    if images.ndim == 4 and shape[1] != 3 and shape[3] == 3:
        raise ValueError(f"{name} {shape} have their channels last; use images.permute(0, 3, 1, 2)")
    if images.ndim == 3:
        raise ValueError(f"{name} {shape} are one image; add a batch dimension with images[None]")
    if images.ndim != 4 or shape[1] != 3:
        raise ValueError(f"{name} must have shape (N, 3, H, W), got {shape}")
    if size is not None and shape[2:] != (size, size):
        raise ValueError(f"{name} must be {size}x{size} aligned crops, got {shape[2]}x{shape[3]}")
    if images.dtype != torch.float32:
        hint = "; use images.float() / 255" if images.dtype == torch.uint8 else "; use images.float()"
        raise ValueError(f"{name} must be float32, got {images.dtype}{hint}")
    if values and images.numel():
        low, high = (float(value) for value in torch.aminmax(images.detach()))
        if not (low >= 0 and high <= 1):  # a NaN makes both comparisons false
            hint = "; divide by 255" if low >= 0 and 1 < high <= 255 else ""
            raise ValueError(f"{name} must lie in [0, 1] without NaN, got {low:.4g} to {high:.4g}{hint}")
    return images


def from_pixels(crops: Sequence[NDArray[np.uint8]]) -> Tensor:
    """Aligned crops, each ``(112, 112, 3)`` uint8 RGB, as an image batch ``(N, 3, 112, 112)`` in [0, 1].

    Example:
        >>> from_pixels([np.full((112, 112, 3), 255, np.uint8)]).shape
        torch.Size([1, 3, 112, 112])
    """
    return as_floats(np.array(crops, np.uint8).reshape(-1, SIZE, SIZE, 3)).contiguous()


def as_floats(pixels: NDArray[np.uint8]) -> Tensor:
    """Images ``(..., H, W, 3)`` uint8 as ``(..., 3, H, W)`` in [0, 1], laid out in memory as they were.

    Example:
        >>> as_floats(np.full((4, 5, 3), 51, np.uint8))[:, 0, 0]
        tensor([0.2000, 0.2000, 0.2000])
    """
    return torch.from_numpy(pixels).movedim(-1, -3).float().div(255)


def as_bytes(images: Tensor) -> NDArray[np.uint8]:
    """Images ``(..., 3, H, W)`` in [0, 1] as ``(..., H, W, 3)`` uint8, rounded as :func:`quantize` does.

    Example:
        >>> as_bytes(torch.full((3, 1, 1), 0.5)).tolist()
        [[[128, 128, 128]]]
    """
    return np.asarray(images.mul(255).round().byte().movedim(-3, -1).cpu().numpy())


def quantize(images: Tensor) -> Tensor:
    """Round to 8 bit, as saving a photo does; still floats in [0, 1].

    Example:
        >>> quantize(torch.tensor([0.5004])) * 255
        tensor([128.])
    """
    return images.mul(255).round().div(255)


def magnification(eps: float) -> float:
    """How many times a mask's values are multiplied so that ``eps`` shows as black or white; 1 for an ``eps`` of 0.

    Example:
        >>> magnification(0.25)
        2.0
    """
    return 0.5 / eps if eps else 1.0


def png(image: Tensor, kind: str = "PNG", **options: int) -> str:
    """An image ``(3, H, W)`` in [0, 1] as base64 of a PNG, or of another ``kind`` of file that Pillow writes.

    ``options`` are those with which Pillow writes it, such as ``quality``.

    Example:
        >>> png(torch.zeros(3, 8, 8))[:5], png(torch.zeros(3, 8, 8), "JPEG", quality=80)[:5]
        ('iVBOR', '/9j/4')
    """
    buffer = io.BytesIO()
    Image.fromarray(as_bytes(image)).save(buffer, kind, **options)
    return base64.b64encode(buffer.getvalue()).decode()
