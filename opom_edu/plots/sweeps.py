"""Curves of protection over what is done to photos, each with its unprotected and its random-noise line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from opom_edu.plots.curves import HUES, draw_lines
from opom_edu.plots.style import GRAY, HATCHES, LIGHT, NORMAL, SMALL, TITLE, UNLEARNED, WIDTH, Chart, lines_of, quiet, told

PSR = "PSR, rank 1 (%)"


def sweep(
    table: pd.DataFrame,
    over: str,
    *,
    title: str,
    x_label: str | None = None,
    y_label: str = PSR,
    values: Sequence[str] = ("psr_1", "unprotected_1", "noise_1"),
    panel: str | None = None,
) -> Chart:
    """A line per method over the entries of a column, at equal distances in the table's order; means over all else.

    Cases that are no numbers have bars, with their values.

    Args:
        table: with the columns ``method``, ``over``, ``values`` and ``panel``.
        title: the sentence that states the result.
        values: columns of the methods', the unprotected and the random-noise values; percentages if the first is "psr_1".
        panel: a column; each of its entries has a panel of its own. ``x_label`` may name a column that holds each one's.

    Example:
        >>> row = {"severity": 95, "method": "convex", "recognizer": "a", "psr_1": 50, "unprotected_1": 1, "noise_1": 2}
        >>> figure = sweep(pd.DataFrame([row, row | {"severity": 30}]), "severity", title="JPEG")
        >>> type(figure).__name__
        'Chart'
    """
    groups = [("", table)] if panel is None else list(table.groupby(panel, sort=False))
    columns = min(2, len(groups))
    rows = -(-len(groups) // columns)
    figure = Chart(figsize=(WIDTH, 3.9 if len(groups) == 1 else 2.5 * rows + 0.8), alt=f"{title} {y_label}.")
    figure.suptitle(lines_of(title, 85), x=0.01, ha="left", fontsize=TITLE)
    for place, axes in enumerate(figure.subplots(rows, columns, squeeze=False, sharey=True).flat):
        if place >= len(groups):
            axes.axis("off")
            continue
        name, own = groups[place]
        cases = list(own[over].unique())
        means = own.groupby(over)[list(values)].mean().loc[cases]
        lines = dict(zip(("unprotected", "random noise"), (means[column] for column in values[1:]), strict=True))
        for method, part in own.groupby("method", sort=False):
            lines[str(method)] = part.groupby(over)[values[0]].mean().loc[cases]
        numbers = pd.api.types.is_numeric_dtype(own[over])
        draw = draw_lines if numbers else _draw_bars
        draw(axes, range(len(cases)), lines, percent=values[0] == "psr_1")
        axes.set_xticks(range(len(cases)), [_wrapped(case) for case in cases], fontsize=SMALL)
        axes.set_xlabel(str(own[x_label].iloc[0]) if x_label in own else x_label or over, fontsize=NORMAL)
        axes.set_title(name, fontsize=NORMAL)
        figure.alt += f" {name} {told(cases, lines.items())}"
        if place % columns == 0:
            axes.set_ylabel(y_label, fontsize=NORMAL)
    _legend(figure)
    return figure


def cost_curves(table: pd.DataFrame, cost: str, *, title: str, x_label: str) -> Chart:
    """PSR over what it costs, a line per method, a marker per eps; means over recognizers.

    Args:
        table: of :func:`opom_edu.evaluation.trade_off`: ``method``, ``levels``, ``psr_1``, ``unprotected_1`` and ``cost``.
        cost: the column for the horizontal axis.

    Example:
        >>> row = {"method": "convex", "levels": 8, "ssim": 0.9, "psr_1": 50.0, "unprotected_1": 1.0, "noise_1": 2.0}
        >>> type(cost_curves(pd.DataFrame([row]), "ssim", title="convex", x_label="SSIM")).__name__
        'Chart'
    """
    figure = Chart(figsize=(WIDTH, 3.9), alt=f"{title} {PSR} over {x_label}.")
    axes = figure.subplots()
    means = table.groupby(["method", "levels"], sort=False)[["psr_1", "unprotected_1", cost]].mean()
    ends = [means[cost].min(), means[cost].max()]
    draw_lines(axes, ends, {"unprotected": [means["unprotected_1"].mean()] * 2})
    for place, (method, own) in enumerate(means.groupby("method", sort=False)):
        draw_lines(axes, own[cost], {str(method): own["psr_1"]}, start=place)
        figure.alt += f" {told(own[cost], [(str(method), own['psr_1'])])}"
        for levels, x, y in zip(own.index.get_level_values("levels"), own[cost], own["psr_1"], strict=True):
            axes.annotate(f"{levels:g}", (x, y), xytext=(4, 4), textcoords="offset points", fontsize=SMALL)
    figure.suptitle(lines_of(title, 85), x=0.01, ha="left", fontsize=TITLE)
    axes.set_xlabel(f"{x_label}; numbers: epsilon in gray levels")
    axes.set_ylabel(PSR)
    _legend(figure)
    return figure


def _wrapped(case: object) -> str:
    return f"{case:g}" if isinstance(case, int | float) else lines_of(str(case), 14)


def _legend(figure: Chart) -> None:
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, loc="outside lower left", ncols=4, fontsize=SMALL)


def _draw_bars(axes: Axes, x: Sequence[float], lines: Mapping[str, Sequence[float]], *, percent: bool) -> None:
    """Bars beside one another, for cases that have no order, each with its value."""
    width, hues = 0.84 / len(lines), iter(HUES * len(lines))
    grays = dict(zip(UNLEARNED, (LIGHT, GRAY), strict=True))
    for place, (name, values) in enumerate(lines.items()):
        at, hatch = np.array(x) + (place - (len(lines) - 1) / 2) * width, HATCHES[place % len(HATCHES)]
        color = grays.get(name) or next(hues)
        bars = axes.bar(at, values, 0.92 * width, color=color, hatch=hatch, edgecolor="#ffffff88", label=name)
        axes.bar_label(bars, fmt="%.0f" if percent else "%.2f", fontsize=SMALL, padding=1)
    if percent:
        axes.set_ylim(0, 109)
    quiet(axes, "y")
