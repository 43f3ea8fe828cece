"""The colors of all figures and labs, and the axes that they share."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's palette, told apart by every common form of color vision; gray for what is no protection.
COLORS = ("#56B4E9", "#0072B2", "#CC79A7", "#E69F00", "#D55E00", "#009E73", "#F0E442", "#000000")
GRAY, LIGHT = "#8c8c8c", "#c9c9c9"
UNLEARNED = ("unprotected", "random noise")


def finish(axes: Axes, *, title: str, x_label: str, y_label: str, cursor: float | None = None) -> Figure:
    """Titles, a quiet grid, and the legend beside the axes, since lines may run anywhere; ``cursor``: an upright line."""
    if cursor is not None:
        axes.axvline(cursor, color="black", linewidth=1)
    axes.set_title(title, loc="left", fontsize=11, parse_math=False)  # names may hold a dollar sign
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e6e6e6")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    figure = axes.figure
    assert isinstance(figure, Figure)
    return figure
