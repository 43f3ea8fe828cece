"""The paper's table: surrogates by methods by recognizers, for people under common and under celebrity conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from opom_edu.evaluation.groups import interval
from opom_edu.evaluation.identification import RANKS
from opom_edu.experiments.bench import Bench, OnProgress, share_of
from opom_edu.experiments.records import Records
from opom_edu.experiments.study import bands
from opom_edu.faces import People, load_people
from opom_edu.files import replacing
from opom_edu.masks import METHODS, make_method
from opom_edu.plots import heat_maps
from opom_edu.plots.style import Chart
from opom_edu.recognizers import Recognizer

TABLE = ("random", "fi-uap-all", "fi-uap", "fi-uap+", "affine", "center", "convex")
# The paper's order, from the least protection to the most.
ORDER = ("random noise", "FI-UAP all", "FI-UAP", "OPOM center", "OPOM convex")
# Zhong and Deng, TPAMI 2022 (arXiv 2205.11981): FI-UAP learned on a ResNet-50 with softmax, PSR at rank 1 in percent.
COUNTERPARTS = {
    "ir-arcface": "ArcFace", "ir-cosface": "CosFace", "ir-sface": "SFace", "mobilefacenet-softmax": "MobileNet",
    "seir-softmax": "SENet", "inception-softmax": "Inception-ResNet",
}  # fmt: skip
PUBLISHED = {
    "common": ("Privacy-Commons", (72.2, 63.5, 70.8, 73.9, 77.5, 52.6)),
    "celebrity": ("Privacy-Celebrities", (56.6, 45.2, 53.0, 60.2, 61.5, 37.3)),
}
DIFFERENCES = """What differs from the paper: synthetic people in place of photos, and fewer of them; small networks that
learned other synthetic people in place of ResNet-50 and the like that learned photos,
with embeddings of 128 numbers in place of
512; fewer distractors among whom to be found; as many training photos as the people are loaded with (the released code: 10).
Masked photos are rounded to the nearest 8-bit value (the released code: down). Of the paper's figures only those of FI-UAP
learned on a ResNet-50 with softmax are known here; of OPOM its abstract and code tell the order alone. Compare the order of
methods and recognizers, not the numbers."""
ABOUT_ORDER = """Differences of means over black boxes at rank 1, in percentage points, with 95 % intervals; "undecided"
where the interval holds 0."""
BY = ["regime", "surrogate", "method"]


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large the table is: ``people`` who are protected, ``others`` on whose photos masks for everybody are learned,
    ``distractors``; ``surrogates`` by name, the number of ``seeds``."""

    people: int
    others: int
    distractors: int
    surrogates: tuple[str, ...]
    seeds: int


QUICK = Size(people=16, others=8, distractors=200, surrogates=("ir-softmax", "ir-arcface", "ir-cosface"), seeds=1)
FULL = Size(people=500, others=100, distractors=10_000, surrogates=(*QUICK.surrogates, "ir-sface"), seeds=3)


def reproduce(
    regimes: Mapping[str, Callable[[], People]], surrogates: Sequence[Recognizer], recognizers: Sequence[Recognizer], *,
    methods: Sequence[str] = TABLE, others: int = 8, seeds: Sequence[int] = (0,), records: Records | None = None,
    on_progress: OnProgress | None = None, **parameters: Any,
) -> pd.DataFrame:  # fmt: skip
    """Every method on every surrogate for the people of every regime, evaluated on all recognizers.

    Args:
        regimes: by name, what loads the people; one regime is in memory at a time.
        recognizers: surrogates may be among them; each is a white box to its own masks.
        methods: names of :data:`opom_edu.masks.METHODS`.
        others: so many of the last people, a third of them at most, are not protected; from their training photos masks
            for everybody are learned.
        seeds: of learning.
        records: where finished cells are kept, so that the same call goes on after whatever stopped it.
        parameters: of all methods, such as ``steps``.

    Returns:
        A row per regime, surrogate, method, seed, recognizer and person, as :meth:`Bench.measure` gives it.

    Raises:
        ValueError: for an unknown method, or one that learns from others if there are none.

    Example:
        >>> rows = reproduce({"common": lambda: people}, [surrogate], [surrogate, black_box], methods=("random",), others=0)
        >>> rows["recognizer"].unique().tolist()
        ['ir-softmax', 'ir-arcface']
    """
    if unknown := set(methods) - {*METHODS}:  # before long work
        make_method(min(unknown), surrogates[0])
    cells = [(surrogate, name, seed) for surrogate in surrogates for name in methods for seed in seeds]
    total, tables = len(regimes) * len(cells), []
    for first, (regime, load) in zip(range(0, total, len(cells)), regimes.items(), strict=True):
        people, rest = split(load(), others)
        bench = Bench(people, recognizers, ranks=RANKS[:2], records=records)
        for done, (surrogate, name, seed) in enumerate(cells, first):
            progress = share_of(on_progress, done, total, f"{regime}, {surrogate.name}: ")
            progress(name, 0.0)
            table = bench.measure(name, surrogate, seed=seed, others=rest, on_progress=progress, **parameters)
            tables.append(table.assign(regime=regime, surrogate=surrogate.name, seed=seed))
    return pd.concat(tables, ignore_index=True)


