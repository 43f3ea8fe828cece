"""Lines over the time of a video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from opom_edu.plots.protection import COLORS, GRAY, UNLEARNED

DASHES = ("-", "--", "-.", ":")


def over_time(
    seconds: Sequence[float], lines: Mapping[str, Sequence[float]], *, title: str, y_label: str, cursor: float | None = None
) -> Figure:
    """A line per name over the seconds of a video; those whose name begins with one of ``UNLEARNED`` in gray.

    Args:
        lines: by name, one value per entry of ``seconds``.
        cursor: the moment at which an upright line stands.
    """
    figure = Figure(figsize=(7.5, 3.2), layout="constrained")
    axes = figure.subplots()
    looks = iter(zip((COLORS[1], COLORS[4], COLORS[5], COLORS[3]) * len(lines), DASHES * len(lines), strict=True))
    grays = iter([(GRAY, dash) for dash in DASHES] * len(lines))
    for name, values in lines.items():
        color, dash = next(grays if name.startswith(UNLEARNED) else looks)
        axes.plot(seconds, values, color=color, linestyle=dash, linewidth=1.8, label=name)
    if cursor is not None:
        axes.axvline(cursor, color="black", linewidth=1)
    axes.set_title(title, loc="left", fontsize=11, parse_math=False)  # names may hold a dollar sign
    axes.set_xlabel("time, s")
    axes.set_ylabel(y_label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e6e6e6")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
