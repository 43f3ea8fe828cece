"""The main experiment: learn everybody's mask by several methods on one surrogate; who still recognizes whom?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import pandas as pd

from opom_edu.evaluation import mask_quality
from opom_edu.evaluation.identification import RANKS
from opom_edu.experiments.bench import LEARNING, Bench, OnProgress, over_people
from opom_edu.faces import People
from opom_edu.masks import Cloak, Learner, Step
from opom_edu.recognizers import Recognizer


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

    Example:
        >>> found = compare(people, surrogate, [black_box], [OPOM(surrogate, steps=2)])
        >>> found.white_boxes, list(found.masks)
        (['ir-softmax'], ['OPOM convex'])
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
        return self.rates.loc[self.rates["white_box"], "recognizer"].unique().tolist()


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

    Example:
        >>> found = compare(people, surrogate, [black_box], [OPOM(surrogate, steps=2)])
        >>> found.rates["recognizer"].tolist()
        ['ir-softmax', 'ir-arcface']
    """
    say = on_progress or (lambda _what, _share: None)
    bench = Bench(people, (surrogate, *targets), ranks=RANKS, fmr=1e-3)
    if len(bench.recognizers) <= len(targets):
        raise ValueError(f"every recognizer counts once, got {', '.join(r.name for r in (surrogate, *targets))}")
    masks = {}
    for done, method in enumerate(methods):

        def on_step(step: Step, what: str = f"learning {method.name}", done: int = done) -> None:
            say(what, LEARNING * (done + step.progress) / len(methods))

        masks[method.name] = bench.learn(method, on_step)
    tables = []
    for done, (target, name) in enumerate(product(bench.recognizers.values(), masks)):
        say(f"evaluating on {target.name}", LEARNING + (1 - LEARNING) * done / len(masks) / len(bench.recognizers))
        tables.append(bench.rate(target, masks[name], surrogate).assign(method=name))
    say(f"evaluating on {target.name}", 1.0)
    found = pd.concat(tables, ignore_index=True)
    similar = found[["method", "recognizer", "person", "similarity_unprotected", "similarity"]]
    similar = similar.set_axis(["method", "recognizer", "person", "unprotected", "protected"], axis=1)
    quality = pd.DataFrame({name: mask_quality(people, own) for name, own in masks.items()}).T
    quality["passes_per_photo"] = [method.passes_per_photo for method in methods]
    rates = over_people(found, ["method", "recognizer", "white_box"])
    return Comparison(people, surrogate, tuple(targets), methods[0].eps, masks, rates, similar, quality)
