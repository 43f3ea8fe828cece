"""The mask player's chart: loss and similarity over the steps, and the path through a plane of feature space."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import torch
from torch import Tensor

from opom_edu.lessons.replay import Frame, Plane, Scene, Take, similarities
from opom_edu.plots.style import COLORS, GRAY, LIGHT
from opom_edu.widgets.parts import lively

COLOR = (COLORS[1], COLORS[4])  # of the one run and of the other
Path = Sequence[Frame]

# The traces of the chart by name, in the order in which they are drawn.
TRACES: dict[str, dict[str, Any]] = {}
for _i, _way in enumerate(("a", "b")):
    _line, _symbol = {"color": COLOR[_i], "width": 2}, ("circle", "diamond")[_i]
    _dot = {"color": COLOR[_i], "symbol": _symbol}
    TRACES |= {
        f"loss {_way}": {"place": "loss", "mode": "lines", "line": _line},
        f"loss now {_way}": {"place": "loss", "mode": "markers", "marker": {**_dot, "size": 10}},
        f"train {_way}": {"place": "similarity", "mode": "lines", "line": {**_line, "dash": "dot"}},
        f"test {_way}": {"place": "similarity", "mode": "lines", "line": _line},
        f"train now {_way}": {"place": "similarity", "mode": "markers", "marker": {**_dot, "symbol": f"{_symbol}-open"}},
        f"test now {_way}": {"place": "similarity", "mode": "markers", "marker": {**_dot, "size": 6}},
        f"trails {_way}": {"place": "plane", "mode": "lines", "line": {"color": COLOR[_i], "width": 0.8}, "opacity": 0.6},
        f"path {_way}": {"place": "plane", "mode": "lines", "line": {**_line, "width": 3}},
        f"place {_way}": {"place": "plane", "mode": "markers", "marker": {**_dot, "size": 8}},
    }  # fmt: skip
TRACES |= {
    "strangers": {"place": "plane", "mode": "markers", "marker": {"color": LIGHT, "size": 6}},
    "clean": {"place": "plane", "mode": "markers", "marker": {"color": GRAY, "symbol": "x-thin-open"}},
    "noise": {"place": "similarity", "mode": "lines", "line": {"color": GRAY, "dash": "dash", "width": 1.5}},
    "stranger": {"place": "similarity", "mode": "lines", "line": {"color": LIGHT, "width": 3}},
}  # fmt: skip
ORDER = {name: place for place, name in enumerate(TRACES)}
LEGEND = {"train a": "training photos", "strangers": "strangers", "noise": "random noise"}
WARM = {"line": {"color": GRAY, "dash": "dot", "width": 1}}
MODES = ["zoom", "pan", "select", "lasso", "zoomin", "zoomout", "autoscale", "resetscale", "toimage"]
PANELS = {"loss": "Loss", "similarity": "Similarity to other photos", "plane": "Feature space"}


def make_chart() -> Any:
    """The empty chart: loss, similarity and the plane side by side, as wide as its place."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    figure = go.FigureWidget(make_subplots(cols=3, horizontal_spacing=0.07, subplot_titles=list(PANELS.values())))
    for name, look in TRACES.items():
        rest = {key: value for key, value in look.items() if key != "place"}
        rest |= {"name": LEGEND.get(name, name), "showlegend": name in LEGEND, "hoverinfo": "skip"}
        figure.add_trace(go.Scatter(**rest), row=1, col=1 + list(PANELS).index(look["place"]))
    for column in (1, 2):
        figure.add_vline(0, row=1, col=column, **WARM)  # until where it warms up
        figure.update_xaxes(title={"text": "step", "standoff": 4}, col=column)
    figure.update_xaxes(scaleanchor="y3", showticklabels=False, col=3)
    figure.update_yaxes(showticklabels=False, col=3)
    figure.update_layout(
        autosize=True, height=290, margin={"l": 34, "r": 6, "t": 26, "b": 66}, template="plotly_white",
        legend={"orientation": "h", "y": -0.2, "x": 0, "yanchor": "top", "font": {"size": 11}}, uirevision="same",
        dragmode=False, modebar_remove=MODES, font={"size": 11},
    )  # fmt: skip
    figure.update_annotations(font_size=12)
    return lively(figure)


def _put(figure: Any, trace: str, x: Any = (), y: Any = ()) -> None:
    # Arrays, because a NaN in a list is no JSON.
    figure.data[ORDER[trace]].update(x=np.asarray(x, np.float32), y=np.asarray(y, np.float32))


