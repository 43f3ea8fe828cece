"""What is left of a mask after something was done to the photo: tables in which every row has its baselines beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from opom_edu.evaluation.changes import CHANGES, Change
from opom_edu.evaluation.gallery import Gallery, OwnMasks, Probes, masks_by_person
from opom_edu.evaluation.identification import rates
from opom_edu.faces import People, quantize
from opom_edu.masks import Mask, RandomNoise
from opom_edu.recognizers import Recognizer

BASELINES = ["unprotected_1", "noise_1"]


def robustness(
    recognizers: Sequence[Recognizer], people: People, masks: Mapping[str, OwnMasks], changes: Mapping[str, Change] = CHANGES
) -> pd.DataFrame:
    """Protection success rates after protected photos, saved in 8 bit, were changed; the gallery stays clean.

    Args:
        recognizers, people: see :func:`opom_edu.protection`.
        masks: by method, name -> mask or masks in the order of ``people``.
        changes: by name, such as :data:`~opom_edu.evaluation.changes.CHANGES` and ``PURIFIERS``.

    Returns:
        One row per ``transformation`` (and its ``unit``), ``severity``, ``method`` and ``recognizer``: see :func:`outcomes`.

    Example:
        >>> table = robustness([black_box], people, {"convex": masks}, {"JPEG": CHANGES["JPEG"]})
        >>> table["severity"].tolist()
        [95, 90, 75, 50, 30]
    """
    galleries = [Gallery.of(recognizer, people) for recognizer in recognizers]
    saved = {method: protected(people, own) for method, own in with_baselines(people, masks).items()}
    rows: list[dict[str, Any]] = []
    for name, change in changes.items():
        for severity in change.severities:
            photos = {m: {who: change.apply(own, severity) for who, own in by_name.items()} for m, by_name in saved.items()}
            given = {"transformation": name, "unit": change.unit, "severity": severity}
            rows += (given | row for row in outcomes(galleries, photos))
    return pd.DataFrame(rows)


def with_baselines(people: People, masks: Mapping[str, OwnMasks]) -> dict[str, dict[str, Mask]]:
    """Everybody's masks by method, after "unprotected", zeros, and "random noise" of the same eps, other noise for each.

    Raises:
        ValueError: if a mask is missing, or there is no method.

    Example:
        >>> list(with_baselines(people, {"convex": masks}))
        ['unprotected', 'random noise', 'convex']
    """
    methods = {method: masks_by_person(people, own) for method, own in masks.items() if method != "random noise"}
    if not methods:
        raise ValueError("no masks were given; masks must hold those of each method by its name")
    eps = max(mask.eps for own in methods.values() for mask in own.values())
    nothing = {name: Mask(torch.zeros(person.test.shape[1:]), 0.0) for name, person in people.items()}
    noise = {name: RandomNoise(eps=eps, seed=i).fit(person.test) for i, (name, person) in enumerate(people.items())}
    return {"unprotected": nothing, "random noise": noise, **methods}


def protected(people: People, own: Mapping[str, Mask]) -> dict[str, Tensor]:
    """By name, everybody's test photos ``(N, 3, H, W)`` under their mask, saved in 8 bit.

    Example:
        >>> list(protected(people, masks))
        ['Abel', 'Ada', 'Bao']
    """
    return {name: quantize(own[name].apply(person.test)) for name, person in people.items()}


def outcomes(galleries: Sequence[Gallery], photos: Mapping[str, Mapping[str, Tensor]]) -> Iterator[dict[str, Any]]:
    """A row per recognizer and learned method.

    ``psr_1``, ``unprotected_1`` and ``noise_1``, rank-1 PSR in percent with the mask, without any, and with random noise;
    ``similarity``, ``similarity_unprotected`` and ``similarity_noise``, mean cosines to the person's clean other photos.

    Args:
        photos: by method, the baselines among them, and by person, what stands for the test photos, one for one. Who is
            left out there is not looked for.
    """
    for gallery in galleries:
        yield from rows_of(gallery.recognizer.name, {method: gallery.probes(photos=own) for method, own in photos.items()})


def rows_of(recognizer: str, probes: Mapping[str, Mapping[str, Probes]]) -> Iterator[dict[str, Any]]:
    """The rows of :func:`outcomes` from everybody's probes by method."""
    noise = rates(probes["random noise"], probes["unprotected"], (1,))
    for method in [method for method in probes if method not in ("unprotected", "random noise")]:
        row = rates(probes[method], probes["unprotected"], (1,))
        beside = {"noise_1": noise["psr_1"], "similarity_noise": noise["similarity"]}
        yield {"method": method, "recognizer": recognizer, **row, **beside}


def severest(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table of :func:`robustness` at the last severity of each transformation.

    Example:
        >>> table = pd.DataFrame({"transformation": ["JPEG", "JPEG"], "severity": [95, 30], "psr_1": [60, 40]})
        >>> severest(table)
          transformation  severity  psr_1
        1           JPEG        30     40
    """
    return table[table["severity"] == table.groupby("transformation")["severity"].transform("last")]


def verdict(table: pd.DataFrame, over: str) -> str:
    """What a table says, one sentence per learned method, means over recognizers.

    A mask is worth the points of PSR by which it leads the larger one of its baselines, unprotected and random noise.

    Args:
        over: the column that tells the cases apart, such as "severity".

    Example:
        >>> row = {"method": "convex", "severity": 50, "psr_1": 60.0, "unprotected_1": 2.0, "noise_1": 3.0}
        >>> verdict(pd.DataFrame([row]), over="severity")
        'convex is worth 57 (50) points of PSR; least at 50: PSR 60 %, unprotected 2 %, random noise 3 %.'
    """
    sentences = []
    for method, own in table[table["method"] != "random noise"].groupby("method", sort=False):
        means = own.groupby(over, sort=False)[["psr_1", *BASELINES]].mean()
        worth = means["psr_1"] - means[BASELINES].max(axis=1)
        least, case = means.loc[worth.idxmin()], _case(worth.idxmin())
        sentences.append(
            f"{method} is worth {_listed(worth, '.0f')} points of PSR; least at {case}: PSR {least['psr_1']:.0f} %, "
            f"unprotected {least['unprotected_1']:.0f} %, random noise {least['noise_1']:.0f} %."
        )
    return " ".join(sentences)


def readings(table: pd.DataFrame, over: str, what: str) -> str:
    """The same for a column that is no PSR, such as "cosine" or "auc": its values, and those of its baselines at the end.

    Example:
        >>> row = {"method": "convex", "photos": 10, "cosine": 0.5, "cosine_unprotected": 0.0, "cosine_noise": 0.6}
        >>> readings(pd.DataFrame([row]), "photos", "cosine")
        'convex: cosine 0.50 (10); at the last, unprotected 0.00, random noise 0.60.'
    """
    sentences = []
    for method, own in table.groupby("method", sort=False):
        means = own.groupby(over, sort=False)[[what, f"{what}_unprotected", f"{what}_noise"]].mean()
        last = means.iloc[-1]
        beside = f"unprotected {last[f'{what}_unprotected']:.2f}, random noise {last[f'{what}_noise']:.2f}"
        named = what.upper() if what in ("auc", "psnr") else what
        sentences.append(f"{method}: {named} {_listed(means[what], '.2f')}; at the last, {beside}.")
    return " ".join(sentences)


def _listed(values: pd.Series, digits: str) -> str:
    return ", ".join(f"{value:{digits}} ({_case(case)})" for case, value in values.items())


def _case(case: object) -> str:
    return f"{case:g}" if isinstance(case, int | float) else str(case)
