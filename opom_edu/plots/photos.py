"""Rows of photos."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from torch import Tensor


def photo_row(images: Tensor, titles: Sequence[str] = (), *, columns: int = 10) -> Figure:
    """Images ``(N, 3, H, W)`` in [0, 1] side by side, ``columns`` to a row, each under its title if there are any.

    Raises:
        ValueError: if there are titles, but not one per image.
    """
    if titles and len(titles) != len(images):
        raise ValueError(f"{len(images)} images need as many titles, got {len(titles)}")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    side = min(1.9, 12 / columns)
    figure = Figure(figsize=(side * columns, rows * (side + 0.4 * bool(titles))), layout="constrained")
    for index, place in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        place.axis("off")
        if index < len(images):
            place.imshow(images[index].permute(1, 2, 0).cpu().numpy())
            if titles:
                place.set_title(titles[index], fontsize=10)
    return figure
