"""A blind test: from which epsilon on does one see that a photo is masked?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import traitlets
from torch import Tensor

from opom_edu.faces import quantize
from opom_edu.faces.images import check_images, png
from opom_edu.masks import Mask
from opom_edu.plots import photo_row
from opom_edu.widgets.html import drawing
from opom_edu.widgets.in_page import InPage

HERE = Path(__file__).parent


def blind_test(photos: Tensor, masks: Mapping[int, Mask], curve: Mapping[int, float] | None = None) -> BlindTest:
    """Guess which of two photos is masked; a staircase finds the level from which on one sees it (Levitt 1971).

    Shown in the page, without a kernel. Mouse: click a photo. Keyboard: 1 and 2.

    Args:
        photos: ``(N, 3, 112, 112)``, some clean ones.
        masks: by the gray levels of their epsilon, two at least.
        curve: by gray levels, a PSR in percent: where it lies at the level that was found is drawn in the end.

    Raises:
        ValueError: for fewer than two masks, or no photo.

    Example:
        >>> test = blind_test(ada.test[:2], {4: masks["Ada"], 8: masks["Ada"]}, curve={4: 60.0, 8: 90.0})
        >>> test.levels, test.found
        ([4, 8], None)
        >>> test.close()
    """
    check_images(photos, name="photos")
    if len(masks) < 2:
        raise ValueError(f"masks of two levels at least are wanted, got {len(masks)}")
    levels = sorted(masks)
    pictures = {
        "clean": [_picture(photo) for photo in photos],
        "masked": [[_picture(photo) for photo in quantize(masks[level].apply(photos))] for level in levels],
    }
    made = BlindTest(levels=levels, curve=[[level, rate] for level, rate in sorted((curve or {}).items())], **pictures)
    made.pair = photos[0], quantize(masks[levels[-1]].apply(photos[:1]))[0], levels[-1]
    return made


class BlindTest(InPage):
    """See :func:`blind_test`.

    Attributes:
        levels, curve: what is asked and drawn.
        trials: of each answer, the level and whether it was right.
        found: the level from which on the mask is seen; None until the test is over.

    Example:
        >>> BlindTest().close()
    """

    _esm = HERE / "blind.js"
    _css = HERE / "blind.css"
    levels = traitlets.List(traitlets.Int()).tag(sync=True)
    clean: Any = traitlets.List().tag(sync=True)
    masked: Any = traitlets.List().tag(sync=True)
    curve: Any = traitlets.List().tag(sync=True)
    draws: Any = traitlets.List().tag(sync=True)  # in place of chance, for tests
    trials: Any = traitlets.List().tag(sync=True)
    found = traitlets.Float(None, allow_none=True).tag(sync=True)
    pair: tuple[Tensor, Tensor, int] | None = None

    def still(self) -> str:
        """The figure as HTML without a script."""
        if self.pair is None:
            return ""
        clean, masked, level = self.pair
        figure = photo_row(torch.stack([clean, masked]), ["clean", f"masked, {level} levels"], side=2.2)
        return drawing(figure, f"a photo without a mask and with one of {level} levels")


def _picture(photo: Tensor) -> str:
    return f"data:image/png;base64,{png(photo)}"
