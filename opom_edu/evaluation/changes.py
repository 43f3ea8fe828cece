"""What a photo goes through after it was protected, and what an adversary does to wash a mask off: by OpenCV.

Each function takes a batch ``(N, 3, H, W)`` in [0, 1] and a severity, and returns the changed batch, rounded to 8 bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from opom_edu.faces import check_images, quantize
from opom_edu.faces.images import as_bytes, as_floats
from opom_edu.faces.photos import Pixels

SCREEN = 1.37  # how much larger than the photo a screen shows it: no whole number, so that no pixel stays one


def rounding(images: Tensor, bits: float) -> Tensor:
    """Fewer gray levels: ``bits`` per channel, 1 to 8.

    Example:
        >>> rounding(ada.test[:1], 4).shape
        torch.Size([1, 3, 112, 112])
    """
    top = 2 ** round(bits) - 1
    return quantize((images * top).round() / top)


def jpeg(images: Tensor, quality: float) -> Tensor:
    """Saved as JPEG of a quality from 1 to 100, colors at half the resolution, as most programs do.

    Example:
        >>> jpeg(ada.test[:1], 50).shape
        torch.Size([1, 3, 112, 112])
    """
    return _each(images, lambda pixels: _coded(pixels, ".jpg", cv2.IMWRITE_JPEG_QUALITY, quality))


def webp(images: Tensor, quality: float) -> Tensor:
    """Saved as lossy WebP of a quality from 1 to 100.

    Example:
        >>> webp(ada.test[:1], 50).shape
        torch.Size([1, 3, 112, 112])
    """
    return _each(images, lambda pixels: _coded(pixels, ".webp", cv2.IMWRITE_WEBP_QUALITY, quality))


def resize(images: Tensor, share: float) -> Tensor:
    """Shrunk to a share of its sides (pixel areas), above 0 and up to 1, and enlarged again (bicubic).

    Example:
        >>> resize(ada.test[:1], 0.5).shape
        torch.Size([1, 3, 112, 112])
    """
    return _each(images, lambda pixels: _scaled(_scaled(pixels, share), 1 / share, like=pixels))


def blur(images: Tensor, sigma: float) -> Tensor:
    """Gaussian blur; ``sigma`` in pixels, 0 for none.

    Example:
        >>> blur(ada.test[:1], 1).shape
        torch.Size([1, 3, 112, 112])
    """
    return _each(images, lambda pixels: cv2.GaussianBlur(pixels, (0, 0), sigma) if sigma else pixels)


def noise(images: Tensor, sigma: float) -> Tensor:
    """Gaussian noise of a standard deviation in gray levels of 255; the same for the same batch.

    Example:
        >>> noise(ada.test[:1], 4).shape
        torch.Size([1, 3, 112, 112])
    """
    drawn = torch.randn(images.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float32)
    return quantize((images + sigma / 255 * drawn).clamp(0, 1))


def brightness(images: Tensor, factor: float) -> Tensor:
    """Every value times ``factor``, clipped at white.

    Example:
        >>> brightness(ada.test[:1], 0.7).shape
        torch.Size([1, 3, 112, 112])
    """
    return quantize((images * factor).clamp(0, 1))


def shift(images: Tensor, pixels: float) -> Tensor:
    """Cropped otherwise: moved by whole pixels to the right and down; borders repeat.

    Example:
        >>> shift(ada.test[:1], 2).shape
        torch.Size([1, 3, 112, 112])
    """
    by, (height, width) = round(pixels), images.shape[-2:]
    return quantize(functional.pad(images, (by, 0, by, 0), mode="replicate")[..., :height, :width])


def screenshot(images: Tensor, rounds: float) -> Tensor:
    """Shown larger on a screen, captured, saved as JPEG of quality 80 and shrunk again, so many times.

    Example:
        >>> screenshot(ada.test[:1], 1).shape
        torch.Size([1, 3, 112, 112])
    """

    def shot(pixels: Pixels) -> Pixels:
        for _ in range(round(rounds)):
            shown = _coded(_scaled(pixels, SCREEN), ".jpg", cv2.IMWRITE_JPEG_QUALITY, 80)
            pixels = _scaled(shown, 1 / SCREEN, like=pixels)
        return pixels

    return _each(images, shot)


def median(images: Tensor, width: float) -> Tensor:
    """The median of a window, an odd number of pixels wide.

    Example:
        >>> median(ada.test[:1], 3).shape
        torch.Size([1, 3, 112, 112])
    """
    return _each(images, lambda pixels: cv2.medianBlur(pixels, round(width)))


def bilateral(images: Tensor, levels: float, width: int = 15) -> Tensor:
    """The mean of nearby pixels that differ by few gray levels: smooth, edges kept (Tomasi and Manduchi, ICCV 1998).

    Example:
        >>> bilateral(ada.test[:1], 20).shape
        torch.Size([1, 3, 112, 112])
    """
    return _each(images, lambda pixels: cv2.bilateralFilter(pixels, width, levels, width / 3) if levels else pixels)


def nonlocal_means(images: Tensor, levels: float) -> Tensor:
    """The mean of pixels whose surroundings look alike (Buades et al., CVPR 2005); ``levels``, the strength, 0 for none.

    Example:
        >>> nonlocal_means(ada.test[:1], 10).shape
        torch.Size([1, 3, 112, 112])
    """
    denoise = cv2.fastNlMeansDenoisingColored
    return _each(images, lambda pixels: denoise(pixels, None, levels, levels, 5, 11) if levels else pixels)


@dataclass(frozen=True)
class Change:
    """A function of images and a severity, the severities to try, mild ones first, and the unit they are in.

    Example:
        >>> change = CHANGES["JPEG"]
        >>> change.apply(ada.test, 50).shape, change.unit
        (torch.Size([10, 3, 112, 112]), 'quality')
    """

    apply: Callable[[Tensor, float], Tensor]
    severities: tuple[float, ...]
    unit: str


# What happens to any photo...
CHANGES = {
    "rounding": Change(rounding, (8, 6, 5, 4, 3), "bits"),
    "JPEG": Change(jpeg, (95, 90, 75, 50, 30), "quality"),
    "WebP": Change(webp, (95, 90, 75, 50, 30), "quality"),
    "resizing": Change(resize, (1, 0.75, 0.5, 0.35, 0.25), "share of the side"),
    "blur": Change(blur, (0, 0.5, 1, 1.5, 2), "sigma, pixels"),
    "noise": Change(noise, (0, 2, 4, 8, 16), "sigma, gray levels"),
    "darker": Change(brightness, (1, 0.8, 0.7, 0.6, 0.5), "factor"),
    "brighter": Change(brightness, (1, 1.15, 1.3, 1.45, 1.6), "factor"),
    "shift": Change(shift, (0, 1, 2, 3, 4), "pixels"),
    "screenshots": Change(screenshot, (0, 1, 2, 3, 5), "one after another"),
}
# ... and what is done to a photo on purpose.
PURIFIERS = {
    "median": Change(median, (1, 3, 5, 7), "window, pixels"),
    "bilateral": Change(bilateral, (0, 10, 20, 30, 50), "gray levels"),
    "non-local means": Change(nonlocal_means, (0, 5, 10, 15, 20), "strength, gray levels"),
}


def _each(images: Tensor, function: Callable[[Pixels], Pixels]) -> Tensor:
    changed = [function(np.ascontiguousarray(pixels)) for pixels in as_bytes(check_images(images))]
    return as_floats(np.stack(changed)).to(images.device)


def _coded(pixels: Pixels, kind: str, option: int, quality: float) -> Pixels:
    _, data = cv2.imencode(kind, pixels[..., ::-1], [option, round(quality)])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1])


def _scaled(pixels: Pixels, factor: float, like: Pixels | None = None) -> Pixels:
    height, width = like.shape[:2] if like is not None else (max(1, round(factor * side)) for side in pixels.shape[:2])
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
