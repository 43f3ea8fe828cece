"""The mask player's chart: loss and similarity over the steps, and the way through a plane of feature space."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import torch
from torch import Tensor

from opom_edu.plots.protection import COLORS, GRAY, LIGHT
from opom_edu.widgets.replay import Frame, Plane, Scene, Take, similarities

COLOR = (COLORS[1], COLORS[4])  # of the one run and of the other
Path = Sequence[Frame]

# The traces of the chart by name, in the order in which they are drawn.
TRACES: dict[str, dict[str, Any]] = {}
for _i, _way in enumerate(("a", "b")):
    _line, _symbol = {"color": COLOR[_i], "width": 2}, ("circle", "diamond")[_i]
    _dot = {"color": COLOR[_i], "symbol": _symbol}
    TRACES |= {
        f"loss {_way}": {"place": (1, 1), "mode": "lines", "line": _line, "showlegend": True},
        f"loss now {_way}": {"place": (1, 1), "mode": "markers", "marker": {**_dot, "size": 10}},
        f"train {_way}": {"place": (2, 1), "mode": "lines", "line": {**_line, "dash": "dot"}},
        f"test {_way}": {"place": (2, 1), "mode": "lines", "line": _line},
        f"train now {_way}": {"place": (2, 1), "mode": "markers", "marker": {**_dot, "symbol": f"{_symbol}-open"}},
        f"test now {_way}": {"place": (2, 1), "mode": "markers", "marker": {**_dot, "size": 6}},
        f"trails {_way}": {"place": (1, 2), "mode": "lines", "line": {"color": COLOR[_i], "width": 0.8}, "opacity": 0.6},
        f"path {_way}": {"place": (1, 2), "mode": "lines", "line": {**_line, "width": 3}},
        f"place {_way}": {"place": (1, 2), "mode": "markers", "marker": {**_dot, "size": 8}},
    }  # fmt: skip
TRACES |= {
    "strangers": {"place": (1, 2), "mode": "markers", "marker": {"color": LIGHT, "size": 6}, "showlegend": True},
    "clean": {"place": (1, 2), "mode": "markers", "marker": {"color": "#000", "symbol": "x-thin-open"}, "showlegend": True},
    "noise": {"place": (2, 1), "mode": "lines", "line": {"color": GRAY, "dash": "dash", "width": 1.5}, "showlegend": True},
    "stranger": {"place": (2, 1), "mode": "lines", "line": {"color": LIGHT, "width": 3}},
}  # fmt: skip
ORDER = {name: place for place, name in enumerate(TRACES)}
LABELS = {(1, 1): ("", "loss"), (2, 1): ("step", "similarity"), (1, 2): ("", "")}


def make_chart() -> Any:
    """The empty chart: loss above similarity, and the plane beside them."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    titles = ("Loss: what the steps ascend", "Through feature space", "Similarity to the person's other photos")
    grid = make_subplots(
        rows=2, cols=2, specs=[[{}, {"rowspan": 2}], [{}, None]], column_widths=[0.42, 0.58],
        horizontal_spacing=0.06, vertical_spacing=0.13, subplot_titles=titles, shared_xaxes=True,
    )  # fmt: skip
    figure = go.FigureWidget(grid)
    for name, look in TRACES.items():
        row, column = look["place"]
        rest = {key: value for key, value in look.items() if key != "place"}
        figure.add_trace(go.Scatter(**{"showlegend": False, "hoverinfo": "skip", "name": name, **rest}), row=row, col=column)
    for (row, column), (below, beside) in LABELS.items():
        figure.update_xaxes(title_text=below, row=row, col=column, title_standoff=4)
        figure.update_yaxes(title_text=beside, row=row, col=column, title_standoff=4)
    figure.update_xaxes(scaleanchor="y2", showticklabels=False, row=1, col=2)
    figure.update_yaxes(showticklabels=False, row=1, col=2)
    figure.update_layout(
        width=1000, height=440, margin={"l": 50, "r": 8, "t": 46, "b": 36}, template="plotly_white",
        legend={"orientation": "h", "y": 1.07, "x": 1, "xanchor": "right", "yanchor": "bottom"}, uirevision="same",
    )  # fmt: skip
    figure.update_annotations(font_size=13)
    return figure


def _put(figure: Any, trace: str, x: Any = (), y: Any = (), **more: Any) -> None:
    # Arrays, because a NaN in a list is no JSON.
    figure.data[ORDER[trace]].update(x=np.asarray(x, np.float32), y=np.asarray(y, np.float32), **more)


