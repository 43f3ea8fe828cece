"""Figures of protection success rates."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from opom_edu.plots.style import COLORS, GRAY, HATCHES, LIGHT, SMALL, TITLE, UNLEARNED, WIDTH, Chart, finish, quiet

PER_ROW = 3  # recognizers; more would be too small to read in the report


def psr_bars(rates: pd.DataFrame, *, white_box: Collection[str] = (), rank: int = 1) -> Chart:
    """Bars of the protection success rate, grouped by recognizer.

    Args:
        rates: a row per method and a column per recognizer, in percent, in the order to draw them.
        white_box: the recognizers on which the masks were learned; the others are labeled black boxes.
        rank: of the rates, for the label.

    Example:
        >>> rates = pd.DataFrame({"ir-arcface": [1.0, 60.0]}, index=["unprotected", "OPOM convex"])
        >>> type(psr_bars(rates)).__name__
        'Chart'
    """
    count, names = len(rates), list(rates.columns)
    rows = [names[start : start + PER_ROW] for start in range(0, len(names), PER_ROW)]
    title = "How often is the person not found? Higher bars protect better."
    means = ", ".join(f"{method} {values.mean():.0f} %" for method, values in rates.iterrows())
    alt = f"{title} Rank {rank}. Means over the recognizers {', '.join(map(str, names))}: {means}."
    figure = Chart(figsize=(WIDTH, 1 + 2.9 * len(rows)), alt=alt)
    width = 0.86 / count
    for axes, shown in zip(figure.subplots(len(rows), squeeze=False).flat, rows, strict=True):
        places = np.arange(len(shown))
        learned = iter(COLORS * count)
        for i, (method, values) in enumerate(rates[shown].iterrows()):
            gray = dict(zip(UNLEARNED, (LIGHT, GRAY), strict=True)).get(str(method))
            at, color, hatch = places + (i - (count - 1) / 2) * width, gray or next(learned), HATCHES[i % len(HATCHES)]
            bars = axes.bar(at, values, 0.92 * width, color=color, label=method, hatch=hatch, edgecolor="#ffffff88")
            axes.bar_label(bars, fmt="%.0f", fontsize=SMALL, padding=1)
        axes.set_xticks(places, [f"{name}\n({'white box' if name in white_box else 'black box'})" for name in shown])
        axes.set_xlim(-0.5, len(rows[0]) - 0.5)
        axes.set_ylim(0, 109)
        axes.set_yticks(range(0, 101, 20))
        axes.set_ylabel(f"PSR, rank {rank} (%)")
        quiet(axes, "y")
    first = figure.axes[0]
    first.set_title(title, loc="left", fontsize=TITLE)
    figure.legend(*first.get_legend_handles_labels(), loc="outside lower left", ncols=3, frameon=False, fontsize=SMALL)
    return figure


def forest(table: pd.DataFrame, *, title: str, mask: str = "with a mask") -> Chart:
    """PSR of groups with its interval, a line for each; without protection and under random noise in gray.

    Args:
        table: a row per group, with ``what`` and ``group``, and in percent ``unprotected``, ``noise``, ``psr``, ``low`` and
            ``high``; such as :func:`opom_edu.evaluation.compare_groups` makes.
        mask: what the points with an interval are called.

    Example:
        >>> row = {"what": "sex", "group": "female", "unprotected": 1, "noise": 2, "psr": 60, "low": 50, "high": 70}
        >>> len(forest(pd.DataFrame([row]), title="PSR by group").axes)
        1
    """
    spans = table[["psr", "low", "high"]].round().astype(int).itertuples(index=False)
    labels = [f"{what}: {group}" for what, group in zip(table["what"], table["group"], strict=True)]
    alt = "; ".join(f"{label} {psr} % ({low} to {high})" for label, (psr, low, high) in zip(labels, spans, strict=True))
    figure = Chart(figsize=(WIDTH, 1.1 + 0.27 * len(table)), alt=f"{title}. {alt}.")
    axes = figure.subplots()
    rows = np.arange(len(table))
    for name, column, marker in zip(UNLEARNED, ("unprotected", "noise"), "+x", strict=True):
        axes.plot(table[column], rows, marker, color=GRAY, label=name)
    axes.hlines(rows, table["low"], table["high"], color=COLORS[1], linewidth=2)
    axes.plot(table["psr"], rows, "o", color=COLORS[1], label=f"{mask}, with 95 % interval")
    axes.set_yticks(rows, labels)
    axes.invert_yaxis()
    axes.set_xlim(-2, 102)
    return finish(axes, title=title, x_label="PSR, rank 1 (%)", y_label="")
