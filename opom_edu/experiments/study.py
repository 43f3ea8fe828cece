"""Studies: one thing varied, all else equal, with what chance leaves open: confidence bands over people and seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from opom_edu.evaluation import Gallery, Probes
from opom_edu.experiments.comparison import OnProgress
from opom_edu.experiments.records import Records
from opom_edu.faces import People
from opom_edu.masks import make_method
from opom_edu.masks.named import WITH_OTHERS
from opom_edu.recognizers import Recognizer

COUNTS = (1, 2, 3, 5, 10, 20)  # training photos
PARAMETERS = ("photos", "steps", "step_size", "warmup", "eps", "momentum")
RESAMPLES = 2000


class Bench:
    """People, and the recognizers that look for them: embedded once, when they are first needed.

    Args:
        ranks: of the rates; those that there are distractors for are used.
        records: where finished measurements are kept, and looked up by all that they depend on: the parameters, the photos'
            pixels and the recognizers' weights.
    """

    def __init__(
        self,
        people: People,
        recognizers: Iterable[Recognizer],
        *,
        ranks: Sequence[int] = (1, 5),
        records: Records | None = None,
    ) -> None:
        self.people, self.ranks, self.records = people, tuple(ranks), records
        self.recognizers = {recognizer.name: recognizer for recognizer in recognizers}
        self._galleries: dict[str, tuple[Gallery, dict[str, Probes]]] = {}
        self._photos = [
            _digest(image for p in people.values() for image in (p.train, p.test)),
            _digest([people.distractors]),
        ]

    def measure(
        self, name: str, surrogate: Recognizer, *, photos: int | None = None, seed: int = 0, others: Tensor | None = None,
        on_progress: OnProgress | None = None, **parameters: Any,
    ) -> pd.DataFrame:  # fmt: skip
        """Learn everybody's mask by one method, and evaluate it on all recognizers.

        Args:
            name: one of :data:`opom_edu.masks.METHODS`.
            photos: how many of the training photos to learn from, drawn by ``seed``; by default all, in order.
            seed: also of the method.
            others, parameters: see :func:`opom_edu.masks.make_method`.

        Returns:
            A row per recognizer and person: ``white_box``, and in percent ``psr_1``, ``unprotected_1`` and so on.
        """
        method = make_method(name, surrogate, seed=seed, others=others, **parameters)
        prints = {r.name: r.fingerprint() for r in (surrogate, *self.recognizers.values())}
        records = None if None in prints.values() else self.records  # what nobody can tell apart is not kept
        config = {
            "method": name, "surrogate": surrogate.name, "parameters": parameters, "photos": photos, "seed": seed,
            "others": _digest([others]) if others is not None and name in WITH_OTHERS else None,
            "people": self._photos, "ranks": self.ranks, "recognizers": prints,
        }  # fmt: skip
        found = records.load(config) if records else None
        if found is None:
            progress = on_progress or (lambda _what, _share: None)
            images = [_some(person.train, photos, seed) for person in self.people.values()]
            masks = method.fit_many(images, lambda step: progress(f"learning {method.name}", 0.7 * step.progress))
            rows = []
            for done, target in enumerate(self.recognizers.values()):
                progress(f"asking {target.name}", 0.7 + 0.3 * done / len(self.recognizers))
                rows += self._rates(target, masks, bool(target.networks & surrogate.networks))
            found = {"label": method.name, "rows": rows}
            if records:
                records.save(config, found)
        return pd.DataFrame(found["rows"]).assign(method=found["label"])

    def _rates(self, target: Recognizer, masks: Sequence[Any], white_box: bool) -> list[dict[str, Any]]:
        if target.name not in self._galleries:
            gallery = Gallery.of(target, self.people)
            self._galleries[target.name] = gallery, gallery.probes(top=max(self.ranks))
        gallery, clean = self._galleries[target.name]
        rows = []
        for person, probes in gallery.probes(masks, top=max(self.ranks)).items():
            row: dict[str, Any] = {"recognizer": target.name, "white_box": white_box, "person": person}
            for rank in (rank for rank in self.ranks if rank <= probes.distractors.shape[1]):
                row |= {f"psr_{rank}": 100 * probes.success(rank), f"unprotected_{rank}": 100 * clean[person].success(rank)}
            rows.append(row)
        return rows


def vary(
    people: People, surrogate: Recognizer, recognizers: Iterable[Recognizer], parameter: str = "photos",
    values: Sequence[Any] = COUNTS, *, methods: Sequence[str] = ("affine", "center", "convex", "reduced"),
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

        def progress(what: str, share: float, done: int = done, value: Any = value) -> None:
            if on_progress is not None:
                on_progress(f"{parameter} {value:g}: {what}", (done + share) / len(jobs))

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


def bands(
    table: pd.DataFrame, by: Sequence[str], column: str = "psr_1", *, confidence: float = 0.95, seed: int = 0
) -> pd.DataFrame:
    """Mean over recognizers, people and seeds for each group, with a confidence interval by the bootstrap.

    People and seeds are drawn with replacement, independently of each other (Owen, "The pigeonhole bootstrap", Annals of
    Applied Statistics 2007); the interval lies between percentiles of 2000 such means. It speaks about other people and
    other seeds, not about other recognizers.

    Args:
        table: with the columns ``person``, ``seed`` and ``column``, as :func:`vary` gives it; leave out white boxes first
            for a mean over black boxes.
        by: columns that make a group; everybody is in each group.

    Returns:
        A row per group, in order of appearance: ``by``, ``mean``, ``low`` and ``high``.
    """
    rows = []
    for group, part in table.groupby(list(by), sort=False):
        values = part.pivot_table(index="person", columns="seed", values=column).to_numpy()
        low, high = interval(values, confidence=confidence, seed=seed)
        rows.append({**dict(zip(by, group, strict=True)), "mean": values.mean(), "low": low, "high": high})
    return pd.DataFrame(rows)


def study_table(table: pd.DataFrame, parameter: str, rank: int = 1) -> pd.DataFrame:
    """The mean over black boxes and its :func:`bands` for each method and value, and without a mask: what a figure shows."""
    black = table[~table["white_box"]]
    bare = black[black["method"] == "random noise"].assign(method="unprotected")
    by = ["method", parameter]
    return pd.concat([bands(bare, by, f"unprotected_{rank}"), bands(black, by, f"psr_{rank}")], ignore_index=True)


def interval(values: np.ndarray, *, confidence: float = 0.95, seed: int = 0) -> tuple[float, float]:
    """The bootstrap's confidence interval for the mean of ``values (P, S)``, of people by seeds: see :func:`bands`."""
    generator = np.random.default_rng(seed)
    people, seeds = (generator.integers(count, size=(RESAMPLES, count)) for count in values.shape)
    means = values[people[:, :, None], seeds[:, None, :]].mean((1, 2))
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _some(images: Tensor, count: int | None, seed: int) -> Tensor:
    """``count`` of the images, drawn by the seed; a larger count has those of a smaller one among it."""
    if count is None:
        return images
    return images[torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))[:count]]


def _digest(images: Iterable[Tensor]) -> str:
    """SHA-256 of images' levels and shapes."""
    digest = hashlib.sha256()
    for batch in images:
        digest.update(f"{tuple(batch.shape)}".encode())
        digest.update(batch.mul(255).round().byte().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
