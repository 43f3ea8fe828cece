"""The main experiment: learn everybody's mask by several methods on one surrogate; who still recognizes whom?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from opom_edu.evaluation import Gallery, accepted, calibrate, mask_quality, rates, similarity
from opom_edu.evaluation.identification import RANKS
from opom_edu.faces import People
from opom_edu.masks import Cloak, Learner, Step
from opom_edu.recognizers import Recognizer

OnProgress = Callable[[str, float], None]
LEARNING = 0.6  # about the share of the time that learning takes; the rest is evaluation


@dataclass(frozen=True, eq=False)
class Comparison:
    """What :func:`compare` found.

    Attributes:
        rates: a row per recognizer and method, in percent: ``psr_1``, ``unprotected_1`` and so on (see
            :func:`opom_edu.protection`) for the ranks that there are distractors for; ``tar``, ``tar_unprotected`` and the
            mean ``threshold`` (a cosine) at a false-match rate of 1e-3, where there are people enough to calibrate it;
            ``white_box`` marks the surrogate and whatever shares a network with it.
        similarity: a row per recognizer, method and person: ``unprotected`` and ``protected`` mean cosines.
        quality: ``psnr`` (dB) and ``ssim`` by method, and ``passes_per_photo``, the gradients that each further photo costs.
        masks: by method and person.
    """

    people: People
    surrogate: Recognizer
    targets: tuple[Recognizer, ...]
    eps: float
    masks: Mapping[str, Mapping[str, Cloak]]
    rates: pd.DataFrame
    similarity: pd.DataFrame
    quality: pd.DataFrame

    @property
    def white_boxes(self) -> list[str]:
        """The names of the recognizers that the masks were learned on."""
        names: list[str] = self.rates.loc[self.rates["white_box"], "recognizer"].unique().tolist()
        return names


def compare(
    people: People,
    surrogate: Recognizer,
    targets: Sequence[Recognizer],
    methods: Sequence[Learner[Any]],
    on_progress: OnProgress | None = None,
) -> Comparison:
    """Learn masks by all ``methods`` for everybody, and evaluate them on the surrogate and on all ``targets``.

    Args:
        on_progress: called with what is being done and the share of the whole that is done, 0 to 1.

    Raises:
        ValueError: if a recognizer is given twice.
    """
    progress = on_progress or (lambda _what, _share: None)
    names = [recognizer.name for recognizer in (surrogate, *targets)]
    if len({*names}) < len(names):
        raise ValueError(f"every recognizer counts once, got {', '.join(names)}")
    masks = _learn(people, methods, lambda what, share: progress(what, LEARNING * share))
    quality = pd.DataFrame({name: mask_quality(people, own) for name, own in masks.items()}).T
    quality["passes_per_photo"] = [method.passes_per_photo for method in methods]
    rows: list[dict[str, Any]] = []
    persons: list[dict[str, Any]] = []
    recognizers = (surrogate, *targets)
    total, done = len(recognizers) * (len(masks) + 1), 0  # the clean photos count as one more
    for recognizer in recognizers:
        progress(f"evaluating on {recognizer.name}", LEARNING + (1 - LEARNING) * done / total)
        done += 1
        white_box = bool(recognizer.networks & surrogate.networks)
        for method, row, similar in _evaluate(people, recognizer, masks):
            rows.append({"method": method, "recognizer": recognizer.name, "white_box": white_box, **row})
            persons += ({"method": method, "recognizer": recognizer.name, **one} for one in similar)
            done += 1
            progress(f"evaluating on {recognizer.name}", LEARNING + (1 - LEARNING) * done / total)
    return Comparison(
        people, surrogate, tuple(targets), methods[0].eps, masks, pd.DataFrame(rows), pd.DataFrame(persons), quality
    )


def _learn(people: People, methods: Sequence[Learner[Any]], progress: OnProgress) -> dict[str, dict[str, Cloak]]:
    images = [person.train for person in people.values()]
    masks = {}
    for done, method in enumerate(methods):

        def on_step(step: Step, what: str = f"learning {method.name}", done: int = done) -> None:
            progress(what, (done + step.progress) / len(methods))

        masks[method.name] = dict(zip(people, method.fit_many(images, on_step), strict=True))
    return masks


def _evaluate(
    people: People, recognizer: Recognizer, masks: Mapping[str, Mapping[str, Cloak]]
) -> Iterator[tuple[str, dict[str, float], list[dict[str, Any]]]]:
    """By method: its rates on the recognizer, and everybody's similarity without and with their mask."""
    gallery = Gallery.of(recognizer, people)
    unprotected = gallery.probes(top=max(RANKS))
    before = similarity(unprotected)
    ranks = [rank for rank in RANKS if rank <= min(own.distractors.shape[1] for own in unprotected.values())]
    try:
        thresholds = calibrate(gallery, [1e-3])[1e-3]
    except ValueError:  # too few people: identification alone can be measured
        thresholds = None
    for method, own in masks.items():
        probes = gallery.probes(own, top=max(RANKS))
        row = rates(probes, unprotected, ranks)
        if thresholds is not None:
            row |= accepted(probes, unprotected, thresholds)
        after = similarity(probes)
        yield method, row, [{"person": n, "unprotected": before[n], "protected": after[n]} for n in people]