def name_runs(figure: Any, takes: Sequence[Take], count: int) -> None:
    """Name the first ``count`` takes and their person in the legend. Not within a batch of updates.

    A batch that changes a property of some of its traces only makes the browser forget it in the others.
    """
    names = [escape(take.way) for take in takes[:count]] + [""] * (2 - count)
    legend = {"loss a": names[0], "loss b": names[1], "clean": f"{escape(takes[0].person)}, clean"}
    for trace, name in legend.items():
        data = figure.data[ORDER[trace]]
        if data.name != name:
            data.name = name
        if data.showlegend != bool(name):
            data.showlegend = bool(name)


def draw_runs(figure: Any, scene: Scene, runs: Sequence[Path], plane: Plane, steps: int, warmup: int) -> None:
    """Everything that does not depend on the step; ``warmup``: steps away from other photos, not yet from a hull."""
    seen, places = [torch.tensor([scene.noise, scene.stranger])], [plane(scene.clean), plane(scene.strangers)]
    for index, way in enumerate(("a", "b")):
        run = runs[index] if index < len(runs) else ()
        similar = [similarities(frame, scene.clean) for frame in run]
        track = tracks(run, plane) if run else torch.empty(0, 1, 2)
        seen += [part for both in similar for part in both]
        places.append(track.flatten(0, 1))
        time = range(len(run))
        _put(figure, f"loss {way}", time, [frame.loss for frame in run])
        _put(figure, f"train {way}", time, [train.mean() for train, _ in similar])
        _put(figure, f"test {way}", time, [test.mean() for _, test in similar])
        _put(figure, f"path {way}", track.mean(1)[:, 0], track.mean(1)[:, 1])
    _put(figure, "noise", (0, steps), (scene.noise,) * 2)
    _put(figure, "stranger", (0, steps), (scene.stranger,) * 2)
    _put(figure, "strangers", places[1][:, 0], places[1][:, 1])
    _put(figure, "clean", places[0][:, 0], places[0][:, 1])
    losses = torch.tensor([0.0, *(frame.loss for run in runs for frame in run)])
    x, y = torch.cat(places).T
    layout = figure.layout  # fixed ranges, or the axes would breathe with every step
    layout.xaxis.range = layout.xaxis2.range = (-1, steps + 1)
    layout.yaxis.range, layout.yaxis2.range = _range(losses), _range(torch.cat(seen))
    layout.xaxis3.range, layout.yaxis3.range = _range(x), _range(y)
    for line in layout.shapes:
        line.update(x0=warmup, x1=warmup, visible=bool(warmup))


def _range(values: Tensor) -> tuple[float, float]:
    low, high = (float(value) for value in values.aminmax())
    margin = 0.06 * (high - low) + 1e-3
    return low - margin, high + margin


def draw_frame(figure: Any, scene: Scene, now: Sequence[Frame], places: Sequence[Tensor]) -> None:
    """Everything that does: the dots, and the trails behind them; ``places``: the :func:`tracks` of each run."""
    for index, way in enumerate(("a", "b")):
        if index >= len(now):
            for name in ("loss now", "train now", "test now", "trails", "place"):
                _put(figure, f"{name} {way}")
            continue
        frame, beside = now[index], (-0.6, 0.2)[index]  # side by side, for the dots of both would hide each other
        train, test = similarities(frame, scene.clean)
        _put(figure, f"loss now {way}", [frame.index], [frame.loss])
        _put(figure, f"train now {way}", [frame.index + beside] * len(train), train)
        _put(figure, f"test now {way}", [frame.index + beside + 0.4] * len(test), test)
        trails = places[index][: frame.index + 1].transpose(0, 1)
        broken = torch.cat([trails, trails.new_full((len(trails), 1, 2), torch.nan)], 1)  # a gap after each photo's
        _put(figure, f"trails {way}", *broken.flatten(0, 1).T)
        _put(figure, f"place {way}", *places[index][frame.index].T)


def tracks(run: Path, plane: Plane) -> Tensor:
    """Where the test photos are at every step of a run: ``(T, N, 2)``."""
    return plane(torch.stack([frame.test for frame in run]))


def as_picture(figure: Any, step: int) -> Any:
    """The chart as it is now, drawn by matplotlib, for where no browser draws it."""
    from matplotlib.figure import Figure

    still = Figure(figsize=(11, 3.4), layout="constrained")
    by_place = dict(zip(PANELS, still.subplots(1, 3), strict=True))
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
    for place, axes in by_place.items():
        axes.set_title(PANELS[place], fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    by_place["similarity"].set_xlabel(f"step (dots: {step})")
    by_place["plane"].set(aspect="equal", xticks=[], yticks=[])
    handles = [pair for axes in by_place.values() for pair in zip(*axes.get_legend_handles_labels(), strict=True)]
    by_place["plane"].legend(*zip(*handles, strict=True), fontsize=8, frameon=False)
    return still
