"""Chapter 2: a person is a region of feature space."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from scipy.stats import t
from torch import Tensor

from opom_edu.evaluation import people_embeddings
from opom_edu.exercises import classroom
from opom_edu.exercises.forms import array_of, measured
from opom_edu.exercises.verdict import Exercise, near, number
from opom_edu.lessons.maps import draw_map


def _components(answer: Any) -> str | None:
    draw = np.random.default_rng()
    for _ in range(3):
        shares = np.sort(draw.dirichlet(np.full(12, 0.6)))[::-1]
        held, wanted = shares.cumsum(), float(draw.uniform(0.5, 0.95))
        given, right = float(array_of(answer, (), held.copy(), wanted)), int(np.searchsorted(held, wanted)) + 1
        if given == right - 1:
            return "One too few: the first entry of held belongs to one component, not to zero."
        if given != right:
            return f"Of {held.round(2).tolist()}, {right} hold {wanted:.2f}; this says {given:g}."
    return None


def _enough(answer: Any) -> str | None:
    quantile = float(t.ppf(0.975, 6))
    right = quantile / (quantile**2 + 6) ** 0.5
    one_sided = float(t.ppf(0.95, 6))
    return near(
        answer, right, 0.005,
        (-right, "As a size, without its sign."),
        (one_sided / (one_sided**2 + 6) ** 0.5, "That asks in one direction only: leave 2.5 % on each side."),
        (quantile, "That is the t quantile. Which r gives it?"),
        otherwise="t.ppf(0.975, 6), solved for r in t = r * sqrt(6) / sqrt(1 - r * r): r = t / sqrt(t * t + 6).",
    )  # fmt: skip


@cache
def _features() -> tuple[Tensor, Any]:
    """The chapter's embeddings, and whose they are."""
    embeddings, table = people_embeddings(classroom.recognizer(), classroom.people(8, 104))
    return embeddings, table["person"].to_numpy()


def _least_alike(answer: Any) -> str | None:
    first, second = (number(value) for value in answer)
    embeddings, people = _features()
    own = embeddings[torch.from_numpy(people == "Ada")]
    count = len(own)
    if not all(value == int(value) and 0 <= value < count for value in (first, second)):
        return f"Two whole numbers from 0 to {count - 1} are wanted."
    if first == second:
        return "These are one and the same photo, which is as alike as can be."
    similar = own @ own.T
    here = float(similar[int(first), int(second)])
    if here <= float(similar.min()) + 1e-5:
        return None
    pairs = similar[tuple(torch.triu_indices(count, count, 1))]
    return f"Their similarity is {here:.2f}; {int((pairs < here).sum())} of the {len(pairs)} pairs are less alike."


@cache
def _shares() -> tuple[float, float]:
    """In percent, photos whose nearest other is the same person's: on the flat PCA map, and in the whole space."""
    embeddings, people = _features()

    def share(points: Tensor) -> float:
        nearest = torch.cdist(points, points).fill_diagonal_(float("inf")).argmin(1).numpy()
        return 100 * float((people[nearest] == people).mean())

    return share(torch.from_numpy(draw_map(embeddings, "PCA").places)), share(embeddings)


def _neighbors(answer: Any) -> str | None:
    flat, whole = _shares()
    return measured(
        answer, flat, 0.7,
        (100.0, "Did every photo find itself? Its nearest *other* photo counts, and on the map."),
        (whole, "So it is in the whole space. Now the distances between places on the map."),
        (flat / 100, "In percent it is a hundred times that."),
        otherwise="For every photo: distances to all others on the map, its own left out; the smallest; same person? The "
        "mean.",
    )  # fmt: skip


EXERCISES: dict[str, Exercise] = {
    "2.1": Exercise("write", _components,
        "Far fewer than the embedding has numbers, and far more than a screen has dimensions."),
    "2.2": Exercise("criticize", _enough, "Eight people allow only strong claims: look for the interval before the story."),
    "2.3": Exercise("compute", _least_alike, "The same person, and hardly alike: the two ends of a region."),
    "2.4": Exercise("predict", _neighbors,
        "The recognizer works in the whole space and does not suffer from what the map hides."),
}  # fmt: skip
