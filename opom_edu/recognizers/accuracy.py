"""How well embeddings tell held-out people apart: a training's own yardstick, on clean photos.

Protection is measured elsewhere (:mod:`opom_edu.evaluation`), by the paper's protocol.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score, roc_curve

FAR = 1e-3


@dataclass(frozen=True)
class Accuracy:
    """Shares in [0, 1]: all pairs ranked (AUC), accepted at a false-accept rate of 1e-3 (TAR), found first (rank-1)."""

    auc: float
    tar: float
    rank1: float


def accuracy(
    embeddings: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], among: npt.NDArray[np.bool_] | None = None
) -> Accuracy:
    """AUC and TAR at FAR 1e-3 over all pairs of photos; rank-1 with a gallery of each person's first photo.

    Args:
        embeddings: ``(N, D)`` of unit norm.
        labels: ``(N,)``; a person with a single photo is a distractor.
        among: ``(N,)``: a group. Both photos of a pair, and every query, then belong to it; the gallery holds everybody.

    Raises:
        ValueError: if there are no pairs of one person, or none of different people.
    """
    chosen = np.ones(len(labels), bool) if among is None else among
    kept, people = embeddings[chosen], labels[chosen]
    rows, columns = np.triu_indices(len(people), 1)
    same = people[rows] == people[columns]
    if not same.any() or same.all():
        raise ValueError("accuracy needs at least 2 people, one of them with 2 photos, in each group")
    similarity = (kept @ kept.T)[rows, columns]
    false, true, _ = roc_curve(same, similarity)
    _, first = np.unique(labels, return_index=True)
    queries = chosen.copy()
    queries[first] = False
    nearest = labels[first][(embeddings[queries] @ embeddings[first].T).argmax(1)]
    return Accuracy(
        auc=float(roc_auc_score(same, similarity)),
        tar=float(true[np.searchsorted(false, FAR, side="right") - 1]),
        rank1=float((nearest == labels[queries]).mean()) if queries.any() else float("nan"),
    )
