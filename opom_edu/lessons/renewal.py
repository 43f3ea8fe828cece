"""What is left of masks at the end: whether a new mask starts anew, and all that was tried on one ruler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import pandas as pd
from torch.nn.functional import cosine_similarity

from opom_edu.evaluation import Gallery, estimate_mask
from opom_edu.evaluation.gallery import OwnMasks, masks_by_person
from opom_edu.evaluation.robustness import BASELINES, outcomes, protected, with_baselines
from opom_edu.faces import People, quantize
from opom_edu.recognizers import Recognizer

WASHED = "old mask's estimate subtracted"


def renewed(recognizers: Sequence[Recognizer], people: People, old: OwnMasks, new: Mapping[str, OwnMasks]) -> pd.DataFrame:
    """Does a new mask help against an adversary who found out the old one?

    The adversary estimates each person's mask from the training photos under the old mask, as
    :func:`~opom_edu.evaluation.averaging` does, and subtracts it from probes under the old and under each new one.

    Args:
        old: everybody's mask on the photos that the adversary holds.
        new: by name, the masks of the photos to come.

    Returns:
        One row per ``mask``, ``method`` ("as worn", or washed) and ``recognizer``: see
        :func:`~opom_edu.evaluation.robustness.outcomes`; and the mean ``cosine`` of the mask with the old one.

    Example:
        >>> renewed([black_box], people, masks, {"again": masks})["mask"].unique().tolist()
        ['the old one', 'again']
    """
    before = masks_by_person(people, old)
    found = {name: estimate_mask(quantize(before[name].apply(person.train))) for name, person in people.items()}
    galleries, rows = [Gallery.of(recognizer, people) for recognizer in recognizers], []
    for name, masks in {"the old one": old, **new}.items():
        own = masks_by_person(people, masks)
        cosine = fmean(float(cosine_similarity(own[who].delta.flatten(), before[who].delta.flatten(), 0)) for who in people)
        worn = {method: protected(people, by) for method, by in with_baselines(people, {"as worn": own}).items()}
        less = {m: {who: (photos - found[who]).clamp(0, 1) for who, photos in by.items()} for m, by in worn.items()}
        for method, photos in (("as worn", worn), (WASHED, less)):
            rows += [{"mask": name, **row, "method": method, "cosine": cosine} for row in outcomes(galleries, photos)]
    return pd.DataFrame(rows)


def taken(table: pd.DataFrame) -> pd.DataFrame:
    """What subtracting the old mask's estimate takes, from a table of :func:`renewed`, means over recognizers.

    Returns:
        A row per mask: its ``cosine`` with the old one, its PSR ``as worn`` and ``washed``, and ``share``: the fall from the
        one to the other, in percent of the old mask's fall.

    Example:
        >>> list(taken(renewed([black_box], people, masks, {"again": masks})).columns)
        ['cosine', 'as worn', 'washed', 'share']
    """
    psr = table.pivot_table(index="mask", columns="method", values="psr_1", sort=False)
    fall = psr["as worn"] - psr[WASHED]
    cosine = table.groupby("mask", sort=False)["cosine"].mean()
    share = 100 * fall / fall.iloc[0] if fall.iloc[0] else fall
    return pd.DataFrame({"cosine": cosine, "as worn": psr["as worn"], "washed": psr[WASHED], "share": share})


def ruler(cases: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What a mask is worth after each thing that was done to it, the most first.

    Args:
        cases: by name, rows of a table with ``psr_1``, ``unprotected_1`` and ``noise_1``; their means are taken.

    Returns:
        A row per case: ``worth``, the points by which the PSR leads the larger of its baselines, and the ``PSR``.

    Example:
        >>> rows = pd.DataFrame({"psr_1": [60.0, 40.0], "unprotected_1": [1.0, 1.0], "noise_1": [2.0, 2.0]})
        >>> ruler({"JPEG": rows})["worth"].tolist()
        [48.0]
    """
    means = {name: rows[["psr_1", *BASELINES]].mean() for name, rows in cases.items()}
    found: list[tuple[str, Any, Any]] = [(name, m["psr_1"] - m[BASELINES].max(), m["psr_1"]) for name, m in means.items()]
    table = pd.DataFrame(found, columns=["what is done", "worth", "PSR"]).set_index("what is done")
    return table.sort_values("worth", ascending=False)
