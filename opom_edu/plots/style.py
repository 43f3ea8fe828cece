"""The colors of all figures and labs, and what all figures have: a text instead of sight, the page's theme, shared axes."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterable
from html import escape
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's palette, told apart by every common form of color vision; gray for what is no protection.
COLORS = ("#56B4E9", "#0072B2", "#CC79A7", "#E69F00", "#D55E00", "#009E73", "#F0E442", "#000000")
GRAY, LIGHT, GRID = "#8c8c8c", "#c9c9c9", "#88888844"
UNLEARNED = ("unprotected", "random noise")
HATCHES = ("", "///", "...", "xxx", "\\\\\\", "---", "ooo", "+++")
WIDTH = 7.4  # inches: the column of a notebook beside the file browser, 710 pixels
SMALL, NORMAL, TITLE = 8.6, 9.5, 11  # points; the smallest letters are 11 pixels high in that column
_QUIET = {"svg.fonttype": "none"}
_NO_DATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


class Chart(Figure):
    """A matplotlib figure that a page shows as an SVG in its own colors, with ``alt`` for those who do not see it.

    Black is the color of the page's letters, so it is light in a dark theme; the ground is transparent.

    Example:
        >>> chart = Chart(alt="Nothing <yet>")
        >>> chart._repr_html_()[:41]
        '<svg role="img" aria-label="Nothing &lt;y'
    """

    def __init__(self, *arguments: Any, alt: str = "", **options: Any) -> None:
        super().__init__(*arguments, **{"layout": "constrained"} | options)
        self.alt = alt

    def _repr_html_(self) -> str:
        file, width = io.StringIO(), 96 * self.get_figwidth()
        with matplotlib.rc_context(_QUIET):
            self.savefig(file, format="svg", transparent=True, metadata=_NO_DATA)
        box = " ".join(f"{72 * side:g}" for side in (0, 0, *self.get_size_inches()))
        # matplotlib's own rule of style would hold for the whole page
        inner = re.sub(r"<style.*?</style>", "", file.getvalue().split("<svg", 1)[1].split(">", 1)[1], flags=re.DOTALL)
        style = f"width:100%;max-width:{width:.0f}px;height:auto;fill:currentColor;stroke-linejoin:round"
        head = f'<svg role="img" aria-label="{escape(self.alt)}" class="opom-figure" viewBox="{box}" style="{style}">'
        return head + inner.replace("stroke: #000000", "stroke: currentColor")


def quiet(axes: Axes, which: str = "both") -> None:
    """A faint grid behind what is drawn, and no frame."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=which, color=GRID)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=SMALL)


def lines_of(text: str, letters: int) -> str:
    """A text broken into lines between words."""
    return "\n".join(textwrap.wrap(text, letters, break_long_words=False, break_on_hyphens=False))


def told(x: Iterable[object], lines: Iterable[tuple[str, Iterable[float]]]) -> str:
    """What lines do, in words: where each begins and ends."""
    places = [f"{place:g}" if isinstance(place, int | float) else str(place) for place in x]
    ends = [(name, [float(value) for value in values]) for name, values in lines]
    return "; ".join(f"{name}: {v[0]:.3g} at {places[0]}, {v[-1]:.3g} at {places[-1]}" for name, v in ends if len(v)) + "."


def finish(axes: Axes, *, title: str, x_label: str, y_label: str, cursor: float | None = None) -> Chart:
    """Titles, a quiet grid, and the legend below the axes, since lines may run anywhere; ``cursor``: an upright line."""
    if cursor is not None:
        axes.axvline(cursor, color="black", linewidth=1)
    axes.set_title(lines_of(title, 80), loc="left", fontsize=TITLE, parse_math=False)  # names may hold a dollar sign
    axes.set_xlabel(x_label, fontsize=NORMAL)
    axes.set_ylabel(y_label, fontsize=NORMAL)
    quiet(axes)
    figure = axes.figure
    assert isinstance(figure, Chart)
    figure.legend(*axes.get_legend_handles_labels(), frameon=False, loc="outside lower left", ncols=4, fontsize=SMALL)
    return figure
