"""Studies: one thing varied, all else equal, with what chance leaves open: confidence bands over people and seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from opom_edu.evaluation.groups import interval
from opom_edu.experiments.bench import Bench, OnProgress, share_of
from opom_edu.experiments.records import Records
from opom_edu.faces import People
from opom_edu.recognizers import Recognizer

COUNTS = (1, 2, 3, 5, 10, 20)  # training photos
PARAMETERS = ("photos", "steps", "step_size", "warmup", "eps", "momentum")


def vary(
    people: People, surrogate: Recognizer, recognizers: Iterable[Recognizer], parameter: str = "photos",
    values: Sequence[Any] = COUNTS, *, methods: Sequence[str] = ("center", "reduced", "convex", "affine"),
    seeds: Sequence[int] = (0, 1, 2), records: Records | None = None, on_progress: OnProgress | None = None, **fixed: Any,
) -> pd.DataFrame:  # fmt: skip
    """Protection success rates over the values of one parameter, all else equal; random noise always beside.

    Args:
        parameter: one of ``PARAMETERS``: "photos", the number of training photos, or a parameter of all ``methods``.
        values: of the parameter; of "photos", at most as many as everybody has.
        methods: names of :data:`opom_edu.masks.METHODS`.
        seeds: of learning, and of which photos are drawn.
        fixed: further arguments of :meth:`Bench.measure`.

    Returns:
        A row per value, method, seed, recognizer and person: see :meth:`Bench.measure`. :func:`bands` sums it up.

    Raises:
        ValueError: for more photos than somebody has, or an unknown method or parameter.

    Example:
        >>> table = vary(people, surrogate, [black_box], values=(2,), methods=("center",), seeds=(0,), steps=2)
        >>> table["method"].unique().tolist()
        ['random noise', 'OPOM center']
    """
    if parameter not in PARAMETERS:
        raise ValueError(f"unknown parameter {parameter!r}; choose one of {', '.join(PARAMETERS)}")
    least = min(len(person.train) for person in people.values())
    if parameter == "photos" and not all(1 <= value <= least for value in values):
        raise ValueError(f"photos must be within 1 and the {least} training photos that everybody has, got {list(values)}")
    bench = Bench(people, recognizers, records=records)
    jobs = [(value, name, seed) for value in values for name in dict.fromkeys(("random", *methods)) for seed in seeds]
    tables, noise = [], {}
    for done, (value, name, seed) in enumerate(jobs):
        progress = share_of(on_progress, done, len(jobs), f"{parameter} {value:g}: ")
        given = fixed | {parameter: value}
        if name == "random":  # learns nothing, so that all values but those of eps have the same
            eps = given.get("eps", 8 / 255)
            if (eps, seed) not in noise:
                noise[eps, seed] = bench.measure(name, surrogate, seed=seed, eps=eps, on_progress=progress)
            table = noise[eps, seed]
        else:
            table = bench.measure(name, surrogate, seed=seed, on_progress=progress, **given)
        tables.append(table.assign(seed=seed, **{parameter: value}))
    return pd.concat(tables, ignore_index=True)


def bands(table: pd.DataFrame, by: Sequence[str], column: str = "psr_1", *, confidence: float = 0.95) -> pd.DataFrame:
    """Mean over recognizers, people and seeds for each group, with a confidence interval over people.

    Each person counts once, with the mean over seeds: see :func:`interval`. It speaks about other people, not about other
    recognizers.

    Args:
        table: with the columns ``person``, ``seed`` and ``column``, as :func:`vary` gives it; leave out white boxes first
            for a mean over black boxes.
        by: columns that make a group; everybody is in each group.

    Returns:
        A row per group, in order of appearance: ``by``, ``mean``, ``low`` and ``high``.

    Example:
        >>> table = pd.DataFrame({"person": ["Ada", "Bao"], "seed": [0, 0], "method": ["convex"] * 2, "psr_1": [40.0, 60.0]})
        >>> bands(table, ["method"]).round(1)
           method  mean   low  high
        0  convex  50.0 -77.1  177.1
    """
    rows = []
    for group, part in table.groupby(list(by), sort=False):
        values = part.pivot_table(index="person", columns="seed", values=column).to_numpy()
        low, high = interval(values, confidence=confidence)
        rows.append({**dict(zip(by, group, strict=True)), "mean": values.mean(), "low": low, "high": high})
    return pd.DataFrame(rows)


def study_table(table: pd.DataFrame, parameter: str, rank: int = 1) -> pd.DataFrame:
    """The mean over black boxes and its :func:`bands` for each method and value, and without a mask: what a figure shows.

    Example:
        >>> table = vary(people, surrogate, [black_box], values=(2,), methods=(), seeds=(0,))
        >>> study_table(table, "photos")["method"].tolist()
        ['unprotected', 'random noise']
    """
    black = table[~table["white_box"]]
    bare = black[black["method"] == "random noise"].assign(method="unprotected")
    by = ["method", parameter]
    return pd.concat([bands(bare, by, f"unprotected_{rank}"), bands(black, by, f"psr_{rank}")], ignore_index=True)
