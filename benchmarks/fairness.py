"""Who is protected less? Masks on 100 report people by group, and on the same people with another skin.

    python benchmarks/fairness.py [--people 100] [--same 30]

PSR at rank 1 in percent, the mean of the six black boxes among 500 strangers; masks by OPOM (convex) on ``ir-softmax``.
Every row has the PSR without a mask and under random noise beside it. Groups of people are compared by Welch's test,
conditions of photos and the same people with another skin by paired tests over people; p-values are corrected after Holm
over all rows.

The second part changes a single cause: 30 report people are rendered three times, with the skin tone in the middle of
each of the three groups, and all else as it was: shape, hair, light, pose. Gallery, training photos and probes are of one
version.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from common import arguments, report
from joblib import Parallel, delayed
from scipy.stats import ttest_1samp, ttest_ind
from synthetic_people.camera import Sitter, take_photo
from synthetic_people.conditions import sample_conditions
from synthetic_people.identity import SKINS, _tone, sample_identity
from synthetic_people.stored import decode

from opom_edu import OPOM, load_people, load_recognizer
from opom_edu.evaluation.gallery import Gallery
from opom_edu.experiments.study import interval
from opom_edu.faces import People, Person
from opom_edu.faces.images import as_floats
from opom_edu.faces.seeds import REPORT
from opom_edu.faces.synthetic import FIRST_SEED, SEEDS_PER_SET
from opom_edu.masks import Mask, RandomNoise
from opom_edu.recognizers import BLACK_BOXES, SURROGATE

PHOTOS, TRAIN = 20, 10
WAYS = ("unprotected", "random noise", "OPOM convex")
JUDGES = [name for name in BLACK_BOXES if name != "dlib"]


def searched(people: People) -> dict[str, pd.DataFrame]:
    """By way, the share of failed searches of each probe in percent, a row per person and a column per test photo."""
    train = [person.train for person in people.values()]
    masks = {
        WAYS[0]: [Mask(torch.zeros(3, 112, 112), 0.0) for _ in train],
        WAYS[1]: RandomNoise(eps=8 / 255).fit_many(train),
        WAYS[2]: OPOM(load_recognizer(SURROGATE)).fit_many(train),
    }
    sums: dict[str, Any] = dict.fromkeys(WAYS, 0.0)
    for name in JUDGES:
        gallery = Gallery.of(load_recognizer(name), people)
        for way, own in masks.items():
            probes = gallery.probes(dict(zip(people, own, strict=True)), top=1)
            failed = [(one.distractors[:, :1] > one.own).float().mean(1) for one in probes.values()]
            sums[way] = sums[way] + 100 / len(JUDGES) * torch.stack(failed).numpy()
        print(name, flush=True)
    return {way: pd.DataFrame(found, index=list(people)) for way, found in sums.items()}


def row(what: str, group: str, rates: Mapping[str, np.ndarray], p: float, difference: float) -> dict[str, object]:
    """Figures of a group of people: ``rates`` per person by way."""
    made: dict[str, object] = {"what": what, "group": group, "people": len(rates[WAYS[2]])}
    made |= {way: round(float(np.mean(rates[way])), 1) for way in WAYS}
    low, high = interval(np.asarray(rates[WAYS[2]])[:, None])
    return made | {"low": round(low, 1), "high": round(high, 1), "difference": round(difference, 1), "p": p}


def by_group(people: People, found: Mapping[str, pd.DataFrame]) -> Iterator[dict[str, object]]:
    """A row per group of people, against all others, and per condition of photos, against the same people's other photos."""
    photos = people.photos
    assert photos is not None
    table = photos[photos["part"] == "test"].reset_index(drop=True)
    who = table.groupby("person", sort=False).first().loc[list(people)]
    ages = pd.cut(who["age"], [0, 30, 45, 60, 120], labels=["to 30", "30 to 45", "45 to 60", "over 60"])
    for what, column in (("sex", who["sex"]), ("skin", who["skin"]), ("age", ages)):
        for group in dict.fromkeys(column):
            inside = (column == group).to_numpy()
            rates = {way: found[way][inside].mean(axis=1).to_numpy() for way in WAYS}
            others = found[WAYS[2]][~inside].mean(axis=1).to_numpy()
            p = float(ttest_ind(rates[WAYS[2]], others, equal_var=False).pvalue)
            yield row(what, str(group), rates, p, float(rates[WAYS[2]].mean() - others.mean()))
    turned = table["yaw"].abs().to_numpy().reshape(len(people), -1) > 20
    conditions = {"turned by more than 20 degrees": turned}
    if "glasses" in table:
        conditions["glasses"] = table["glasses"].astype(str).to_numpy().reshape(len(people), -1) != "none"
    for what, inside in conditions.items():
        both = inside.any(1) & ~inside.all(1)
        rates = {way: np.array([found[way].to_numpy()[i][inside[i]].mean() for i in np.flatnonzero(both)]) for way in WAYS}
        rest = np.array([found[WAYS[2]].to_numpy()[i][~inside[i]].mean() for i in np.flatnonzero(both)])
        if len(rest) > 2:
            yield row(
                "photos",
                what,
                rates,
                float(ttest_1samp(rates[WAYS[2]] - rest, 0).pvalue),
                float((rates[WAYS[2]] - rest).mean()),
            )


