"""Who is protected less? Protection by groups of people and of photos, with intervals and corrected tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from opom_edu.evaluation.gallery import Gallery, OwnMasks
from opom_edu.evaluation.robustness import with_baselines
from opom_edu.faces import People
from opom_edu.recognizers import Recognizer

AGES = {"to 30": 30, "30 to 45": 45, "45 to 60": 60, "over 60": 200}
ORDER = ["female", "male", "light", "medium", "dark", *AGES]
TURNED = 20  # degrees of yaw
Found = Mapping[str, NDArray[Any]]  # by masks, percent, (P, N): a row per person, a column per test photo


def failed_searches(recognizers: Sequence[Recognizer], people: People, masks: Mapping[str, OwnMasks]) -> dict[str, Any]:
    """By masks, "unprotected" and "random noise" among them, how often each test photo's search fails at rank 1, in percent.

    Returns:
        By name ``(P, N)``: a row per person, a column per test photo; means over recognizers.

    Example:
        >>> failed_searches([black_box], people, {"convex": masks})["convex"].shape
        (3, 10)
    """
    worn = with_baselines(people, masks)
    found: dict[str, list[NDArray[Any]]] = {name: [] for name in worn}
    for recognizer in recognizers:
        gallery = Gallery.of(recognizer, people)
        for name, own in worn.items():
            probes = gallery.probes(own, top=1).values()
            found[name].append(torch.stack([(one.distractors > one.own).float().mean(1) for one in probes]).numpy())
    return {name: 100 * np.mean(tables, axis=0) for name, tables in found.items()}


def compare_groups(people: People, found: Found, masks: str) -> pd.DataFrame:
    """Protection by sex, skin, age, glasses and pose: a row per group.

    A group of people is compared with everybody else (Welch's test), a group of photos with the same people's other photos
    (a paired test over people). Among so many tests some come out small by chance: see :func:`corrected`.

    Args:
        people: rendered, with a table of their photos.
        found: of :func:`failed_searches`.
        masks: the name of those to compare.

    Returns:
        ``what``, ``group``, the number of ``people``; ``unprotected``, ``noise`` and ``psr``, percent; ``low`` and ``high``,
        the 95 % interval of ``psr`` over people; ``difference`` to the others in points, and ``p``.

    Raises:
        ValueError: for people without a table of photos, or of groups with fewer than two people.

    Example:
        >>> table = compare_groups(people, failed_searches([black_box], people, {"convex": masks}), "convex")
        >>> table["what"].unique().tolist()
        ['sex', 'skin', 'age', 'photos']
    """
    if people.photos is None:
        raise ValueError("people must be synthetic ones, whose photos' circumstances are known: load_people('synthetic')")
    rows = list(_groups(people.photos[people.photos["part"] == "test"], len(people), found, masks))
    return pd.DataFrame(rows)


def compare_versions(versions: Mapping[str, Found], masks: str, what: str = "the same people") -> pd.DataFrame:
    """The same people in several versions, such as with another skin: each against the mean of the others, paired.

    Args:
        versions: by name, :func:`failed_searches` of the same people in the same order.
        masks, what: the name of the masks to compare, and the entry of the column ``what``.

    Returns:
        A row per version: see :func:`compare_groups`.

    Example:
        >>> found = failed_searches([black_box], people, {"convex": masks})
        >>> compare_versions({"one": found, "other": found}, "convex")["difference"].tolist()
        [0.0, 0.0]
    """
    rows = []
    for name, found in versions.items():
        others = np.mean([other[masks].mean(1) for key, other in versions.items() if key != name], axis=0)
        rows.append(_row(what, name, {way: rates.mean(1) for way, rates in found.items()}, masks, others, paired=True))
    return pd.DataFrame(rows)


def corrected(table: pd.DataFrame) -> pd.DataFrame:
    """A table of all comparisons that were made, with the column ``corrected``: ``p`` after Holm (1979), for their number.

    Example:
        >>> corrected(pd.DataFrame({"p": [0.01, 0.04, 0.03]}))["corrected"].tolist()
        [0.03, 0.06, 0.06]
    """
    p = table["p"].fillna(1.0).to_numpy()
    order = np.argsort(p)
    made = np.empty_like(p)
    made[order] = np.minimum(1, np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p)))))
    return table.assign(corrected=made)


def interval(values: NDArray[Any], *, confidence: float = 0.95) -> tuple[float, float]:
    """Student's confidence interval for the mean over people of ``values (P, S)``, people by seeds; NaN for one person.

    With few people it covers the true mean about as often as it says. Percentiles of a bootstrap do not: of four people's
    95 % intervals only about 80 % do.

    Example:
        >>> tuple(round(end, 1) for end in interval(np.array([[40.0], [50.0], [60.0]])))
        (25.2, 74.8)
    """
    from scipy.stats import t

    people = values.mean(1)
    if len(people) < 2:
        return float("nan"), float("nan")
    half = float(t.ppf((1 + confidence) / 2, len(people) - 1) * people.std(ddof=1) / np.sqrt(len(people)))
    return float(people.mean()) - half, float(people.mean()) + half


def _groups(photos: pd.DataFrame, count: int, found: Found, masks: str) -> Iterator[dict[str, Any]]:
    who = photos.iloc[:: len(photos) // count]
    ages = pd.cut(who["age"], [0, *AGES.values()], labels=list(AGES))
    own = {way: rates.mean(1) for way, rates in found.items()}
    for what, column in (("sex", who["sex"]), ("skin", who["skin"]), ("age", ages)):
        for group in sorted(column.unique(), key=ORDER.index):
            inside = (column == group).to_numpy()
            if inside.all():
                continue  # there is nobody to compare them with
            yield _row(what, group, {way: rates[inside] for way, rates in own.items()}, masks, own[masks][~inside])
    taken = {f"turned by more than {TURNED} degrees": photos["yaw"].abs() > TURNED, "with glasses": photos["glasses"]}
    for group, chosen in taken.items():
        inside = chosen.to_numpy(bool).reshape(count, -1)
        both = np.flatnonzero(inside.any(1) & ~inside.all(1))
        if len(both) > 1:
            rates = {way: np.array([values[i][inside[i]].mean() for i in both]) for way, values in found.items()}
            rest = np.array([found[masks][i][~inside[i]].mean() for i in both])
            yield _row("photos", group, rates, masks, rest, paired=True)


def _row(what: str, group: str, own: Found, masks: str, others: NDArray[Any], *, paired: bool = False) -> dict[str, Any]:
    from scipy.stats import ttest_1samp, ttest_ind

    psr = own[masks]
    test = ttest_1samp(psr - others, 0) if paired else ttest_ind(psr, others, equal_var=False)
    low, high = interval(psr[:, None])
    means = {name: fmean(own[way]) for name, way in (("unprotected",) * 2, ("noise", "random noise"), ("psr", masks))}
    apart = {"difference": fmean(psr) - fmean(others), "p": float(test.pvalue)}
    return {"what": what, "group": group, "people": len(psr), **means, "low": low, "high": high, **apart}
