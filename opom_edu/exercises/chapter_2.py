"""Chapter 2: a person is a region of feature space."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from opom_edu.exercises.verdict import Check

HELD = 0.9
TOLERANCE = 0.006  # a share in percent, rounded to a whole number, is near enough


def _components(answer: Any, *, embeddings: Tensor) -> str | None:
    from sklearn.decomposition import PCA

    held = PCA().fit(embeddings).explained_variance_ratio_.cumsum()
    value = float(answer)
    if value != int(value) or not 1 <= value <= len(held):
        return f"A whole number of components from 1 to {len(held)} is wanted."
    right = int(np.searchsorted(held, HELD)) + 1
    if value == right:
        return None
    if value == right - 1:
        return "Very near. The first entry of `held` belongs to one component, not to zero."
    return f"{int(value)} components hold {held[int(value) - 1]:.1%} of the variance. Fewest that hold 90 %?"


def _widest(answer: Any, *, embeddings: Tensor, table: pd.DataFrame) -> str | None:
    people = table["person"].to_numpy()
    if answer not in set(people):
        return f"The name of one of {', '.join(dict.fromkeys(people))} is wanted."
    own = {name: embeddings[torch.from_numpy(people == name)] for name in dict.fromkeys(people)}
    widths = {name: float((points - points.mean(0)).norm(dim=1).mean()) for name, points in own.items()}
    if answer == max(widths, key=lambda name: widths[name]):
        return None
    if answer == min(widths, key=lambda name: widths[name]):
        return "This is the narrowest region of all."
    return (
        "Somebody's photos lie further from their mean. Take each person's own mean, then the mean of the distances to it."
    )


def _least_alike(answer: Any, *, embeddings: Tensor) -> str | None:
    first, second = (int(value) for value in answer)
    count = len(embeddings)
    if not (0 <= first < count and 0 <= second < count):
        return f"Two numbers from 0 to {count - 1} are wanted."
    if first == second:
        return "These are one and the same photo, which is as alike as can be."
    similar = embeddings @ embeddings.T
    if float(similar[first, second]) <= float(similar.min()) + 1e-5:
        return None
    pairs = similar[tuple(torch.triu_indices(count, count, 1))]
    lower = int((pairs < similar[first, second]).sum())
    return f"Their similarity is {float(similar[first, second]):.2f}; {lower} of the {len(pairs)} pairs are less alike."


def _neighbors(answer: Any, *, embeddings: Tensor, table: pd.DataFrame) -> str | None:
    from opom_edu.lessons.maps import draw_map

    value = float(answer)
    if 1 < value <= 100:
        return "A share is wanted, from 0 to 1."
    people = table["person"].to_numpy()

    def share(points: Tensor, least: float) -> float:
        apart = torch.cdist(points, points).fill_diagonal_(least)
        return float((people[apart.argmin(1).numpy()] == people).mean())

    flat = torch.from_numpy(draw_map(embeddings, "PCA").places)
    right = share(flat, float("inf"))
    if abs(value - right) <= TOLERANCE:
        return None
    if value == 1.0:
        return "Did every photo find itself? Its nearest *other* photo counts, and on the map."
    if abs(value - share(embeddings, float("inf"))) <= TOLERANCE:
        return "So it is in the whole space. Now the distances between places on the map."
    return (
        "For every photo: distances to all others on the map, its own left out; the smallest; same person or not; the mean."
    )


CHECKS: dict[str, tuple[Check, str]] = {
    "2.1": (_components, "Far fewer than the embedding has numbers, and far more than a screen has dimensions."),
    "2.2": (
        _widest,
        "Some people vary more than others, and are easier to lose: keep an eye on this one in later chapters.",
    ),
    "2.3": (_least_alike, "The same person, and the recognizer finds them hardly alike: the two ends of a region."),
    "2.4": (_neighbors, "The recognizer works in the whole space and does not suffer from what the map hides."),
}
