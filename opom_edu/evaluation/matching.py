"""Whose face is this? Faces matched to people by their embeddings, and the photos that show most of a person's variety."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional


def who_is_who(embeddings: Tensor, centers: Mapping[str, Tensor], threshold: float) -> list[str | None]:
    """The name of each face ``(F, D)`` of a photo: of the most similar person, each person once; None below the threshold.

    Args:
        centers: by name, a unit embedding ``(D,)`` of each person.
    """
    names: list[str | None] = [None] * len(embeddings)
    if len(embeddings) and centers:
        similar = (embeddings @ torch.stack(list(centers.values())).T).cpu().numpy()
        for face, person in zip(*linear_sum_assignment(similar, maximize=True), strict=True):
            if similar[face, person] > threshold:
                names[face] = list(centers)[person]
    return names


def center_of(groups: Sequence[Tensor], threshold: float) -> Tensor:
    """The mean direction ``(D,)`` of the person whom most photos of a folder show.

    Args:
        groups: of each photo, the embeddings of its faces ``(F, D)``.
        threshold: similarity to the most typical face above which a photo counts.
    """
    faces = torch.cat(list(groups))
    votes = torch.stack([(faces @ group.T).amax(1) for group in groups]).mean(0)
    middle = faces[votes.argmax()]
    nearest = torch.stack([group[(group @ middle).argmax()] for group in groups])
    return functional.normalize(nearest[nearest @ middle > threshold].mean(0), dim=0)


def most_diverse(embeddings: Tensor, center: Tensor, count: int) -> list[int]:
    """Indices of up to ``count`` of the embeddings ``(N, D)``, in order.

    The one nearest the center, then each time the one farthest from all chosen (Gonzalez 1985).
    """
    chosen = [int((embeddings @ center).argmax())]
    while len(chosen) < min(count, len(embeddings)):
        nearest = (embeddings @ embeddings[chosen].T).amax(1)
        nearest[chosen] = torch.inf
        chosen.append(int(nearest.argmin()))
    return sorted(chosen)
