"""Lines over a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from opom_edu.plots.protection import COLORS, GRAY, UNLEARNED

MARKERS = "osD^vPX*"


def curves(
    x: Sequence[float], lines: Mapping[str, Sequence[float]], *, title: str, x_label: str, y_label: str, percent: bool = True
) -> Figure:
    """Lines with markers, told apart without color too; baselines in dashed gray.

    Args:
        x: where each line has its points.
        lines: by name, one value per entry of ``x``; those named in ``UNLEARNED`` are baselines.
        percent: whether the values are percentages, and the axis runs from 0 to 100.

    Raises:
        ValueError: if a line has another number of points than ``x``.
    """
    figure = Figure(figsize=(7.5, 3.8), layout="constrained")
    axes = figure.subplots()
    looks = iter(zip(COLORS * len(lines), MARKERS * len(lines), strict=True))
    for name, values in lines.items():
        if len(values) != len(x):
            raise ValueError(f"{name!r} needs {len(x)} values, one per place, got {len(values)}")
        color, marker = next(looks) if name not in UNLEARNED else (GRAY, "x")
        axes.plot(x, values, color=color, marker=marker, linestyle="--" if name in UNLEARNED else "-", label=name)
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    if percent:
        axes.set_ylim(-3, 103)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e6e6e6")
    axes.legend(frameon=False)
    return figure
