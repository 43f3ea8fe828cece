"""A convex hull of real photos: which of them carry its nearest point, and what it loses without some."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import traitlets
from torch import Tensor

from opom_edu.faces import Person
from opom_edu.faces.images import check_images, png
from opom_edu.plots import photo_row
from opom_edu.recognizers import Recognizer
from opom_edu.widgets.html import drawing
from opom_edu.widgets.in_page import InPage

HERE = Path(__file__).parent


def hull_photos(recognizer: Recognizer, person: Person, stranger: Tensor, *, photo: int = 0) -> HullPhotos:
    """Take photos out of a person's hull, and move a query from another photo of theirs toward a stranger: the photos that
    carry the nearest point grow.

    Computed in the page, without a kernel. Mouse: the slider and the boxes. Keyboard: Tab, arrow keys, space.

    Args:
        recognizer: whose embeddings.
        person: the hull is of the training photos.
        stranger: ``(1, 3, 112, 112)``.
        photo: number of the test photo from which the query starts.

    Raises:
        ValueError: if there is no such photo, or the stranger is not one photo.

    Example:
        >>> view = hull_photos(surrogate, ada, people.distractors[:1])
        >>> len(view.kept), view.place
        (10, 0.0)
        >>> view.close()
    """
    check_images(stranger, name="stranger")
    if len(stranger) != 1 or not 0 <= photo < len(person.test):
        told = f"got {len(stranger)} and {photo}"
        raise ValueError(f"one stranger and a photo from 0 to {len(person.test) - 1} are wanted, {told}")
    ends = torch.cat([person.test[photo : photo + 1], stranger])
    own, queries = (recognizer.embed(photos).cpu().double() for photos in (person.train, ends))
    pictures = [[f"data:image/png;base64,{png(one)}" for one in photos] for photos in (person.train, ends)]
    made = HullPhotos(
        gram=(own @ own.T).tolist(), inner=(queries @ own.T).tolist(), alike=float(queries[0] @ queries[1]),
        photos=pictures[0], ends=pictures[1], kept=list(range(len(own))),
    )  # fmt: skip
    made.shown = torch.cat([person.train, ends])
    return made


class HullPhotos(InPage):
    """See :func:`hull_photos`.

    Attributes:
        gram, inner, alike: inner products of the photos with one another and with the two ends, and of these.
        kept: numbers of the photos in the hull.
        place: of the query, from 0 (her photo) to 1 (the stranger).
        weights: what the page computed, a weight per photo. Empty until it is shown.

    Example:
        >>> HullPhotos().close()
    """

    _esm = "\n".join((HERE / name).read_text("utf-8") for name in ("hulls.js", "hull_photos.js"))
    _css = HERE / "hull_photos.css"
    gram: Any = traitlets.List().tag(sync=True)
    inner: Any = traitlets.List().tag(sync=True)
    alike = traitlets.Float(0.0).tag(sync=True)
    photos: Any = traitlets.List().tag(sync=True)
    ends: Any = traitlets.List().tag(sync=True)
    kept: Any = traitlets.List().tag(sync=True)
    place = traitlets.Float(0.0).tag(sync=True)
    weights: Any = traitlets.List().tag(sync=True)
    shown: Tensor | None = None

    def still(self) -> str:
        """The figure as HTML without a script."""
        if self.shown is None:
            return ""
        count = len(self.shown) - 2
        titles = [*(f"photo {number + 1}" for number in range(count)), "another of hers", "a stranger"]
        alt = f"{count} photos of a hull, another photo of the same person, and a stranger"
        return drawing(photo_row(self.shown, titles, columns=6), alt)
