"""Tables of rates as colored cells."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from opom_edu.plots.style import COLORS


def heat_maps(
    tables: Mapping[str, pd.DataFrame], *, title: str, white_box: Mapping[str, pd.DataFrame] | None = None
) -> Figure:
    """Tables of percentages side by side, each value in its cell; the darker, the higher.

    Args:
        tables: by title; rows and columns in the order to draw them, the same rows in all. NaN is left blank.
        white_box: by title, tables of truth values of the same shape: cells to frame, for their masks were learned there.

    Example:
        >>> table = pd.DataFrame([[1.0, 60.0]], index=["convex"], columns=["ir-arcface", "ir-sface"])
        >>> figure = heat_maps({"common": table}, title="PSR, %")
        >>> type(figure).__name__
        'Figure'
    """
    rows, columns = next(iter(tables.values())).shape
    figure = Figure(figsize=(max(8, 2.4 + len(tables) * 0.55 * columns), 2 + 0.27 * rows), layout="constrained")
    figure.suptitle(title, fontsize=11)
    places = figure.subplots(1, len(tables), sharey=True, squeeze=False).flat
    for axes, (name, table) in zip(places, tables.items(), strict=True):
        values = table.to_numpy(dtype=float)
        image = axes.imshow(values, cmap="Blues", vmin=0, vmax=100, aspect="auto")
        for row, column in np.argwhere(np.isfinite(values)):
            ink = "white" if values[row, column] > 60 else "black"
            axes.text(column, row, f"{values[row, column]:.0f}", ha="center", va="center", color=ink, fontsize=8)
        for row, column in np.argwhere(white_box[name].to_numpy() if white_box else []):
            axes.add_patch(Rectangle((column - 0.46, row - 0.45), 0.92, 0.9, fill=False, edgecolor=COLORS[3], linewidth=2))
        axes.set_xticks(range(columns), [str(label) for label in table.columns], rotation=40, ha="right", fontsize=8)
        labels = [label if isinstance(label, tuple) else ("", label) for label in table.index]
        axes.set_yticks(range(rows), [" ".join(map(str, label)).strip() for label in labels], fontsize=8)
        axes.set_title(name, loc="left", fontsize=10)
        for row in range(1, rows):
            if labels[row][0] != labels[row - 1][0]:
                axes.axhline(row - 0.5, color="black", linewidth=1)
    figure.supxlabel("recognizer" + (" (framed: white box)" if white_box else ""), fontsize=10)
    figure.colorbar(image, ax=figure.axes, label="protection success rate (%)", shrink=0.6)
    return figure
