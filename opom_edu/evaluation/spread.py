"""Where a person's photos lie in feature space, and which conditions move them there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from opom_edu.faces import People, quantize
from opom_edu.recognizers import Recognizer

SHUFFLES = 20


def people_embeddings(recognizer: Recognizer, people: People) -> tuple[Tensor, pd.DataFrame]:
    """Embeddings of all photos of all people, and what is known about each photo.

    Returns:
        ``(N, D)`` of unit norm, each person's training photos before the test photos; and a table with a row per photo:
        ``person``, ``part`` ("train" or "test"), ``number`` within the part from 1, and the columns of ``people.photos``.

    Example:
        >>> embeddings, table = people_embeddings(black_box, people)
        >>> embeddings.shape, len(table)
        (torch.Size([60, 128]), 60)
    """
    parts = [(p.name, part, images) for p in people.values() for part, images in (("train", p.train), ("test", p.test))]
    embeddings = recognizer.embed(quantize(torch.cat([images for _, _, images in parts]))).cpu()
    rows = [(name, part, number) for name, part, images in parts for number in range(1, len(images) + 1)]
    table = pd.DataFrame(rows, columns=["person", "part", "number"])
    if people.photos is not None:
        table = table.join(people.photos.drop(columns=["person", "part", "number"], errors="ignore").reset_index(drop=True))
    return embeddings, table


def explained_spread(embeddings: Tensor, table: pd.DataFrame, conditions: Sequence[str], *, seed: int = 0) -> pd.DataFrame:
    """Which condition explains how far a person's photos scatter?

    Every person's embeddings are taken relative to the person's mean. ``share`` is the share of their variance (R squared,
    summed over dimensions) that least squares predicts from one condition: from a number and its square, or from the
    groups that words and truth values form. ``chance`` is the same after conditions were shuffled among
    each person's photos.

    Args:
        embeddings: ``(N, D)``.
        table: a row per embedding with ``person`` and the conditions: see :func:`people_embeddings`.
        conditions: columns of the table.
        seed: of the shuffles.

    Returns:
        One row per condition: ``condition``, ``share`` and ``chance`` from 0 to 1, the largest share above chance first.

    Raises:
        ValueError: for a condition that the table lacks.

    Example:
        >>> explained_spread(*people_embeddings(black_box, people), ["yaw"]).columns.tolist()
        ['condition', 'share', 'chance']
    """
    unknown = [name for name in conditions if name not in table]
    if unknown:
        raise ValueError(f"the table lacks {', '.join(unknown)}; it has {', '.join(table.columns)}")
    people = table["person"].to_numpy()
    generator = np.random.default_rng(seed)
    values = _centered(embeddings.numpy().astype(np.float64), people)
    rows = []
    for name in conditions:
        design = _design(table[name])
        shuffled = [_share(values, design[_within(people, generator)], people) for _ in range(SHUFFLES)]
        rows.append({"condition": name, "share": _share(values, design, people), "chance": float(np.mean(shuffled))})
    shares = pd.DataFrame(rows)
    return shares.loc[(shares["chance"] - shares["share"]).sort_values().index].reset_index(drop=True)


def _design(column: pd.Series) -> np.ndarray:
    """What a condition may predict from: ``(N, 2)`` for numbers, one column per group otherwise."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        scaled = (column - column.mean()) / (column.std() or 1.0)
        return np.stack([scaled, scaled**2], 1)
    return pd.get_dummies(column).to_numpy(np.float64)


def _share(values: np.ndarray, design: np.ndarray, people: np.ndarray) -> float:
    design = _centered(design, people)
    fitted = design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return float((fitted**2).sum() / max((values**2).sum(), 1e-12))


def _centered(values: np.ndarray, people: np.ndarray) -> np.ndarray:
    """Rows minus the mean of their person."""
    return values - pd.DataFrame(values).groupby(people).transform("mean").to_numpy()


def _within(people: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """A permutation that leaves every photo with its person."""
    order = np.arange(len(people))
    for name in np.unique(people):
        order[people == name] = generator.permutation(order[people == name])
    return order