def regimes(source: str, size: Size, on_progress: OnProgress | None = None) -> dict[str, Callable[[], People]]:
    """What loads the people of a source by regime: of "synthetic" two, of any other source (see
    :func:`opom_edu.load_people`) all its people as one."""
    if source != "synthetic":
        return {source.partition(":")[0]: lambda: load_people(source)}

    def load(regime: str) -> People:
        show = partial(share_of(on_progress, 0, 1), f"rendering {regime} people")
        options = {"count": size.people + size.others, "distractors": size.distractors}
        return load_people("synthetic", regime=regime, on_progress=show, **options)

    return {regime: partial(load, regime) for regime in PUBLISHED}


def split(people: People, others: int) -> tuple[People, Tensor | None]:
    """The people to protect, and the training photos of the last ``others``, a third of all at most; None if of nobody.

    Example:
        >>> protected, others = split(people, 1)
        >>> list(protected), others.shape
        (['Abel', 'Ada'], torch.Size([10, 3, 112, 112]))
    """
    persons = list(people.values())
    count = len(persons) - min(others, len(persons) // 3)
    rest = [person.train for person in persons[count:]]
    return People(persons[:count], people.distractors, note=people.note), torch.cat(rest) if rest else None


def paper_table(rows: pd.DataFrame, rank: int = 1) -> pd.DataFrame:
    """PSR in percent: a row per regime, surrogate and method, "unprotected" first; a column per recognizer, then the mean
    over black boxes and its confidence interval, ``low`` and ``high``.

    Example:
        >>> rows = reproduce({"common": lambda: people}, [surrogate], [surrogate, black_box], methods=("random",), others=0)
        >>> paper_table(rows).shape
        (2, 5)
    """
    every = _with_unprotected(rows, rank)
    means = bands(every[~every["white_box"]], BY, f"psr_{rank}").set_index(BY)
    return _wide(every, f"psr_{rank}").join(means)


def white_boxes(rows: pd.DataFrame) -> pd.DataFrame:
    """Truth values for the cells of :func:`paper_table`: where the masks were learned.

    Example:
        >>> rows = reproduce({"common": lambda: people}, [surrogate], [surrogate, black_box], methods=("random",), others=0)
        >>> white_boxes(rows).shape
        (2, 2)
    """
    return _wide(_with_unprotected(rows, 1), "white_box").astype(bool)


def _wide(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    return rows.pivot_table(index=BY, columns="recognizer", values=column, sort=False)


def _with_unprotected(rows: pd.DataFrame, rank: int) -> pd.DataFrame:
    """The rows in the order of a table, with "unprotected" as the first method of each surrogate."""
    bare = rows[rows["method"] == rows["method"].iloc[0]]
    bare = bare.assign(**{"method": "unprotected", f"psr_{rank}": bare[f"unprotected_{rank}"]})
    groups = pd.concat([bare, rows], ignore_index=True).groupby(BY[:2], sort=False)
    return pd.concat([group for _, group in groups], ignore_index=True)


def orders(rows: pd.DataFrame, rank: int = 1) -> pd.DataFrame:
    """Whether the paper's order of methods holds, for each regime and, if there are several, for all together.

    A person of the same name is the same in all regimes, and counts once.

    Returns:
        A row per regime and two neighbors of ``ORDER``: the ``difference`` of their means over people, seeds, surrogates and
        black boxes, in percentage points, its confidence interval ``low`` and ``high`` (over people and seeds), and the
        ``verdict``: "holds" or "does not hold" where the interval is above or below 0, else "undecided".

    Example:
        >>> rows = reproduce({"common": lambda: people}, [surrogate], [surrogate, black_box], methods=("random",), others=0)
        >>> len(orders(rows))
        0
    """
    black = rows[~rows["white_box"]]
    known = [name for name in ORDER if name in set(rows["method"])]
    found = []
    names = list(rows["regime"].unique())
    for regime in ["all", *names] if len(names) > 1 else names:
        part = black if regime == "all" else black[black["regime"] == regime]
        rates = {
            m: part[part["method"] == m].pivot_table(index="person", columns="seed", values=f"psr_{rank}") for m in known
        }
        for lower, higher in pairwise(known):
            difference = (rates[higher] - rates[lower]).to_numpy()
            low, high = interval(difference)
            verdict = "holds" if low > 0 else "does not hold" if high < 0 else "undecided"
            found.append((regime, lower, higher, float(difference.mean()), low, high, verdict))
    return pd.DataFrame(found, columns=["regime", "lower", "higher", "difference", "low", "high", "verdict"])


def beside_paper(table: pd.DataFrame) -> pd.DataFrame:
    """FI-UAP's rates at rank 1 learned on "ir-softmax" beside those of the paper, which were learned on a ResNet-50."""
    names = [name for name in COUNTERPARTS if name in table]
    rows = {}
    for regime, (where, figures) in PUBLISHED.items():
        if (regime, "ir-softmax", "FI-UAP") in table.index:
            published = dict(zip(COUNTERPARTS, figures, strict=True))
            rows[f"here, {regime}"] = table.loc[(regime, "ir-softmax", "FI-UAP"), names].tolist()
            rows[f"paper, {where}"] = [published[name] for name in names]
    return pd.DataFrame.from_dict(rows, orient="index", columns=[f"{name} / {COUNTERPARTS[name]}" for name in names])


def write_tables(rows: pd.DataFrame, folder: str | Path, *, note: str = "") -> list[Path]:
    """Write ``rates.csv``, ``table.md``, ``heat_1.png`` and so on for each rank; ``note`` says whose rates these are."""
    ranks, white = [rank for rank in RANKS if f"psr_{rank}" in rows], white_boxes(rows)
    tables = {rank: paper_table(rows, rank) for rank in ranks}
    parts = [
        "# Protection success rates",
        note,
        "White boxes in brackets; low, high: 95 % interval of the black boxes' mean.",
    ]
    for rank, table in tables.items():
        shown = table.map("{:.1f}".format)
        shown[white.columns] = shown[white.columns].mask(white, "(" + shown[white.columns] + ")")
        parts += [f"## Rank {rank}, %", markdown(shown)]
    parts += ["## The order of methods", ABOUT_ORDER, "\n".join(f"- {line}" for line in orders_told(orders(rows)))]
    beside = beside_paper(tables[ranks[0]])
    if len(beside):
        parts += [
            "## Beside the paper",
            "FI-UAP at rank 1, %.",
            markdown(beside.map("{:.1f}".format).rename_axis("whose")),
            DIFFERENCES,
        ]
    means = rows.drop(columns=["person", "seed"]).groupby([*BY, "recognizer", "white_box"], sort=False).mean()
    paths = [Path(folder) / name for name in ("rates.csv", "table.md", *(f"heat_{rank}.png" for rank in ranks))]
    with replacing(paths[0]) as temporary:
        means.round(4).reset_index().to_csv(temporary, index=False)
    with replacing(paths[1]) as temporary:
        temporary.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
    for path, (rank, table) in zip(paths[2:], tables.items(), strict=True):
        with replacing(path) as temporary:
            heat_figure(table, white, rank).savefig(temporary, dpi=110)
    return paths


def heat_figure(table: pd.DataFrame, white: pd.DataFrame, rank: int = 1) -> Chart:
    """:func:`paper_table`, with its :func:`white_boxes`, as heat maps below one another, one per regime.

    Example:
        >>> rows = reproduce({"common": lambda: people}, [surrogate], [surrogate, black_box], methods=("random",), others=0)
        >>> type(heat_figure(paper_table(rows), white_boxes(rows))).__name__
        'Chart'
    """
    names = table.index.unique("regime")
    title = f"PSR (%) at rank {rank}: rows learned the mask, columns look for the person"
    rates = {name: table.loc[name, white.columns] for name in names}
    return heat_maps(rates, title=title, white_box={name: white.loc[name].loc[rates[name].index] for name in names})


def markdown(table: pd.DataFrame) -> str:
    """A table with its index in Markdown.

    Example:
        >>> print(markdown(pd.DataFrame({"psr_1": [62.5]}, index=pd.Index(["convex"], name="method"))))
        | method | psr_1 |
        | --- | --- |
        | convex | 62.5 |
    """
    cells = table.reset_index().astype(str)
    lines = [list(cells.columns), ["---"] * len(cells.columns), *cells.to_numpy().tolist()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def orders_told(found: pd.DataFrame) -> list[str]:
    """:func:`orders` in words, a sentence per row."""
    return [
        f"{row.regime}: {row.lower} < {row.higher} {row.verdict}: {row.difference:+.1f} ({row.low:+.1f} to {row.high:+.1f})"
        for row in found.itertuples()
    ]
