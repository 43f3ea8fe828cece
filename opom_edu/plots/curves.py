"""Lines over a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle, islice

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from opom_edu.plots.protection import COLORS, GRAY, UNLEARNED

MARKERS = "osD^vPX*"


def curves(
    x: Sequence[float], lines: Mapping[str, Sequence[float]], *, title: str, x_label: str, y_label: str, percent: bool = True
) -> Figure:
    """Lines with markers, told apart without color too; baselines in gray, dotted and dashed.

    Args:
        x: where each line has its points.
        lines: by name, one value per entry of ``x``; those named in ``UNLEARNED`` are baselines.
        percent: whether the values are percentages, and the axis runs from 0 to 100.

    Raises:
        ValueError: if a line has another number of points than ``x``.
    """
    figure = Figure(figsize=(7.5, 3.8), layout="constrained")
    axes = figure.subplots()
    draw_lines(axes, x, lines, percent=percent)
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.legend(frameon=False)
    return figure


def draw_lines(
    axes: Axes,
    x: Sequence[float],
    lines: Mapping[str, Sequence[float]],
    *,
    percent: bool = True,
    start: int = 0,
    joined: bool = True,
) -> None:
    """Draw what :func:`curves` shows; ``start`` is the place of the first one's look; markers alone unless ``joined``."""
    looks = islice(zip(cycle(COLORS), cycle(MARKERS), strict=False), start, None)
    for name, values in lines.items():
        if len(values) != len(x):
            raise ValueError(f"{name!r} needs {len(x)} values, one per place, got {len(values)}")
        color, marker = next(looks) if name not in UNLEARNED else (GRAY, "+x"[UNLEARNED.index(name)])
        style = dict(zip(UNLEARNED, (":", "--"), strict=True)).get(name, "-")
        axes.plot(x, values, color=color, marker=marker, linestyle=style if joined else "", label=name)
    if percent:
        axes.set_ylim(-3, 103)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e6e6e6")
