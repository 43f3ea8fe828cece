"""What does the mask cost? How visible is it?"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from opom_edu.evaluation.gallery import Masks, masks_by_person
from opom_edu.evaluation.identification import protection
from opom_edu.faces import People, check_images, quantize
from opom_edu.masks import Learner, Mask, RandomNoise
from opom_edu.recognizers import Recognizer

CHUNK = 64  # images at a time: SSIM takes a dozen times their memory
SSIM_WINDOW = 11  # pixels, with a Gaussian weight of 1.5 pixels: Wang et al. 2004


def image_quality(images: Tensor, changed: Tensor) -> pd.DataFrame:
    """How close changed images are to the originals, one row per image.

    Args:
        images, changed: ``(N, 3, H, W)`` in [0, 1].

    Returns:
        ``psnr`` in dB, infinite for equal images; ``ssim``, structural similarity (Wang et al. 2004), 1 for equal images;
        ``visible``, the share of pixels, 0 to 1, whose luminance changed by more than :func:`just_noticeable`.

    Raises:
        ValueError: for invalid images or differing shapes.

    Example:
        >>> image_quality(ada.test[:2], ada.test[:2])
           psnr  ssim  visible
        0   inf   1.0      0.0
        1   inf   1.0      0.0
    """
    from kornia.metrics import ssim

    check_images(images)
    check_images(changed, name="changed images")
    if images.shape != changed.shape:
        raise ValueError(f"images {tuple(images.shape)} and changed images {tuple(changed.shape)} must have one shape")
    tables = []
    for one, other in zip(images.split(CHUNK), changed.split(CHUNK), strict=True):
        error = (one - other).square().mean((1, 2, 3))
        structure = ssim(one, other, SSIM_WINDOW, padding="valid").mean((1, 2, 3))
        seen = (_luminance(other) - _luminance(one)).abs() > just_noticeable(one)
        columns = {"psnr": -10 * error.log10(), "ssim": structure, "visible": seen.float().mean((1, 2, 3))}
        tables.append(pd.DataFrame({name: values.numpy() for name, values in columns.items()}))
    return pd.concat(tables, ignore_index=True)


def mask_quality(people: People, masks: Masks) -> pd.Series:
    """Mean ``psnr``, ``ssim`` and ``visible`` of everybody's masked test photos, as saved in 8 bit.

    Example:
        >>> list(mask_quality(people, masks).index)
        ['psnr', 'ssim', 'visible']
    """
    own = masks_by_person(people, masks)
    tables = [image_quality(p.test, quantize(own[name].apply(p.test))) for name, p in people.items()]
    return pd.concat(tables).mean()


def just_noticeable(images: Tensor) -> Tensor:
    """The least change of luminance that is seen at each pixel, ``(N, 1, H, W)``, as a share of the pixel range.

    After Chou and Li (IEEE Trans. Circuits Syst. Video Technol. 5(6), 1995): the larger of two thresholds, in gray levels of
    255. Luminance adaptation, with the mean luminance b of the 5x5 pixels around: ``17 (1 - sqrt(b / 127)) + 3`` up to 127
    and ``3 (b - 127) / 128 + 3`` above. Contrast masking, with the largest g of four directional differences:
    ``g (0.0001 b + 0.115) + 0.5 - 0.01 b``. A proxy: it looks at single pixels from one distance and at no color, and a
    pattern may be seen where no pixel alone would be.

    Example:
        >>> just_noticeable(ada.test[:2]).shape
        torch.Size([2, 1, 112, 112])
    """
    across = torch.tensor([[0, 0, 0, 0, 0], [1, 3, 8, 3, 1], [0, 0, 0, 0, 0], [-1, -3, -8, -3, -1], [0, 0, 0, 0, 0.0]])
    slanted = torch.tensor([[0, 0, 1, 0, 0], [0, 8, 3, 0, 0], [1, 3, 0, -3, -1], [0, 0, -3, -8, 0], [0, 0, -1, 0, 0.0]])
    around = torch.tensor([[1, 1, 1, 1, 1], [1, 2, 2, 2, 1], [1, 2, 0, 2, 1], [1, 2, 2, 2, 1], [1, 1, 1, 1, 1.0]])
    filters = torch.stack([around / 32, *(part / 16 for part in (across, across.T, slanted, slanted.flip(1)))])[:, None]
    gray = functional.pad(255 * _luminance(images), (2, 2, 2, 2), mode="replicate")
    found = functional.conv2d(gray, filters.to(images))
    mean, contrast = found[:, :1], found[:, 1:].abs().amax(1, keepdim=True)
    adapted = torch.where(mean <= 127, 17 * (1 - (mean / 127).clamp(0).sqrt()), 3 / 128 * (mean - 127)) + 3
    return torch.maximum(adapted, contrast * (0.0001 * mean + 0.115) + 0.5 - 0.01 * mean) / 255


def _luminance(images: Tensor) -> Tensor:
    from kornia.color import rgb_to_grayscale

    return rgb_to_grayscale(images)


def trade_off(recognizers: Sequence[Recognizer], people: People, learners: Sequence[Learner[Mask]]) -> pd.DataFrame:
    """What protection costs in visibility: everybody's masks by each of the methods, for instance one at several eps.

    Returns:
        One row per ``method``, ``levels`` (eps in gray levels of 255) and ``recognizer``: the columns of
        :func:`opom_edu.protection` at rank 1, ``psnr``, ``ssim`` and ``visible`` of :func:`mask_quality`, and ``noise_1``,
        ``psr_1`` of the random noise that is tried at every eps.

    Example:
        >>> trade_off([black_box], people, [OPOM(surrogate, steps=2)])["method"].tolist()
        ['random noise', 'OPOM convex']
    """
    photos, rows = [person.train for person in people.values()], []
    noise = {eps: RandomNoise(eps=eps) for eps in sorted({learner.eps for learner in learners})}
    for learner in [*noise.values(), *(one for one in learners if not isinstance(one, RandomNoise))]:
        masks = learner.fit_many(photos)
        table = protection(recognizers, people, {learner.name: masks}, ranks=(1,))
        rows.append(table.assign(levels=255 * learner.eps, **mask_quality(people, masks)))
    found = pd.concat(rows, ignore_index=True)
    beside = found[found["method"] == "random noise"].set_index(["levels", "recognizer"])["psr_1"]
    return found.join(beside.rename("noise_1"), on=["levels", "recognizer"])