def photographed(seed: int, skin: int) -> np.ndarray:
    """A person's photos with the skin tone in the middle of a group, all else as the seed has it."""
    melanin = (skin + 0.5) / 3
    tone = _tone(np.random.default_rng([seed, 77]), melanin)  # the same deviation for each of the three
    identity = sample_identity(seed)
    sitter = Sitter(dataclasses.replace(identity, skin=SKINS[skin], melanin=melanin, tone=tone))
    draws = [sample_conditions(identity, np.random.default_rng([seed, 10, index])) for index in range(PHOTOS)]
    return np.stack([decode(take_photo(sitter, conditions, size=112).jpeg) for conditions in draws])


def another_skin(count: int, distractors: torch.Tensor) -> Iterator[dict[str, object]]:
    """The same people with three skins: a row for each, compared with the same people's mean of the other two."""
    seeds = [FIRST_SEED + REPORT * SEEDS_PER_SET + number for number in range(count)]
    rates = []
    for skin in range(len(SKINS)):
        photos = Parallel(n_jobs=-1)(delayed(photographed)(seed, skin) for seed in seeds)
        persons = [Person(str(seed), *as_floats(own).split(TRAIN)) for seed, own in zip(seeds, photos, strict=True)]
        found = searched(People(persons, distractors, rendered=True))
        rates.append({way: found[way].mean(axis=1).to_numpy() for way in WAYS})
    for skin, own in enumerate(rates):
        others = np.mean([one[WAYS[2]] for k, one in enumerate(rates) if k != skin], axis=0)
        gap = own[WAYS[2]] - others
        yield row("the same people, skin", SKINS[skin], own, float(ttest_1samp(gap, 0).pvalue), float(gap.mean()))


def corrected(p: np.ndarray) -> np.ndarray:
    """p-values after Holm (1979)."""
    order = np.argsort(p)
    made = np.empty_like(p)
    made[order] = np.minimum(1, np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p)))))
    return made


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--same", type=int, default=30, help="people who get another skin")
    options = parser.parse_args()
    count, same, crowd = (4, 3, 20) if options.tiny else (options.people, options.same, 500)
    people = load_people("synthetic", count=count, seed=REPORT, distractors=crowd)
    rows = [*by_group(people, searched(people)), *another_skin(same, people.distractors)]
    for one, p in zip(rows, corrected(np.nan_to_num([float(str(one["p"])) for one in rows], nan=1.0)), strict=True):
        one["p"] = float(f"{p:.2g}")
    report(
        "fairness", json.loads(json.dumps(rows)), out=options.out, note="PSR in %, 95 % interval over people, p after Holm"
    )


if __name__ == "__main__":
    main()
