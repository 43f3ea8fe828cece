"""Figures of protection success rates."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from opom_edu.plots.style import COLORS, GRAY, LIGHT, UNLEARNED

PER_ROW = 4  # recognizers; more would be too small to read in the report


def psr_bars(rates: pd.DataFrame, *, white_box: Collection[str] = (), rank: int = 1) -> Figure:
    """Bars of the protection success rate, grouped by recognizer.

    Args:
        rates: a row per method and a column per recognizer, in percent, in the order to draw them.
        white_box: the recognizers on which the masks were learned; the others are labeled black boxes.
        rank: of the rates, for the label.

    Example:
        >>> rates = pd.DataFrame({"ir-arcface": [1.0, 60.0]}, index=["unprotected", "OPOM convex"])
        >>> type(psr_bars(rates)).__name__
        'Figure'
    """
    count, names = len(rates), list(rates.columns)
    rows = [names[start : start + PER_ROW] for start in range(0, len(names), PER_ROW)]
    figure = Figure(figsize=(max(7.5, 0.42 * count * len(rows[0]) + 2.2), 0.9 + 3.3 * len(rows)), layout="constrained")
    width = 0.86 / count
    for axes, shown in zip(figure.subplots(len(rows), squeeze=False).flat, rows, strict=True):
        places = np.arange(len(shown))
        learned = iter(COLORS * count)
        for i, (method, values) in enumerate(rates[shown].iterrows()):
            gray = dict(zip(UNLEARNED, (LIGHT, GRAY), strict=True)).get(str(method))
            bars = axes.bar(
                places + (i - (count - 1) / 2) * width, values, 0.92 * width, color=gray or next(learned), label=method
            )
            axes.bar_label(bars, fmt="%.0f", fontsize=8, padding=1)
        axes.set_xticks(places, [f"{name}\n({'white box' if name in white_box else 'black box'})" for name in shown])
        axes.set_xlim(-0.5, len(rows[0]) - 0.5)
        axes.set_ylim(0, 109)
        axes.set_yticks(range(0, 101, 20))
        axes.set_ylabel(f"protection success rate, rank {rank} (%)")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#e6e6e6")
        axes.set_axisbelow(True)
    first = figure.axes[0]
    first.set_title("How often is the person not found? Higher bars protect better.", loc="left", fontsize=11)
    first.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, title="mask")
    return figure
