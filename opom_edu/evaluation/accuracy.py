"""How well embeddings tell people apart: the ROC, and a training's own yardstick on clean photos of held-out people.

Protection is measured elsewhere (:mod:`opom_edu.evaluation`), by the paper's protocol.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

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

    Example:
        >>> embeddings = np.array([[1, 0], [0.8, 0.6], [0, 1], [-0.6, 0.8]], np.float32)
        >>> found = accuracy(embeddings, np.array([0, 0, 1, 1]))
        >>> round(found.auc, 3), found.rank1
        (1.0, 1.0)
    """
    from sklearn.metrics import auc

    chosen = np.ones(len(labels), bool) if among is None else among
    kept, people = embeddings[chosen], labels[chosen]
    rows, columns = np.triu_indices(len(people), 1)
    same = people[rows] == people[columns]
    if not same.any() or same.all():
        raise ValueError("accuracy needs at least 2 people, one of them with 2 photos, in each group")
    similarity = torch.from_numpy((kept @ kept.T)[rows, columns])
    curve = roc(similarity[same], similarity[~same])
    _, first = np.unique(labels, return_index=True)
    queries = chosen.copy()
    queries[first] = False
    nearest = labels[first][(embeddings[queries] @ embeddings[first].T).argmax(1)]
    return Accuracy(
        auc=float(auc(curve["fmr"], curve["tar"])),
        tar=float(curve.loc[curve["fmr"] <= FAR, "tar"].max()),
        rank1=float((nearest == labels[queries]).mean()) if queries.any() else float("nan"),
    )


def roc(genuine: Tensor, impostor: Tensor) -> pd.DataFrame:
    """The receiver operating characteristic of similarities.

    Args:
        genuine, impostor: similarities of pairs of one person and of pairs of two people, any shape.

    Returns:
        ``threshold``, falling from infinity; ``fmr`` (false-match rate) and ``tar`` (true-accept rate), the shares of
        impostor and of genuine pairs at or above it, both rising from 0 to 1.

    Raises:
        ValueError: if there are no pairs of one kind.

    Example:
        >>> roc(torch.tensor([0.9, 0.8]), torch.tensor([0.1, 0.85]))
           threshold  fmr  tar
        0        inf  0.0  0.0
        1       0.90  0.0  0.5
        2       0.85  0.5  0.5
        3       0.80  0.5  1.0
        4       0.10  1.0  1.0
    """
    from sklearn.metrics import roc_curve

    if not genuine.numel() or not impostor.numel():
        raise ValueError("a ROC needs at least one genuine and one impostor pair")
    values = torch.cat([genuine.flatten(), impostor.flatten()]).double().cpu()
    fmr, tar, threshold = roc_curve(torch.arange(len(values)) < genuine.numel(), values)
    return pd.DataFrame({"threshold": threshold, "fmr": fmr, "tar": tar})
