"""Does the mask protect from being found? The paper's protocol.

A masked test photo (the probe) queries a gallery of one clean other test photo of the same person and all distractors. The
protection success rate (PSR) at rank k is the share of queries whose k most similar gallery photos lack the person; every
probe meets every clean other photo once. Beside it stands, always, the same rate without a mask.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, cast

import pandas as pd
from torch import Tensor

from opom_edu.evaluation.gallery import Gallery, Masks, Probes
from opom_edu.faces import People
from opom_edu.masks import Cloak
from opom_edu.recognizers import Recognizer

RANKS = (1, 5, 10)


def protection(
    recognizers: Recognizer | Iterable[Recognizer],
    people: People,
    masks: Masks | Mapping[str, Masks],
    ranks: Sequence[int] = RANKS,
    *,
    cache: str | Path | None = None,
) -> pd.DataFrame:
    """Protection success rates by the paper's protocol.

    Args:
        recognizers: whom to protect from, one or several.
        people: whose test photos are masked; each needs two or more. Where there are no distractors, the other people's
            clean test photos take their place.
        masks: name -> mask, or masks in the order of ``people``; or several of these by the name of their method.
        ranks: how many of the most similar gallery photos are looked at.
        cache: a folder that keeps the clean photos' embeddings (see :meth:`Gallery.of`).

    Returns:
        One row per recognizer and method, rates in percent: see :func:`rates`.

    Raises:
        PeopleError: if a person has fewer than two test photos, or there is nobody to be told apart from.
        ValueError: if a mask is missing or none, or a rank is no whole number from 1 to the number of distractors.

    Example:
        >>> protection(black_box, people, masks, ranks=(1,)).columns.tolist()
        ['method', 'recognizer', 'psr_1', 'unprotected_1', 'similarity', 'similarity_unprotected']
    """
    _check(recognizers, ranks)
    rows = []
    for recognizer in [recognizers] if isinstance(recognizers, Recognizer) else recognizers:
        gallery = Gallery.of(recognizer, people, cache=cache)
        unprotected = gallery.probes(top=max(ranks, default=1))
        for method, own in _by_method(masks).items():
            row = {"method": method, "recognizer": recognizer.name}
            rows.append(row | rates(gallery.probes(own, top=max(ranks, default=1)), unprotected, ranks))
    return pd.DataFrame(rows)


def rates(probes: Mapping[str, Probes], unprotected: Mapping[str, Probes], ranks: Sequence[int] = RANKS) -> dict[str, float]:
    """``psr_1`` and ``unprotected_1`` in percent, and so on for each rank; ``similarity`` and ``similarity_unprotected``.

    The similarity is the mean cosine of a probe to the person's clean other test photos. All are means over people.

    Example:
        >>> gallery = Gallery.of(black_box, people)
        >>> sorted(rates(gallery.probes(), gallery.probes(), ranks=(1,)))
        ['psr_1', 'similarity', 'similarity_unprotected', 'unprotected_1']
    """
    found: dict[str, float] = {}
    for rank in ranks:
        found[f"psr_{rank}"] = fmean(100 * own.success(rank) for own in probes.values())
        found[f"unprotected_{rank}"] = fmean(100 * own.success(rank) for own in unprotected.values())
    found["similarity"] = fmean(similarity(probes).values())
    found["similarity_unprotected"] = fmean(similarity(unprotected).values())
    return found


def similarity(probes: Mapping[str, Probes]) -> dict[str, float]:
    """Per person, the mean cosine of the probes to the person's clean other test photos; higher means more alike.

    Example:
        >>> list(similarity(Gallery.of(black_box, people).probes()))
        ['Abel', 'Ada', 'Bao']
    """
    return {name: float(own.own.mean()) for name, own in probes.items()}


def _check(recognizers: Any, ranks: Sequence[int]) -> None:
    if isinstance(recognizers, str):
        raise ValueError(
            f"recognizers must be Recognizers, got {recognizers!r}; make one with load_recognizer({recognizers!r})"
        )
    for rank in ranks:
        if isinstance(rank, bool) or rank != int(rank) or rank < 1:
            raise ValueError(f"ranks must be whole numbers from 1 on, got {rank!r}")


def _by_method(masks: Masks | Mapping[str, Masks]) -> Mapping[str, Masks]:
    """Masks by method; where only one method's are given, its name is in their recipe."""
    if hasattr(masks, "apply"):
        raise ValueError("masks must be one per person: a mapping from name to mask, or a list in the order of people")
    values = list(masks.values()) if isinstance(masks, Mapping) else list(masks)
    if not values:
        raise ValueError("no masks were given")
    if not hasattr(values[0], "apply") and not isinstance(masks, Mapping):
        raise ValueError(
            f"masks must be a mapping from name to mask, or a list of masks; its entries are {type(values[0]).__name__}"
        )
    if isinstance(values[0], Tensor):
        raise ValueError("masks must be Masks, got tensors; make one with Mask(delta, eps, recipe)")
    if hasattr(values[0], "apply"):
        return {str(cast(Cloak, values[0]).recipe.get("method", "mask")): cast(Masks, masks)}
    return cast(Mapping[str, Masks], masks)
