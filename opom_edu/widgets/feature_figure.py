"""How a feature map is drawn: its traces, colors and outlines, and a print of it for where no browser draws."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from opom_edu.errors import MissingExtraError
from opom_edu.plots.style import COLORS, GRAY, LIGHT
from opom_edu.widgets.parts import lively

# The eight that 3D knows too: (plotly, in words, matplotlib)
SYMBOLS = (("circle", "●", "o"), ("square", "■", "s"), ("diamond", "◆", "D"), ("cross", "✚", "P"), ("square-open", "□", "h"),
           ("circle-open", "○", "."), ("x", "✖", "X"), ("diamond-open", "◇", "d"))  # fmt: skip
MASKED, ARROW = COLORS[4], 13
KINDS = ("strangers", "people", "region", "paths", "tips", "chosen")


def blank() -> Any:
    """A plotly FigureWidget with every kind of trace, first in 2D, then in 3D, and no points.

    Raises:
        MissingExtraError: without plotly.
    """
    try:
        import plotly.graph_objects as go
    except ImportError as error:
        raise MissingExtraError("plotly", "lab") from error
    traces: list[Any] = []
    for make, size in ((go.Scatter, 8), (go.Scatter3d, 4.5)):
        flat = make is go.Scatter
        region: Any = make(mode="lines", line={"color": GRAY, "width": 1.5, "dash": "dot"})
        tips: dict[str, Any] = {"size": ARROW, "symbol": "arrow", "angleref": "previous"}
        if not flat:
            region, tips = go.Mesh3d(alphahull=0, opacity=0.15, color=COLORS[0]), {"size": 5, "symbol": "diamond"}
        ring = {"symbol": "circle-open", "size": 2 * size, "color": GRAY, "line": {"width": 2}}
        traces += [
            make(mode="markers", marker={"color": LIGHT, "size": size * 0.7}, hoverinfo="none"),
            make(mode="markers", marker={"size": size, "colorscale": "Cividis"}, hoverinfo="none"),
            region,
            make(mode="lines", line={"color": MASKED, "width": 1.5 if flat else 3}),
            make(mode="markers", marker={"color": MASKED, **tips}, hoverinfo="none"),
            make(mode="markers", marker=ring),
        ]
    for index, trace in enumerate(traces):
        hidden = "none" if trace.hoverinfo == "none" else "skip"
        trace.update(name=KINDS[index % len(KINDS)], showlegend=False, hoverinfo=hidden)
    bare = {"showticklabels": False, "title": "", "zeroline": False}
    scene = {axis: {**bare, "showspikes": False} for axis in ("xaxis", "yaxis", "zaxis")}
    layout = {"autosize": True, "height": 400, "margin": dict.fromkeys("lrtb", 6), "template": "plotly_white",
              "uirevision": "x", "xaxis": bare, "yaxis": bare, "scene": scene, "hovermode": "closest"}  # fmt: skip
    return lively(go.FigureWidget(traces, layout))


def trace_of(figure: Any, kind: str, dims: int) -> Any:
    """The trace of a kind (of :data:`KINDS`) in 2 or 3 dimensions."""
    return figure.data[KINDS.index(kind) + len(KINDS) * (dims - 2)]


def coloring(table: pd.DataFrame, by: str) -> tuple[np.ndarray, np.ndarray | None, str]:
    """Every photo's color and symbol, and a legend in HTML. For numbers: the numbers, no symbols, no legend."""
    column = table["person" if by == "identity" else by]
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return column.to_numpy(np.float64), None, ""
    codes, names = pd.factorize(column, sort=by != "identity")
    colors = np.array([COLORS[code % len(COLORS)] for code in codes])
    marks = [SYMBOLS[(code + code // len(COLORS)) % len(SYMBOLS)] for code in range(len(names))]
    entries = [
        f'<span style="white-space:nowrap"><b style="color:{COLORS[code % len(COLORS)]};font-size:15px">{marks[code][1]}'
        f"</b> {escape(str(name))}</span>"
        for code, name in enumerate(names)
    ]
    stranger = f'<span style="white-space:nowrap"><span style="color:{GRAY}">•</span> strangers</span>' * (by == "identity")
    legend = f'<div class="opom-note" style="display:flex;flex-wrap:wrap;gap:2px 12px">{"".join(entries)}{stranger}</div>'
    return colors, np.array([marks[code][0] for code in codes]), legend


def outline(places: np.ndarray) -> np.ndarray:
    """The region of ``places (N, 2 or 3)``: in 2D its outline, corner by corner and closed; in 3D all, for a mesh around."""
    from scipy.spatial import ConvexHull, QhullError

    if places.shape[1] == 3:
        return places
    try:
        corners = ConvexHull(places).vertices
    except (QhullError, ValueError):  # fewer than three, or all on a line
        return places
    return places[np.append(corners, corners[0])]


def printed(figure: Any, dims: int, table: pd.DataFrame, color: str, title: str) -> Figure:
    """The map as matplotlib draws it, from the points in the traces."""
    paper = Figure(figsize=(7.5, 4.6), layout="constrained")
    axes: Any = paper.add_subplot(projection="3d" if dims == 3 else None)
    at = {kind: [np.asarray(trace_of(figure, kind, dims)[axis], float) for axis in "xyz"[:dims]] for kind in KINDS}
    axes.scatter(*at["strangers"], s=8, color=LIGHT)
    colors, symbols, _ = coloring(table, color)
    if symbols is None:
        paper.colorbar(axes.scatter(*at["people"], s=18, c=colors, cmap="cividis"), label=color)
    else:
        for symbol, _, marker in SYMBOLS:
            chosen = symbols == symbol
            axes.scatter(*(values[chosen] for values in at["people"]), s=18, c=colors[chosen], marker=marker)
    if dims == 2:
        axes.plot(*at["region"], color="black", lw=1)
    axes.plot(*at["paths"], color=MASKED, lw=1.2)
    axes.set_title(title, fontsize=9)
    return paper
