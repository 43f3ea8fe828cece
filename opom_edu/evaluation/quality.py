"""What does the mask cost? How visible is it?"""

from __future__ import annotations

import pandas as pd
from torch import Tensor

from opom_edu.evaluation.gallery import Masks, masks_by_person
from opom_edu.faces import People, check_images, quantize

SSIM_WINDOW = 11  # pixels, with a Gaussian weight of 1.5 pixels: Wang et al. 2004


def image_quality(images: Tensor, changed: Tensor) -> pd.DataFrame:
    """How close changed images are to the originals, one row per image.

    Args:
        images, changed: ``(N, 3, H, W)`` in [0, 1].

    Returns:
        ``psnr`` in dB, infinite for equal images; ``ssim``, structural similarity (Wang et al. 2004), 1 for equal images.

    Raises:
        ValueError: for invalid images or differing shapes.
    """
    from kornia.metrics import ssim

    check_images(images)
    check_images(changed, name="changed images")
    if images.shape != changed.shape:
        raise ValueError(f"images {tuple(images.shape)} and changed images {tuple(changed.shape)} must have one shape")
    error = (images - changed).square().mean((1, 2, 3))
    structure = ssim(images, changed, SSIM_WINDOW, padding="valid").mean((1, 2, 3))
    return pd.DataFrame({"psnr": (-10 * error.log10()).numpy(), "ssim": structure.numpy()})


def mask_quality(people: People, masks: Masks) -> pd.Series:
    """Mean ``psnr`` and ``ssim`` of everybody's masked test photos, as saved in 8 bit."""
    own = masks_by_person(people, masks)
    tables = [image_quality(p.test, quantize(own[name].apply(p.test))) for name, p in people.items()]
    return pd.concat(tables).mean()
