"""Rows of photos."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.patches import Polygon
from torch import Tensor

from opom_edu.plots.style import COLORS, NORMAL, SMALL, WIDTH, Chart, lines_of


def photo_row(images: Tensor, titles: Sequence[str] = (), *, columns: int = 10, side: float = 1.9) -> Chart:
    """Images ``(N, 3, H, W)`` in [0, 1] side by side, ``columns`` to a row, each under its title if there are any.

    Args:
        side: width of an image in inches, less where ``columns`` are many.

    Raises:
        ValueError: if there are titles, but not one per image.

    Example:
        >>> len(photo_row(ada.test[:3], ["one", "two", "three"]).axes)
        3
    """
    if titles and len(titles) != len(images):
        raise ValueError(f"{len(images)} images need as many titles, got {len(titles)}")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    side = min(side, WIDTH / columns)
    broken = [lines_of(title, max(8, round(12 * side))) for title in titles]
    deep = 0.16 * max((text.count("\n") + 1 for text in broken), default=0) + 0.1 * bool(titles)
    alt = f"{len(images)} photos" + (": " + "; ".join(titles) if titles else "") + "."
    figure = Chart(figsize=(side * columns, rows * (side + deep)), alt=alt)
    for index, place in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        place.axis("off")
        if index < len(images):
            place.imshow(images[index].permute(1, 2, 0).cpu().numpy())
            if titles:
                place.set_title(broken[index], fontsize=SMALL)
    return figure


def marked_photo(pixels: Any, points: Any, corners: Any, *, title: str = "") -> Chart:
    """A photo ``(H, W, 3)`` uint8 with numbered ``points (N, 2)`` and an outline through ``corners (M, 2)``.

    Example:
        >>> corners = np.array([[10, 10], [80, 10], [80, 80], [10, 80]])
        >>> figure = marked_photo(np.zeros((90, 90, 3), np.uint8), np.array([[30, 40]]), corners)
        >>> type(figure).__name__
        'Chart'
    """
    alt = f"{title or 'A photo'}, with {len(points)} numbered landmarks on the face and the outline of the crop around it."
    figure = Chart(figsize=(5, 5 * len(pixels) / len(pixels[0])), alt=alt)
    place = figure.subplots()
    place.imshow(pixels)
    for color, width in (("black", 4), (COLORS[3], 2)):  # the one lets the other be seen on any ground
        place.add_patch(
            Polygon(corners, fill=False, edgecolor=color, linewidth=width, label="the crop" if width == 2 else None)
        )
        place.plot(*points.T, "o", color=color, markersize=2.5 * width, label="landmarks" if width == 2 else None)
    for number, point in enumerate(points):
        place.annotate(
            str(number + 1),
            point,
            xytext=(5, 4),
            textcoords="offset points",
            color="white",
            fontsize=SMALL,
            bbox={"color": "black", "pad": 1},
        )
    place.set_title(title, fontsize=NORMAL)
    place.set(xlabel="x, pixels", ylabel="y, pixels")
    place.legend(loc="upper right")
    return figure
