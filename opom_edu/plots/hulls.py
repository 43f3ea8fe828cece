"""Hulls drawn in the plane, and distances to them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from opom_edu.plots.style import COLORS, GRAY, NORMAL, SMALL, WIDTH, Chart, quiet

Array = NDArray[np.floating]
HULL_COLORS = {"center": COLORS[3], "reduced": COLORS[5], "convex": COLORS[0], "affine": COLORS[2]}
QUERY = COLORS[4]
REACH = 1.12  # of the plane that is drawn
ARROW = 0.3


def hull_panels(points: Array, query: Array, regions: Mapping[str, Array], nearest: Mapping[str, Array]) -> Chart:
    """Hulls of the same points side by side, each with its nearest point to a query and the direction away from it.

    Args:
        points: ``(K, 2)``, the features of one identity, within -1 to 1.
        query: ``(2,)``.
        regions: by hull, the border of its region, ``(M, 2)`` in order; all the same for a single point.
        nearest: by hull, ``(2,)``.

    Example:
        >>> points, query = np.array([[0.0, 0], [1, 0], [0, 1]]), np.array([1.0, 1])
        >>> figure = hull_panels(points, query, {"convex": points}, {"convex": np.array([0.5, 0.5])})
        >>> len(figure.axes)
        1
    """
    gaps = {name: float(np.linalg.norm(np.asarray(query) - np.asarray(foot))) for name, foot in nearest.items()}
    alt = "Distance from the query to each hull: " + ", ".join(f"{name} {gap:.3f}" for name, gap in gaps.items()) + "."
    side = min(2.6, WIDTH / len(regions))
    figure = Chart(figsize=(side * len(regions), side + 0.5), alt=alt)
    for axes, (name, border) in zip(figure.subplots(1, len(regions), squeeze=False).flat, regions.items(), strict=True):
        color, foot = HULL_COLORS.get(name, GRAY), np.asarray(nearest[name])
        axes.fill(*border.T, facecolor=color, edgecolor=color, alpha=0.4, linewidth=2)
        axes.plot(*np.stack([query, foot]).T, "k:", linewidth=1)
        axes.plot(*np.asarray(points).T, "ko", markersize=5)
        axes.plot(*foot, "s", color=color, markeredgecolor="black", markersize=8)
        axes.plot(*query, "o", markersize=9, markerfacecolor="none", markeredgecolor=QUERY, markeredgewidth=2.5)
        away = np.asarray(query) - foot
        distance = gaps[name]
        if distance > 1e-6:
            tip = query + ARROW * away / distance
            axes.annotate("", tip, query, arrowprops={"arrowstyle": "->", "color": QUERY, "linewidth": 2.5})
        axes.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal", xticks=[], yticks=[])
        axes.set_title(f"{name}\ndistance {distance:.3f}", fontsize=NORMAL)
    return figure


def distance_strips(own: Mapping[str, Array], strangers: Mapping[str, Array]) -> Chart:
    """Distances of a person's own photos and of strangers' to each hull, one dot per photo.

    Args:
        own: by hull, ``(N,)`` distances.
        strangers: by hull, ``(M,)`` distances.

    Example:
        >>> len(distance_strips({"convex": np.array([0.1, 0.2])}, {"convex": np.array([0.9, 0.8])}).axes)
        1
    """
    means = (f"{name} {np.mean(own[name]):.2f} and {np.mean(strangers[name]):.2f}" for name in own)
    alt = f"Mean distances to each hull, of the person's own photos and of strangers': {', '.join(means)}."
    figure = Chart(figsize=(WIDTH, 0.9 + 0.75 * len(own)), alt=alt)
    axes = figure.subplots()
    for row, name in enumerate(own):
        for values, lift, color, marker in ((own[name], 0.14, COLORS[5], "o"), (strangers[name], -0.14, COLORS[4], "x")):
            who = "own photos" if marker == "o" else "strangers"
            axes.plot(
                values, np.full(len(values), row - lift), marker, color=color, alpha=0.6, label=who if not row else None
            )
            axes.plot(2 * [np.mean(values)], [row - lift - 0.13, row - lift + 0.13], "k-", linewidth=2)
    axes.set_yticks(range(len(own)), list(own))
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel("distance to the hull (bar: mean)")
    quiet(axes, "x")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=2, frameon=False, fontsize=SMALL)
    return figure
