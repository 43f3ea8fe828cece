"""The vote: ten photos' gradients on one pixel, their mean, and the sign that a step takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import traitlets
from torch import Tensor

from opom_edu.lessons.votes import SHOWN, votes
from opom_edu.plots import photo_row
from opom_edu.recognizers import Recognizer
from opom_edu.widgets.html import drawing
from opom_edu.widgets.in_page import InPage

HERE = Path(__file__).parent


def vote(surrogate: Recognizer, images: Tensor) -> Vote:
    """Click a pixel, and see which way each photo's gradient would change it, what their mean says, and what its sign does.

    Drawn in the page, without a kernel. Mouse: click or drag on the large picture. Keyboard: Tab to it, arrow keys.

    Args:
        surrogate: a recognizer with gradients.
        images: ``(K, 3, 112, 112)`` of one person.

    Raises:
        ValueError: see :func:`opom_edu.lessons.votes.votes`.

    Example:
        >>> view = vote(surrogate, ada.train)
        >>> len(view.votes), len(view.votes[0]), view.place
        (10, 3136, {'x': 28, 'y': 28})
        >>> view.close()
    """
    found = votes(surrogate, images)
    made = Vote(votes=(100 * found).round().int().flatten(1).tolist(), side=SHOWN, place={"x": SHOWN // 2, "y": SHOWN // 2})
    made.shown = found
    return made


class Vote(InPage):
    """See :func:`vote`.

    Attributes:
        votes: of each photo, row by row, from -100 (darker) to 100 (brighter).
        place: ``x`` and ``y`` of the pixel that is looked at; set it, and the page follows.

    Example:
        >>> Vote().close()
    """

    _esm = HERE / "vote.js"
    _css = HERE / "vote.css"
    votes: Any = traitlets.List().tag(sync=True)
    side = traitlets.Int(SHOWN).tag(sync=True)
    place: Any = traitlets.Dict().tag(sync=True)
    shown: Tensor | None = None

    def still(self) -> str:
        """The figure as HTML without a script."""
        if self.shown is None:
            return ""
        pictures = torch.cat([self.shown, self.shown.mean(0).sign()[None]])
        gray = (0.5 + pictures * torch.tensor([4.0] * len(self.shown) + [0.5])[:, None, None]).clamp(0, 1)
        titles = [*(f"photo {number + 1}" for number in range(len(self.shown))), "sign of the mean"]
        figure = photo_row(gray[:, None].repeat(1, 3, 1, 1), titles, columns=6)
        return drawing(figure, "the gradients of ten photos, and the signs of their mean")
