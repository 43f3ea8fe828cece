"""Whose face is this? Faces matched to people by their embeddings, and the photos that show most of a person's variety."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional

from opom_edu.errors import PeopleWarning
from opom_edu.faces.folders import shown


def who_is_who(embeddings: Tensor, centers: Mapping[str, Tensor], threshold: float) -> list[str | None]:
    """The name of each face ``(F, D)`` of a photo; None for a stranger, who is like nobody above the threshold.

    Each person is one face, so that people who look alike are told apart by what fits best in all. Only a face that is left
    over, and still like somebody, is the same person once more: in a collage, or a mirror.

    Args:
        centers: by name, a unit embedding ``(D,)`` of each person.

    Example:
        >>> faces = torch.tensor([[0.0, 1.0], [1.0, 0.0], [-1.0, 0.0]])
        >>> who_is_who(faces, {"Ada": torch.tensor([1.0, 0.0]), "Bao": torch.tensor([0.0, 1.0])}, threshold=0.5)
        ['Bao', 'Ada', None]
    """
    names: list[str | None] = [None] * len(embeddings)
    if len(embeddings) and centers:
        similar = (embeddings @ torch.stack(list(centers.values())).T).cpu().numpy()
        for face, person in zip(*linear_sum_assignment(similar, maximize=True), strict=True):
            if similar[face, person] > threshold:
                names[face] = list(centers)[person]
        for face, name in enumerate(names):
            if name is None and similar[face].max() > threshold:
                names[face] = list(centers)[similar[face].argmax()]
    return names


def centers_of(folders: Mapping[str, Sequence[Tensor]], threshold: float) -> dict[str, Tensor]:
    """By name, the mean direction ``(D,)`` of the person whom each folder is of.

    That is whom most of its photos show, but nobody who has another folder: one of couples shows two people equally often.
    A :class:`PeopleWarning` names two whose folders seem to be of one person.

    Args:
        folders: by name, of each photo the embeddings of its faces ``(F, D)``.
        threshold: mean similarity to the faces of a folder's person above which a face is theirs.

    Example:
        >>> photos = [torch.tensor([[1.0, 0.0]]), torch.tensor([[0.8, 0.6]])]
        >>> centers_of({"Ada": photos}, threshold=0.5)["Ada"].shape
        torch.Size([2])
    """
    means = {name: _mean(groups, threshold) for name, groups in folders.items()}
    pairs = [(name, other) for name in folders for other in folders if name != other]
    for name, other in pairs:
        if means[name] @ means[other] > threshold:
            rest = [group[group @ means[other] <= threshold] for group in folders[name]]
            rest = [group for group in rest if len(group)]
            if len(rest) > len(folders[name]) / 2:
                means[name] = _mean(rest, threshold)
    for name, other in pairs:
        if name < other and (alike := float(means[name] @ means[other])) > threshold:
            told = f"{shown(name)} and {shown(other)} look like one person (similarity {alike:.2f})"
            remedy = "masks may be mixed up; add photos that show each of them alone"
            warnings.warn(f"{told}: {remedy}", PeopleWarning, stacklevel=3)
    return {name: functional.normalize(mean, dim=0) for name, mean in means.items()}


def _mean(groups: Sequence[Tensor], threshold: float) -> Tensor:
    """The mean ``(D,)`` of the person whom most photos show; times an embedding, the mean similarity to their faces.

    The faces are, of each photo, the one most like the most typical of all, if it is more like it than ``threshold``.
    """
    faces = torch.cat(list(groups))
    votes = torch.stack([(faces @ group.T).amax(1) for group in groups]).mean(0)
    middle = faces[votes.argmax()]
    nearest = torch.stack([group[(group @ middle).argmax()] for group in groups])
    return nearest[nearest @ middle > threshold].mean(0)


def most_diverse(embeddings: Tensor, center: Tensor, count: int) -> list[int]:
    """Indices of up to ``count`` of the embeddings ``(N, D)``, in order.

    The one nearest the center, then each time the one farthest from all chosen (Gonzalez 1985).

    Example:
        >>> most_diverse(torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]), torch.tensor([1.0, 0.0]), count=2)
        [0, 2]
    """
    chosen = [int((embeddings @ center).argmax())]
    while len(chosen) < min(count, len(embeddings)):
        nearest = (embeddings @ embeddings[chosen].T).amax(1)
        nearest[chosen] = torch.inf
        chosen.append(int(nearest.argmin()))
    return sorted(chosen)
