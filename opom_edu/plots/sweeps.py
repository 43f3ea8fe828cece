"""Curves of protection over what is done to photos, each with its unprotected and its random-noise line."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from opom_edu.plots.curves import draw_lines

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
) -> Figure:
    """A line per method over the entries of a column, at equal distances in the table's order; means over all else.

    Between cases that are no numbers there are no lines.

    Args:
        table: with the columns ``method``, ``over``, ``values`` and ``panel``.
        title: the sentence that states the result.
        values: columns of the methods', the unprotected and the random-noise values; percentages if the first is "psr_1".
        panel: a column; each of its entries has a panel of its own. ``x_label`` may name a column that holds each one's.

    Example:
        >>> row = {"severity": 95, "method": "convex", "recognizer": "a", "psr_1": 50, "unprotected_1": 1, "noise_1": 2}
        >>> figure = sweep(pd.DataFrame([row, row | {"severity": 30}]), "severity", title="JPEG")
        >>> type(figure).__name__
        'Figure'
    """
    groups = [("", table)] if panel is None else list(table.groupby(panel, sort=False))
    columns = min(4, len(groups))
    rows = -(-len(groups) // columns)
    size = (7.5, 3.9) if len(groups) == 1 else (3 * columns, 2.4 * rows + 0.8)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle("\n".join(textwrap.wrap(title, round(13 * size[0]))), x=0.01, ha="left", fontsize=10)
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
        draw_lines(axes, range(len(cases)), lines, percent=values[0] == "psr_1", joined=numbers)
        axes.set_xticks(range(len(cases)), [_wrapped(case) for case in cases])
        axes.set_xlabel(str(own[x_label].iloc[0]) if x_label in own else x_label or over)
        axes.set_title(name, fontsize=10)
        if place % columns == 0:
            axes.set_ylabel(y_label)
    figure.axes[0].legend(frameon=False, fontsize=8)
    return figure


def cost_curves(table: pd.DataFrame, cost: str, *, title: str, x_label: str) -> Figure:
    """PSR over what it costs, a line per method, a marker per eps; means over recognizers.

    Args:
        table: of :func:`opom_edu.evaluation.trade_off`: ``method``, ``levels``, ``psr_1``, ``unprotected_1`` and ``cost``.
        cost: the column for the horizontal axis.

    Example:
        >>> row = {"method": "convex", "levels": 8, "ssim": 0.9, "psr_1": 50.0, "unprotected_1": 1.0, "noise_1": 2.0}
        >>> type(cost_curves(pd.DataFrame([row]), "ssim", title="convex", x_label="SSIM")).__name__
        'Figure'
    """
    figure = Figure(figsize=(7.5, 3.9), layout="constrained")
    axes = figure.subplots()
    means = table.groupby(["method", "levels"], sort=False)[["psr_1", "unprotected_1", cost]].mean()
    ends = [means[cost].min(), means[cost].max()]
    draw_lines(axes, ends, {"unprotected": [means["unprotected_1"].mean()] * 2})
    for place, (method, own) in enumerate(means.groupby("method", sort=False)):
        draw_lines(axes, own[cost], {str(method): own["psr_1"]}, start=place)
        for levels, x, y in zip(own.index.get_level_values("levels"), own[cost], own["psr_1"], strict=True):
            axes.annotate(f"{levels:g}", (x, y), xytext=(4, 4), textcoords="offset points", fontsize=8)
    figure.suptitle("\n".join(textwrap.wrap(title, 98)), x=0.01, ha="left", fontsize=10)
    axes.set_xlabel(f"{x_label}; numbers: epsilon in gray levels")
    axes.set_ylabel(PSR)
    axes.legend(frameon=False, fontsize=8)
    return figure


def _wrapped(case: object) -> str:
    return f"{case:g}" if isinstance(case, int | float) else "\n".join(textwrap.wrap(str(case), 16))
