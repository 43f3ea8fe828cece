"""Tables of rates as colored cells."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle

from opom_edu.plots.style import COLORS, NORMAL, SMALL, TITLE, WIDTH, Chart


def heat_maps(
    tables: Mapping[str, pd.DataFrame], *, title: str, white_box: Mapping[str, pd.DataFrame] | None = None
) -> Chart:
    """Tables of percentages below one another, each value in its cell; the darker, the higher.

    Args:
        tables: by title; rows and columns in the order to draw them, the same rows in all. NaN is left blank.
        white_box: by title, tables of truth values of the same shape: cells to frame, for their masks were learned there.

    Example:
        >>> table = pd.DataFrame([[1.0, 60.0]], index=["convex"], columns=["ir-arcface", "ir-sface"])
        >>> figure = heat_maps({"common": table}, title="PSR, %")
        >>> type(figure).__name__
        'Chart'
    """
    rows, columns = next(iter(tables.values())).shape
    framed = " Framed: white box." if white_box else ""
    figure = Chart(figsize=(WIDTH, 0.5 + len(tables) * (0.75 + 0.27 * rows)), alt=f"{title}.{framed} {_told(tables)}")
    figure.suptitle(f"{title}.{framed}", x=0.01, ha="left", fontsize=TITLE)
    places = figure.subplots(len(tables), squeeze=False).flat
    for axes, (name, table) in zip(places, tables.items(), strict=True):
        values = table.to_numpy(dtype=float)
        axes.imshow(values, cmap="Blues", vmin=0, vmax=100, aspect="auto")
        for row, column in np.argwhere(np.isfinite(values)):
            ink = "white" if values[row, column] > 60 else "#111111"
            axes.text(column, row, f"{values[row, column]:.0f}", ha="center", va="center", color=ink, fontsize=SMALL)
        for row, column in np.argwhere(white_box[name].to_numpy() if white_box else []):
            axes.add_patch(Rectangle((column - 0.46, row - 0.45), 0.92, 0.9, fill=False, edgecolor=COLORS[3], linewidth=2))
        axes.xaxis.tick_top()  # heads over their columns
        axes.set_xticks(range(columns), [str(label).replace("-", "-\n") for label in table.columns], fontsize=SMALL)
        labels = [label if isinstance(label, tuple) else ("", label) for label in table.index]
        axes.set_yticks(range(rows), [" ".join(map(str, label)).strip() for label in labels], fontsize=SMALL)
        axes.set_title(name, loc="left", fontsize=NORMAL)
        for row in range(1, rows):
            if labels[row][0] != labels[row - 1][0]:
                axes.axhline(row - 0.5, color="black", linewidth=1)
    return figure


def _told(tables: Mapping[str, pd.DataFrame]) -> str:
    """Of every table the mean of each row, in words."""
    means = {name: table.mean(axis=1).dropna() for name, table in tables.items()}
    names = {
        at: " ".join(map(str, at)) if isinstance(at, tuple) else str(at) for mean in means.values() for at in mean.index
    }
    texts = (", ".join(f"{names[at]} {value:.0f} %" for at, value in mean.items()) for mean in means.values())
    return " ".join(f"{name}, means of rows: {text}." for name, text in zip(means, texts, strict=True))
