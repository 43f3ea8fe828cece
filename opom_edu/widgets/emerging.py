"""A mask that emerges while an adversary averages protected photos of one person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import traitlets
from torch import Tensor
from torch.nn import functional

from opom_edu.evaluation import estimate_mask
from opom_edu.faces import quantize
from opom_edu.faces.images import check_images, magnification, png
from opom_edu.masks import Mask
from opom_edu.plots import photo_row
from opom_edu.widgets.html import drawing
from opom_edu.widgets.in_page import InPage

HERE = Path(__file__).parent


def emerging(photos: Tensor, mask: Mask) -> Emerging:
    """See how close an adversary comes to a mask with one, two, ten protected photos; see
    :func:`opom_edu.evaluation.estimate_mask`.

    Shown in the page, without a kernel. Mouse and keyboard: the slider.

    Args:
        photos: ``(N, 3, 112, 112)``, clean; the mask is laid over them, and they are saved in 8 bit.
        mask: the person's.

    Example:
        >>> view = emerging(ada.test[:3], masks["Ada"])
        >>> view.count, len(view.cosines), view.cosines[2] > view.cosines[0]
        (1, 3, True)
        >>> view.close()
    """
    check_images(photos, name="photos")
    worn, factor = quantize(mask.apply(photos)), magnification(mask.eps)
    found = [estimate_mask(worn[:count], eps=mask.eps) for count in range(1, len(worn) + 1)]
    cosines = [float(functional.cosine_similarity(one.flatten(), mask.delta.flatten(), dim=0)) for one in found]
    seen = torch.stack([(0.5 + one * factor).clamp(0, 1) for one in (*found, mask.delta)])
    pictures = [f"data:image/png;base64,{png(one)}" for one in (*worn, *seen)]
    made = Emerging(
        photos=pictures[: len(worn)], estimates=pictures[len(worn) : -1], mask=pictures[-1], cosines=cosines, count=1
    )
    made.shown = seen[[0, -2, -1]]
    return made


class Emerging(InPage):
    """See :func:`emerging`.

    Attributes:
        cosines: of the estimate from the first photos, as many as its place says, with the mask.
        count: photos that the adversary has; set it, and the page follows.

    Example:
        >>> Emerging().close()
    """

    _esm = HERE / "emerging.js"
    _css = HERE / "emerging.css"
    photos: Any = traitlets.List().tag(sync=True)
    estimates: Any = traitlets.List().tag(sync=True)
    mask = traitlets.Unicode().tag(sync=True)
    cosines: Any = traitlets.List().tag(sync=True)
    count = traitlets.Int(1).tag(sync=True)
    shown: Tensor | None = None

    @traitlets.validate("count")
    def _check_count(self, proposal: Any) -> int:
        if not 1 <= proposal["value"] <= max(1, len(self.cosines)):
            raise ValueError(f"count must be from 1 to {len(self.cosines)}, got {proposal['value']}")
        return int(proposal["value"])

    def still(self) -> str:
        """The figure as HTML without a script."""
        if self.shown is None:
            return ""
        titles = ["from 1 photo", f"from {len(self.cosines)}", "the mask"]
        alt = f"estimates of a mask, cosine {self.cosines[0]:.2f} and {self.cosines[-1]:.2f}, and the mask"
        return drawing(photo_row(self.shown, titles), alt)
