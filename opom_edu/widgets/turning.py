"""A head that turns under masks: does a mask stay with the face, or with the picture?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import traitlets
from torch import Tensor

from opom_edu.faces.images import check_images, magnification, png
from opom_edu.plots import photo_row
from opom_edu.widgets.html import drawing
from opom_edu.widgets.in_page import InPage

HERE = Path(__file__).parent


def turning(photos: Tensor, worn: Mapping[str, Tensor], yaws: Sequence[float]) -> Turning:
    """Turn a head and see what masks add to each photo.

    Shown in the page, without a kernel. Mouse and keyboard: the slider.

    Args:
        photos: ``(N, 3, 112, 112)``, clean, one for each yaw.
        worn: the same photos under each mask, by the mask's name.
        yaws: of the photos, in degrees, in order.

    Raises:
        ValueError: if there are not as many photos as yaws.

    Example:
        >>> view = turning(ada.test[:2], {"flat": masks["Ada"].apply(ada.test[:2])}, [-20, 20])
        >>> view.frame, view.titles
        (0, ['flat'])
        >>> view.close()
    """
    for name, each in {"photos": photos, **worn}.items():
        if len(check_images(each, name=name)) != len(yaws):
            raise ValueError(f"{name}: there are {len(each)} photos and {len(yaws)} yaws; give one photo for each yaw")
    differences = {name: each - photos for name, each in worn.items()}
    factor = magnification(max(float(one.abs().max()) for one in differences.values()))
    seen = {name: (0.5 + factor * one).clamp(0, 1) for name, one in differences.items()}

    def pictures(frames: Tensor) -> list[str]:
        return [f"data:image/png;base64,{png(one)}" for one in frames]

    made = Turning(
        titles=list(worn),
        photos=[pictures(each) for each in worn.values()],
        masks=[pictures(each) for each in seen.values()],
        yaws=[float(yaw) for yaw in yaws],
        frame=0,
    )
    made.shown = torch.cat([each[[0, -1]] for each in seen.values()])
    return made


class Turning(InPage):
    """See :func:`turning`.

    Attributes:
        frame: the photo that is shown, counted from 0; set it, and the page follows.
        titles: of the masks.

    Example:
        >>> Turning().close()
    """

    _esm = HERE / "turning.js"
    _css = HERE / "turning.css"
    titles: Any = traitlets.List().tag(sync=True)
    photos: Any = traitlets.List().tag(sync=True)
    masks: Any = traitlets.List().tag(sync=True)
    yaws: Any = traitlets.List().tag(sync=True)
    frame = traitlets.Int(0).tag(sync=True)
    shown: Tensor | None = None

    @traitlets.validate("frame")
    def _check_frame(self, proposal: Any) -> int:
        if not 0 <= proposal["value"] < max(1, len(self.yaws)):
            raise ValueError(f"frame must be from 0 to {len(self.yaws) - 1}, got {proposal['value']}")
        return int(proposal["value"])

    def still(self) -> str:
        """The figure as HTML without a script."""
        if self.shown is None:
            return ""
        ends = [f"{self.yaws[0]:.0f}°", f"{self.yaws[-1]:.0f}°"]
        titles = [f"{title}, {end}" for title in self.titles for end in ends]
        return drawing(photo_row(self.shown, titles, columns=4), "what masks add to a head that turns, magnified")
