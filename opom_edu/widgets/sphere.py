"""The turnable sphere: a person's photos, strangers, and the way of the photos under a mask."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import traitlets
from torch import Tensor

from opom_edu.faces import Person
from opom_edu.lessons.sphere import Sphere, sphere_of
from opom_edu.masks import Method
from opom_edu.plots.dots import ball
from opom_edu.widgets.html import drawing
from opom_edu.widgets.in_page import InPage

HERE = Path(__file__).parent


def sphere(method: Method, person: Person, strangers: Tensor) -> SphereView:
    """Learn a mask, and turn the sphere on which the surrogate's embeddings lie, seen along three directions.

    Drawn in the page, without a kernel. Mouse: drag. Keyboard: Tab to the ball, arrow keys. The slider walks through steps.

    Args:
        method: how to learn.
        person: whose mask.
        strangers: ``(M, 3, 112, 112)``, two at least.

    Raises:
        ValueError: for fewer than two strangers.

    Example:
        >>> from opom_edu import OPOM
        >>> view = sphere(OPOM(surrogate, steps=2), ada, people.distractors)
        >>> view.step, len(view.own), len(view.path)
        (2, 10, 3)
        >>> view.close()
    """
    return SphereView(sphere_of(method, person, strangers))


class SphereView(InPage):
    """See :func:`sphere`.

    Attributes:
        own, hull, strangers, path, line: see :class:`opom_edu.lessons.sphere.Sphere`, as lists; None for no line.
        step: which step is shown; set it, and the page follows.

    Example:
        >>> import torch
        >>> view = SphereView(Sphere(torch.rand(2, 3), torch.rand(6, 3), torch.rand(5, 3), torch.rand(4, 2, 3), 0.5))
        >>> view.step
        3
        >>> view.close()
    """

    _esm = HERE / "sphere.js"
    _css = HERE / "sphere.css"
    own: Any = traitlets.List().tag(sync=True)
    hull: Any = traitlets.List().tag(sync=True)
    strangers: Any = traitlets.List().tag(sync=True)
    path: Any = traitlets.List().tag(sync=True)
    line = traitlets.Float(allow_none=True).tag(sync=True)
    step = traitlets.Int().tag(sync=True)

    def __init__(self, seen: Sphere) -> None:
        places = {name: getattr(seen, name).tolist() for name in ("own", "hull", "strangers", "path")}
        super().__init__(**places, line=None if math.isnan(seen.line) else seen.line, step=len(seen.path) - 1)
        self._seen = seen

    @traitlets.validate("step")
    def _check_step(self, proposal: Any) -> int:
        if not 0 <= proposal["value"] < max(1, len(self.path)):
            raise ValueError(f"step must be from 0 to {len(self.path) - 1}, got {proposal['value']}")
        return int(proposal["value"])

    def still(self) -> str:
        """The ball as HTML without a kernel."""
        mean = float(self._seen.path[self.step, :, 0].mean())
        alt = f"{len(self.strangers)} strangers and {len(self.own)} photos, under the mask {mean:.2f} like their center"
        places = (places.numpy() for places in (self._seen.own, self._seen.strangers, self._seen.path[: self.step + 1]))
        return drawing(ball(*places), alt)