def _put_points(figure: Any, trace: str, points: Tensor) -> None:
    _put(figure, trace, points[:, 0], points[:, 1])


def draw_runs(figure: Any, takes: Sequence[Take], scene: Scene, runs: Sequence[Path], plane: Plane, steps: int) -> None:
    """Everything that does not depend on the step; ``takes`` may be more than ``runs``."""
    for index, way in enumerate(("a", "b")):
        run = runs[index] if index < len(runs) else ()
        means = [[float(part.mean()) for part in similarities(frame, scene.clean)] for frame in run]
        name = escape(takes[index].way) if run else ""
        _put(figure, f"loss {way}", range(len(run)), [frame.loss for frame in run], name=name, showlegend=bool(run))
        _put(figure, f"train {way}", range(len(run)), [train for train, _ in means])
        _put(figure, f"test {way}", range(len(run)), [test for _, test in means])
        _put_points(figure, f"path {way}", tracks(run, plane).mean(1) if run else torch.empty(0, 2))
    _put(figure, "noise", (0, steps), (scene.noise,) * 2, name="random noise")
    _put(figure, "stranger", (0, steps), (scene.stranger,) * 2)
    _put_points(figure, "strangers", plane(scene.strangers))
    _put_points(figure, "clean", plane(scene.clean))
    figure.data[ORDER["clean"]].name = f"{escape(takes[0].person)}, clean"
    figure.layout.xaxis.range = figure.layout.xaxis3.range = (-0.5, steps + 0.5)


def draw_frame(figure: Any, scene: Scene, now: Sequence[Frame], places: Sequence[Tensor]) -> None:
    """Everything that does: the dots, and the trails behind them; ``places``: the :func:`tracks` of each run."""
    for index, way in enumerate(("a", "b")):
        if index >= len(now):
            for name in ("loss now", "train now", "test now", "trails", "place"):
                _put(figure, f"{name} {way}")
            continue
        frame = now[index]
        train, test = similarities(frame, scene.clean)
        _put(figure, f"loss now {way}", [frame.index], [frame.loss])
        _put(figure, f"train now {way}", [frame.index] * len(train), train)
        _put(figure, f"test now {way}", [frame.index] * len(test), test)
        trails = places[index][: frame.index + 1].transpose(0, 1)
        broken = torch.cat([trails, trails.new_full((len(trails), 1, 2), torch.nan)], 1)  # a gap after each photo's
        _put_points(figure, f"trails {way}", broken.flatten(0, 1))
        _put_points(figure, f"place {way}", places[index][frame.index])


def tracks(run: Path, plane: Plane) -> Tensor:
    """Where the test photos are at every step of a run: ``(T, N, 2)``."""
    return plane(torch.stack([frame.test for frame in run]))


def as_picture(figure: Any, step: int) -> Any:
    """The chart as it is now, drawn by matplotlib, for where no browser draws it."""
    from matplotlib.figure import Figure

    still = Figure(figsize=(11, 4.6), layout="constrained")
    places = still.subplot_mosaic([["loss", "plane"], ["similarity", "plane"]], width_ratios=(0.42, 0.58))
    by_place = {(1, 1): places["loss"], (2, 1): places["similarity"], (1, 2): places["plane"]}
    for name, look in TRACES.items():
        data, axes = figure.data[ORDER[name]], by_place[look["place"]]
        color = (look.get("line") or look["marker"])["color"]
        style: dict[str, Any] = {"linestyle": {"dot": ":", "dash": "--"}.get(look.get("line", {}).get("dash"), "-")}
        if look["mode"] == "markers":
            symbol = look["marker"].get("symbol", "circle")
            marker = "x" if symbol.startswith("x") else "D" if symbol.startswith("diamond") else "o"
            style = {"linestyle": "", "marker": marker, "markersize": 4, "fillstyle": "none" if "open" in symbol else "full"}
        label = data.name if data.showlegend and len(data.x) else None
        axes.plot(data.x, data.y, color=color, label=label, linewidth=look.get("line", {}).get("width", 1), **style)
    for axes, title in zip(
        places.values(), ("loss", "through feature space", "similarity to the other photos"), strict=True
    ):
        axes.set_title(title, fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    places["similarity"].set_xlabel(f"step (dots: {step})")
    places["plane"].set_aspect("equal")
    places["plane"].set_xticks([])
    places["plane"].set_yticks([])
    handles = [pair for axes in places.values() for pair in zip(*axes.get_legend_handles_labels(), strict=True)]
    places["plane"].legend(*zip(*handles, strict=True), fontsize=8, frameon=False)
    return still
