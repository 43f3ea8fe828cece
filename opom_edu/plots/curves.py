"""Lines over a number, or over the time of a video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle, islice

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from opom_edu.plots.style import COLORS, GRAY, UNLEARNED, WIDTH, Chart, finish, quiet, told

MARKERS = "osD^vPX*"
HUES = tuple(COLORS[i] for i in (1, 3, 5, 4, 2, 0, 7))  # neighbors far apart, without yellow, which is faint as a line
MOST_TICKS = 10
TIME_DASHES = ("-", "--", "-.", ":")
DASHES = dict(zip(UNLEARNED, (":", "--"), strict=True))
Bands = Mapping[str, tuple[Sequence[float], Sequence[float]]]


def curves(
    x: Sequence[float], lines: Mapping[str, Sequence[float]], *, title: str, x_label: str, y_label: str,
    percent: bool = True, bands: Bands | None = None, cursor: float | None = None, log: bool = False,
) -> Chart:  # fmt: skip
    """Lines with markers, told apart without color too; baselines in gray, dotted and dashed.

    Args:
        x: where each line has its points.
        lines: by name, one value per entry of ``x``; those named in ``UNLEARNED`` are baselines.
        bands: by name, the lower and the upper edge of a line's confidence band.
        percent: whether the values are percentages, and the axis runs from 0 to 100.
        cursor: where an upright line stands.
        log: whether equal distances are equal ratios of ``x``.

    Raises:
        ValueError: if a line has another number of points than ``x``.

    Example:
        >>> figure = curves([0, 1], {"mask": [0, 50]}, title="PSR", x_label="step", y_label="%")
        >>> figure.axes[0].get_title(loc="left") or figure.axes[0].get_title()
        'PSR'
    """
    figure = Chart(figsize=(WIDTH, 3.9), alt=f"{title}. {y_label} over {x_label}. {told(x, lines.items())}")
    axes = figure.subplots()
    if log:
        axes.set_xscale("log")
        axes.minorticks_off()
    draw_lines(axes, x, lines, percent=percent, bands=bands)
    if len(x) <= MOST_TICKS:
        axes.set_xticks(x, [f"{at:,g}" for at in x])  # where the points are
    return finish(axes, title=title, x_label=x_label, y_label=y_label, cursor=cursor)


def draw_lines(
    axes: Axes, x: Sequence[float], lines: Mapping[str, Sequence[float]], *,
    percent: bool = True, bands: Bands | None = None, start: int = 0,
) -> None:  # fmt: skip
    """Draw what :func:`curves` shows; ``start`` is the place of the first one's look.

    Bands are upright lines beside one another, for surfaces on top of each other would mix to a color of neither.
    """
    log = axes.get_xscale() == "log"
    places = np.log10(x) if log else np.asarray(x)
    reach = 0.008 * (max(places) - min(places)) if bands else 0.0
    looks = islice(zip(cycle(HUES), cycle(MARKERS), strict=False), start, None)
    for place, (name, values) in enumerate(lines.items()):
        if len(values) != len(x):
            raise ValueError(f"{name!r} needs {len(x)} values, one per place, got {len(values)}")
        color, marker = next(looks) if name not in UNLEARNED else (GRAY, "x" if name == UNLEARNED[1] else "+")
        if bands is not None and name in bands:
            beside = places + reach * (2 * place - len(lines) + 1)
            axes.vlines(10**beside if log else beside, *bands[name], color=color, alpha=0.7, linewidth=2)
        axes.plot(x, values, color=color, marker=marker, linestyle=DASHES.get(name, "-"), label=name)
    if percent:
        axes.set_ylim(-3, 103)
    quiet(axes)


def over_time(
    seconds: Sequence[float], lines: Mapping[str, Sequence[float]], *, title: str, y_label: str, cursor: float | None = None,
    limits: tuple[float, float] | None = None,
) -> Chart:  # fmt: skip
    """A line per name over the seconds of a video; those whose name begins with one of ``UNLEARNED`` in gray.

    Args:
        lines: by name, one value per entry of ``seconds``.
        cursor: the moment at which an upright line stands.
        limits: of the upright axis, so that several figures can be compared.

    Example:
        >>> figure = over_time([0, 1], {"protected": [0.9, 0.2]}, title="Ada", y_label="similarity")
        >>> len(figure.axes)
        1
    """
    alt = f"{title}. {y_label} over time in seconds. {told(seconds, lines.items())}"
    axes = Chart(figsize=(WIDTH, 3.2), alt=alt).subplots()
    looks = cycle(zip((HUES[0], HUES[3], HUES[2], HUES[1]), TIME_DASHES, strict=True))
    grays = cycle((GRAY, dash) for dash in TIME_DASHES)
    widths = iter([4.5, 3, *[1.8] * len(lines)])  # what lies on one another can be seen
    for name, values in lines.items():
        color, dash = next(grays if name.startswith(UNLEARNED) else looks)
        axes.plot(seconds, values, color=color, linestyle=dash, linewidth=next(widths) if color == GRAY else 1.8, label=name)
    if limits is not None:
        axes.set_ylim(*limits)
    return finish(axes, title=title, x_label="time, s", y_label=y_label, cursor=cursor)


def study_curves(
    table: pd.DataFrame, parameter: str, *, title: str, x_label: str, y_label: str = "", rank: int = 1, log: bool = False
) -> Chart:
    """A line with its confidence band for each method over the values of one parameter.

    Args:
        table: a row per ``method`` and value of ``parameter``, with ``mean``, ``low`` and ``high`` in percent.
        y_label: by default, that these are PSR at ``rank``.
        log: see :func:`curves`.

    Example:
        >>> columns = {"mean": [20, 60], "low": [10, 50], "high": [30, 70]}
        >>> table = pd.DataFrame({"method": ["convex"] * 2, "photos": [1, 10]} | columns)
        >>> len(study_curves(table, "photos", title="a", x_label="photos").axes)
        1
    """
    values = {column: table.pivot(index="method", columns=parameter, values=column) for column in ("mean", "low", "high")}
    methods = table["method"].unique()
    return curves(
        list(values["mean"].columns), {m: values["mean"].loc[m].tolist() for m in methods}, title=title, x_label=x_label,
        y_label=y_label or f"mean PSR of the black boxes, rank {rank} (%)", log=log,
        bands={m: (values["low"].loc[m].tolist(), values["high"].loc[m].tolist()) for m in methods},
    )  # fmt: skip
