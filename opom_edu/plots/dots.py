"""Shares as dots that can be counted."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from opom_edu.plots.style import COLORS, GRAY, SMALL, WIDTH, Chart

DOTS, COLUMNS = 1000, 50
LOOKS = {"right": (COLORS[5], True), "wrong": (COLORS[4], True), "missed": (COLORS[1], False), "quiet": (GRAY, True)}


def whole_dots(shares: Mapping[str, float], dots: int = DOTS) -> dict[str, int]:
    """How many dots stand for each share, so that all add up: the largest remainders are rounded up.

    Example:
        >>> whole_dots({"right": 0.5, "wrong": 0.2504, "quiet": 0.2496})
        {'right': 500, 'wrong': 250, 'quiet': 250}
    """
    exact = {name: dots * share for name, share in shares.items()}
    whole = {name: int(value) for name, value in exact.items()}
    order = sorted(exact, key=lambda name: whole[name] - exact[name])
    for name in order[: dots - sum(whole.values())]:
        whole[name] += 1
    return whole


def outcome_dots(shares: Mapping[str, float]) -> Chart:
    """A thousand searches as dots, by how they end: ``right``, ``wrong``, ``missed`` and ``quiet``.

    Example:
        >>> type(outcome_dots({"right": 0.05, "wrong": 0.6, "missed": 0.0, "quiet": 0.35})).__name__
        'Chart'
    """
    whole = whole_dots(shares)
    figure = Chart(figsize=(WIDTH, 3.6), alt=", ".join(f"{count} {name}" for name, count in whole.items()))
    axes = figure.subplots()
    axes.set_axis_off()
    rows = DOTS // COLUMNS
    first = 0
    for name, count in whole.items():
        color, filled = LOOKS[name]
        column, row = np.divmod(np.arange(first, first + count), rows)
        first += count
        axes.scatter(column, -row, s=22, facecolors=color if filled else "none", edgecolors=color, label=f"{count} {name}")
    figure.legend(loc="outside lower center", ncols=4, fontsize=SMALL, frameon=False)
    return figure
