"""The hull playground: drag the photos of an identity and a query in the plane, and see four hulls at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import traitlets

from opom_edu.hulls import AffineHull, ClassCenter, ConvexHull, Hull, ReducedHull
from opom_edu.plots.hulls import hull_panels
from opom_edu.widgets.html import drawing
from opom_edu.widgets.in_page import InPage

HERE = Path(__file__).parent
MOST = 20  # points
FAR = 1e3  # from so far away the nearest points of a region draw its border
PRESETS: dict[str, dict[str, list[Any]]] = {
    "spread": {
        "points": [[-0.75, -0.1], [-0.3, 0.55], [0.2, 0.3], [0.25, -0.45], [-0.35, -0.65], [-0.2, -0.05]],
        "query": [0.8, 0.35],
    },
    "cluster": {
        "points": [[-0.55, 0.0], [-0.35, 0.2], [-0.45, -0.2], [-0.25, -0.05], [-0.6, 0.2], [0.6, -0.6]],
        "query": [0.85, -0.1],
    },
    "collinear": {"points": [[-0.6, -0.3], [-0.2, -0.1], [0.0, 0.0], [0.2, 0.1]], "query": [0.6, 0.7]},
    "query inside": {"points": [[-0.7, -0.5], [-0.6, 0.6], [0.1, 0.75], [0.7, 0.2], [0.3, -0.7]], "query": [0.0, 0.05]},
}


def hull_playground(
    points: Sequence[Sequence[float]] | None = None, query: Sequence[float] | None = None, upper: float = 0.5
) -> HullPlayground:
    """Drag an identity's features and a query in the plane; see the four hulls, nearest points and ways out side by side.

    Computed in the page, without a kernel. Mouse: drag, double-click to add. Keyboard: Tab to a point, arrow keys (with
    Shift: finer), Delete.

    Args:
        points: ``(K, 2)`` with K from 1 to 20, within -1 to 1; by default the first of ``PRESETS``.
        query: ``(2,)``, within -1 to 1.
        upper: the largest weight in the reduced hull, from 0 to 1; less than 1 / K counts as 1 / K.

    Raises:
        ValueError: for points, a query or a bound of another shape or outside of these ranges.

    Example:
        >>> playground = hull_playground([[0, 0], [1, 0], [0, 1]], query=[1, 1])
        >>> type(playground).__name__
        'HullPlayground'
        >>> playground.close()
    """
    first = next(iter(PRESETS.values()))
    points = first["points"] if points is None else points
    query = first["query"] if query is None else query
    return HullPlayground(points=_plain(points), query=_plain(query), upper=upper)


class HullPlayground(InPage):
    """See :func:`hull_playground`.

    Attributes:
        points, query, upper: what is shown; set them, and the page follows.
        results: what the page computed: by hull ``nearest``, ``distance``, ``gradient`` of the distance and ``weights``
            (None inside a polygon, where many weights give the same point). Empty until it is shown.

    Example:
        >>> playground = HullPlayground()
        >>> playground.close()
    """

    _esm = HERE / "hull_playground.js"
    _css = HERE / "hull_playground.css"
    points: Any = traitlets.List().tag(sync=True)
    query: Any = traitlets.List().tag(sync=True)
    upper = traitlets.Float(0.5).tag(sync=True)
    presets = traitlets.Dict(PRESETS).tag(sync=True)
    results = traitlets.Dict().tag(sync=True)

    @traitlets.validate("points")
    def _check_points(self, proposal: Any) -> list[list[float]]:
        points = [_place(point) for point in _plain(proposal["value"])]
        if not 1 <= len(points) <= MOST:
            raise ValueError(f"1 to {MOST} points are wanted, got {len(points)}")
        return points

    @traitlets.validate("query")
    def _check_query(self, proposal: Any) -> list[float]:
        return _place(_plain(proposal["value"]))

    @traitlets.validate("upper")
    def _check_upper(self, proposal: Any) -> float:
        if not 0 <= proposal["value"] <= 1:
            raise ValueError(f"upper is the largest weight, from 0 to 1, got {proposal['value']}")
        return float(proposal["value"])

    def hulls(self) -> dict[str, Hull]:
        """The four hulls of the present points, by :mod:`opom_edu.hulls`: what ``results`` should agree with."""
        features = torch.tensor(self.points, dtype=torch.float64)
        upper = max(self.upper, 1 / len(features))
        hulls = (ClassCenter(features), ReducedHull(features, upper=upper), ConvexHull(features), AffineHull(features))
        return dict(zip(("center", "reduced", "convex", "affine"), hulls, strict=True))

    def still(self) -> str:
        """The playground as HTML without a kernel."""
        query = torch.tensor([self.query], dtype=torch.float64)
        turn = torch.linspace(0, 2 * torch.pi, 721, dtype=torch.float64)
        around = FAR * torch.stack((turn.cos(), turn.sin()), -1)
        hulls = self.hulls()
        nearest = {name: hull.project(query)[0].numpy() for name, hull in hulls.items()}
        borders = {name: hull.project(around).numpy() for name, hull in hulls.items()}
        told = ", ".join(f"{name} {float(hull.distance(query)):.3f}" for name, hull in hulls.items())
        alt = f"Four hulls of {len(self.points)} points in the plane; distances of the query: {told}"
        return drawing(hull_panels(hulls["center"].features.numpy(), query[0].numpy(), borders, nearest), alt)


def _plain(values: Any) -> list[Any]:
    """Arrays and tensors as lists."""
    return list(values.tolist() if hasattr(values, "tolist") else values)


def _place(point: Sequence[float]) -> list[float]:
    place = [float(value) for value in point]
    if len(place) != 2 or not all(math.isfinite(value) and -1 <= value <= 1 for value in place):
        raise ValueError(f"a point is two numbers from -1 to 1, got {point!r}")
    return place
