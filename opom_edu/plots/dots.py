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


def ball(own: np.ndarray, strangers: np.ndarray, path: np.ndarray) -> Chart:
    """A person's photos, strangers, and the way of the photos, from the front of the ball.

    Args:
        own: ``(N, 3)``; the first axis points up, the second to the right.
        strangers: ``(M, 3)``.
        path: ``(T, N, 3)``.

    Example:
        >>> type(ball(np.eye(3), np.eye(3), np.zeros((2, 3, 3)))).__name__
        'Chart'
    """
    figure = Chart(figsize=(4.2, 4.2), alt=f"{len(strangers)} strangers, {len(own)} photos without and with the mask")
    axes = figure.subplots()
    axes.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), aspect="equal")
    axes.set_axis_off()
    turn = np.linspace(0, 2 * np.pi, 200)
    axes.plot(np.cos(turn), np.sin(turn), color=GRAY, linewidth=0.8)
    axes.scatter(strangers[:, 1], strangers[:, 0], s=12, color=GRAY, label="strangers")
    axes.scatter(own[:, 1], own[:, 0], s=26, facecolors="none", edgecolors=COLORS[1], label="without a mask")
    for number in range(path.shape[1]):
        axes.plot(path[:, number, 1], path[:, number, 0], color=COLORS[4], alpha=0.5, linewidth=1)
    axes.scatter(path[-1, :, 1], path[-1, :, 0], s=30, color=COLORS[4], label="with the mask")
    figure.legend(loc="outside lower center", ncols=3, fontsize=SMALL, frameon=False)
    return figure
