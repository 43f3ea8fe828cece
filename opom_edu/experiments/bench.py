"""The bench of all experiments: everybody's mask learned by one method, and tried on recognizers that look for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache, cached_property
from statistics import fmean
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from opom_edu.evaluation import Gallery, Probes, accepted, rates, thresholds_for
from opom_edu.evaluation.embeddings import made_by, photos_digest
from opom_edu.experiments.records import Records
from opom_edu.faces import People
from opom_edu.masks import METHODS, Cloak, Learner, make_method
from opom_edu.masks.learner import OnStep
from opom_edu.recognizers import Recognizer

OnProgress = Callable[[str, float], None]
MEASURED = "^(recognizer|white_box|person|psr_|unprotected_)"  # columns of a measurement
LEARNING = 0.6  # about the share of the time that learning takes; the rest is evaluation


def share_of(on_progress: OnProgress | None, done: int, total: int, title: str = "") -> OnProgress:
    """What a job calls with its own share, 0 to 1: ``on_progress`` hears the share of all, ``done`` of ``total`` equal jobs.

    Example:
        >>> share_of(lambda what, share: print(what, share), 1, 4, "convex: ")("learning", 0.5)
        convex: learning 0.375
    """
    say = on_progress or (lambda _what, _share: None)
    return lambda what, share: say(title + what, (done + share) / total)


class Bench:
    """People, and the recognizers that look for them: embedded once, when they are first needed.

    Args:
        ranks: of the rates; those that there are distractors for are used.
        fmr: also verify, at a threshold of this false-match rate, where there are people enough to calibrate it.
        records: where finished measurements are kept, and looked up by all that they depend on: the parameters, the photos'
            pixels, the recognizers' weights and preprocessing.
        gallery: makes a recognizer's gallery of the people, for instance with other distractors.

    Example:
        >>> bench = Bench(people, [black_box], ranks=(1,))
        >>> table = bench.measure("random", surrogate)
        >>> table["person"].tolist()
        ['Abel', 'Ada', 'Bao']
    """

    def __init__(
        self, people: People, recognizers: Iterable[Recognizer] = (), *, ranks: Sequence[int] = (1, 5),
        fmr: float | None = None, records: Records | None = None,
        gallery: Callable[[Recognizer, People], Gallery] = Gallery.of,
    ) -> None:  # fmt: skip
        self.people, self.ranks, self.fmr, self.records = people, tuple(ranks), fmr, records
        self.recognizers = {recognizer.name: recognizer for recognizer in recognizers}
        self._make_gallery, self._look = gallery, cache(self._first_look)
        self._made_by = cache(made_by)  # it reads all weights

    def learn(
        self, method: Learner[Any], on_step: OnStep | None = None, *, photos: int | None = None, seed: int = 0,
        among: Iterable[str] = (),
    ) -> dict[str, Cloak]:  # fmt: skip
        """Masks by name, of everybody or of the people named in ``among``; ``photos`` and ``seed``: see :meth:`measure`."""
        names = list(among) or list(self.people)
        images = [_some(self.people[name].train, photos, seed) for name in names]
        return dict(zip(names, method.fit_many(images, on_step), strict=True))

    def rate(self, target: Recognizer, masks: Mapping[str, Cloak], surrogate: Recognizer) -> pd.DataFrame:
        """What masks, learned on ``surrogate``, do on one recognizer.

        Returns:
            A row per person who has a mask: ``recognizer``, ``white_box`` (whether it shares a network with the surrogate),
            ``person``, and for this person alone the columns of :func:`~opom_edu.evaluation.rates` and ``accepted``.
        """
        gallery, clean, ranks, thresholds = self._look(target)
        rows = []
        for name, probes in gallery.probes(masks, top=max(self.ranks), among=masks).items():
            own = {name: probes}, {name: clean[name]}
            found = rates(*own, ranks) | (accepted(*own, {name: thresholds[name]}) if thresholds else {})
            white_box = target.shares_network(surrogate)
            rows.append({"recognizer": target.name, "white_box": white_box, "person": name, **found})
        return pd.DataFrame(rows)

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
        config, records = {}, self.records
        if records is not None:
            prints = {r.name: self._made_by(r) for r in (surrogate, *self.recognizers.values())}
            config = {
                "method": name, "surrogate": surrogate.name, "parameters": parameters, "photos": photos, "seed": seed,
                "others": photos_digest([others]) if others is not None and METHODS[name].others else None,
                "people": self._photos, "ranks": self.ranks, "recognizers": prints,
            }  # fmt: skip
            records = None if None in prints.values() else records  # what nobody can tell apart is not kept
        found = records.load(config) if records else None
        if found is None:
            say, what = share_of(on_progress, 0, 1), f"learning {method.name}"
            masks = self.learn(method, lambda step: say(what, LEARNING * step.progress), photos=photos, seed=seed)
            tables = []
            for done, target in enumerate(self.recognizers.values()):
                say(f"evaluating on {target.name}", LEARNING + (1 - LEARNING) * done / len(self.recognizers))
                tables.append(self.rate(target, masks, surrogate).filter(regex=MEASURED))
            found = {"label": method.name, "rows": pd.concat(tables).to_dict("records")}
            if records:
                records.save(config, found)
        return pd.DataFrame(found["rows"]).assign(method=found["label"])

    @cached_property
    def _photos(self) -> list[str]:
        own = (images for person in self.people.values() for images in (person.train, person.test))
        return [photos_digest(own), photos_digest([self.people.distractors])]

    def _first_look(self, target: Recognizer) -> tuple[Gallery, dict[str, Probes], list[int], dict[str, float]]:
        """The gallery, everybody's clean probes, the ranks that there are distractors for, and thresholds if any."""
        gallery, thresholds = self._make_gallery(target, self.people), {}
        clean = gallery.probes(top=max(self.ranks))
        fewest = min(probes.distractors.shape[1] for probes in clean.values())
        if self.fmr is not None:
            with suppress(ValueError):  # too few people: identification alone can be measured
                thresholds = thresholds_for(gallery, [self.fmr])[self.fmr]
        return gallery, clean, [rank for rank in self.ranks if rank <= fewest], thresholds


def over_people(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Means over people of a table of :meth:`Bench.rate`: a row per group, in order of appearance.

    Example:
        >>> over_people(pd.DataFrame({"person": ["Ada", "Bao"], "method": "convex", "psr_1": [40.0, 60.0]}), ["method"])
           method  psr_1
        0  convex   50.0
    """
    return table.drop(columns="person").groupby(list(by), sort=False).agg(fmean).reset_index()


def _some(images: Tensor, count: int | None, seed: int) -> Tensor:
    """``count`` of the images, drawn by the seed; a larger count has those of a smaller one among it."""
    if count is None:
        return images
    return images[torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))[:count]]
