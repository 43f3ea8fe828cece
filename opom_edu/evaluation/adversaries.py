"""Those who work against a mask: they average it out, enroll it, learn to look past it, or tell that it is there.

(What denoising does is a change of photos: see ``PURIFIERS`` in :mod:`opom_edu.evaluation.changes`.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cosine_similarity

from opom_edu.evaluation.changes import bilateral, jpeg, median
from opom_edu.evaluation.gallery import Gallery, OwnMasks
from opom_edu.evaluation.quality import image_quality
from opom_edu.evaluation.robustness import outcomes, protected, rows_of, with_baselines
from opom_edu.faces import People, check_images, quantize
from opom_edu.masks import Learner, Mask
from opom_edu.recognizers import Recognizer
from opom_edu.recognizers.hardening import hardened


def estimate_mask(photos: Tensor, *, eps: float = 8 / 255, rounds: int = 3) -> Tensor:
    """What an adversary who holds protected photos of one person takes for the mask, ``(3, H, W)`` within ±eps.

    The mask is what stays when the photos change: each photo less its bilaterally filtered self, averaged over the photos.
    The estimate is taken off the photos, which are then easier to filter, and found anew, ``rounds`` times in all.

    Args:
        photos: ``(N, 3, H, W)`` in [0, 1], one or more.
        eps: the budget that the adversary assumes, 0 to 1.

    Raises:
        ValueError: for invalid images, or none.

    Example:
        >>> estimate_mask(masks["Ada"].apply(ada.train)).shape
        torch.Size([3, 112, 112])
    """
    if not len(check_images(photos, name="photos")):
        raise ValueError("a mask is estimated from one photo at least, got none")
    estimate = torch.zeros_like(photos[0])
    for _ in range(rounds):
        residual = photos - bilateral((photos - estimate).clamp(0, 1), 30)
        estimate = residual.clamp(-2 * eps, 2 * eps).mean(0).clamp(-eps, eps)
    return estimate


def averaging(
    recognizers: Sequence[Recognizer], people: People, masks: Mapping[str, OwnMasks], counts: Sequence[int] = (1, 2, 5, 10)
) -> pd.DataFrame:
    """The adversary estimates each person's mask from so many protected photos and subtracts it from the probes.

    The photos are the first of ``train``, saved in 8 bit like the probes; for the baselines all is done alike.

    Returns:
        One row per number of ``photos`` (0: nothing is subtracted), ``method`` and ``recognizer``: see
        :func:`~opom_edu.evaluation.robustness.outcomes`; and, means over people, ``cosine`` of the estimate with the true
        mask, ``cosine_noise`` of that of random noise with the noise, ``cosine_unprotected`` of an estimate from clean
        photos with the mask.

    Raises:
        ValueError: if a person has fewer training photos than the largest count.

    Example:
        >>> table = averaging([black_box], people, {"convex": masks}, counts=(1,))
        >>> table[["photos", "method"]].values.tolist()
        [[0, 'convex'], [1, 'convex']]
    """
    fewest = min(len(person.train) for person in people.values())
    if not 1 <= min(counts) <= max(counts) <= fewest:
        raise ValueError(f"counts must be within 1 and the {fewest} training photos of each person, got {list(counts)}")
    galleries = [Gallery.of(recognizer, people) for recognizer in recognizers]
    worn = with_baselines(people, masks)
    rows: list[dict[str, Any]] = []
    for count in (0, *counts):
        found = {method: _estimates(people, own, count) for method, own in worn.items()}
        photos = {method: _less(people, own, found[method]) for method, own in worn.items()}
        for row in outcomes(galleries, photos):
            true = worn[row["method"]]
            row["cosine"] = _mean_cosine(found[row["method"]], true)
            row["cosine_unprotected"] = _mean_cosine(found["unprotected"], true)
            row["cosine_noise"] = _mean_cosine(found["random noise"], worn["random noise"])
            rows.append({"photos": count, **row})
    return pd.DataFrame(rows)


def _estimates(people: People, own: Mapping[str, Mask], count: int) -> dict[str, Tensor]:
    if not count:
        return {name: torch.zeros_like(own[name].delta) for name in people}
    return {name: estimate_mask(quantize(own[name].apply(person.train[:count]))) for name, person in people.items()}


def _less(people: People, own: Mapping[str, Mask], deltas: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Everybody's protected test photos, saved in 8 bit, less something."""
    return {name: (photos - deltas[name]).clamp(0, 1) for name, photos in protected(people, own).items()}


def _mean_cosine(estimates: Mapping[str, Tensor], true: Mapping[str, Mask]) -> float:
    return fmean(float(cosine_similarity(own.flatten(), true[name].delta.flatten(), 0)) for name, own in estimates.items())


def enrolled(recognizers: Sequence[Recognizer], people: People, masks: Mapping[str, OwnMasks]) -> pd.DataFrame:
    """Who wears the mask: nobody, the probe, the person's photos in the gallery, or both.

    Returns:
        One row per ``masked`` side, ``method`` and ``recognizer``: see :func:`~opom_edu.evaluation.robustness.outcomes`.

    Raises:
        ValueError: if ``people`` has no distractors: other people's photos, in their place, would be masked too.

    Example:
        >>> enrolled([black_box], people, {"convex": masks})["masked"].tolist()
        ['nobody', 'probe', 'gallery', 'both']
    """
    if not len(people.distractors):
        raise ValueError("people must have distractors, who wear no masks")
    clean = {name: person.test for name, person in people.items()}
    rows: list[dict[str, Any]] = []
    for recognizer in recognizers:
        sides: dict[str, dict[str, Any]] = {"nobody": {}, "probe": {}, "gallery": {}, "both": {}}
        gallery = Gallery.of(recognizer, people)
        for method, own in with_baselines(people, masks).items():
            worn = protected(people, own)
            masked = replace(gallery, own={name: recognizer.embed(photos) for name, photos in worn.items()})
            sides["nobody"][method], sides["probe"][method] = gallery.probes(), gallery.probes(photos=worn)
            sides["gallery"][method], sides["both"][method] = masked.probes(photos=clean), masked.probes()
        rows += ({"masked": side, **row} for side, probes in sides.items() for row in rows_of(recognizer.name, probes))
    return pd.DataFrame(rows)


def mix_ups(recognizers: Sequence[Recognizer], people: People, masks: Mapping[str, OwnMasks]) -> pd.DataFrame:
    """Masks worn by the wrong person, shared by everybody, or known to an adversary who subtracts them.

    Returns:
        One row per ``case``, ``method`` and ``recognizer``: see :func:`~opom_edu.evaluation.robustness.outcomes`.

    Raises:
        ValueError: for one person alone, who has nobody else's mask to wear.

    Example:
        >>> mix_ups([black_box], people, {"convex": masks})["case"].tolist()
        ['own mask', "another person's", "Abel's on the others", "own, another's subtracted", 'own, itself subtracted']
    """
    names = list(people)
    if len(names) < 2:
        raise ValueError("people must be two at least, to wear each other's masks")
    following = dict(zip(names, [*names[1:], names[0]], strict=True))
    galleries = [Gallery.of(recognizer, people) for recognizer in recognizers]
    worn = with_baselines(people, masks)

    def cases(own: Mapping[str, Mask]) -> dict[str, dict[str, Tensor]]:
        def wearing(whose: Mapping[str, str]) -> dict[str, Tensor]:
            return {name: own[mask].apply(people[name].test) for name, mask in whose.items()}

        return {
            "own mask": wearing(dict(zip(names, names, strict=True))),
            "another person's": wearing(following),
            f"{names[0]}'s on the others": wearing(dict.fromkeys(names[1:], names[0])),
            "own, another's subtracted": _less(people, own, {name: own[following[name]].delta for name in names}),
            "own, itself subtracted": _less(people, own, {name: own[name].delta for name in names}),
        }

    photos = {method: cases(own) for method, own in worn.items()}
    rows: list[dict[str, Any]] = []
    for case in next(iter(photos.values())):
        rows += ({"case": case, **row} for row in outcomes(galleries, {m: own[case] for m, own in photos.items()}))
    return pd.DataFrame(rows)


def unlocked(
    recognizers: Sequence[Recognizer], people: People, masks: Mapping[str, OwnMasks],
    qualities: Sequence[float] = (100, 95, 85, 70, 50, 30),
) -> pd.DataFrame:  # fmt: skip
    """The mask as a key: whoever holds it takes it off the protected photos, which were saved as JPEG.

    Returns:
        One row per JPEG ``quality``, ``method`` and ``recognizer``: see :func:`~opom_edu.evaluation.robustness.outcomes`, of
        what is left; and its mean ``psnr`` to the clean photos in dB, ``psnr_noise`` where the key is random noise, and
        ``psnr_unprotected`` of clean photos saved alike, which is what JPEG costs by itself.

    Example:
        >>> unlocked([black_box], people, {"convex": masks}, qualities=(50,)).columns.tolist()[:4]
        ['quality', 'method', 'recognizer', 'psr_1']
    """
    galleries = [Gallery.of(recognizer, people) for recognizer in recognizers]
    worn, rows = with_baselines(people, masks), []
    for quality in qualities:
        photos = {
            method: {name: quantize(own[name].remove(jpeg(own[name].apply(p.test), quality))) for name, p in people.items()}
            for method, own in worn.items()
        }
        psnr = {
            method: fmean(float(image_quality(people[name].test, images)["psnr"].mean()) for name, images in own.items())
            for method, own in photos.items()
        }
        beside = {"psnr_unprotected": psnr["unprotected"], "psnr_noise": psnr["random noise"]}
        for row in outcomes(galleries, photos):
            rows.append({"quality": quality, **row, "psnr": psnr[row["method"]], **beside})
    return pd.DataFrame(rows)


def retrained(
    recognizer: Recognizer, people: People, others: People, make: Callable[[Recognizer], Learner[Mask]], **options: Any
) -> pd.DataFrame:
    """The race in three stages: masks; a recognizer fine-tuned on masked photos of other people; masks learned anew on it.

    Args:
        recognizer: the one that is fine-tuned, in a copy.
        people, others: who is to be protected; and whose photos, clean and masked, the recognizer is fine-tuned on.
        make: gives the method that learns masks on a recognizer, or one with a surrogate of its own.
        options: of :func:`~opom_edu.recognizers.hardening.hardened`.

    Returns:
        One row per ``stage``: see :func:`~opom_edu.evaluation.robustness.outcomes`.

    Example:
        >>> table = retrained(black_box, people, people, lambda recognizer: OPOM(recognizer, steps=1), epochs=1)
        >>> table.columns.tolist()[:3]
        ['stage', 'method', 'recognizer']
    """
    method = make(recognizer)
    known = method.fit_many([person.train for person in others.values()])
    photos = [torch.cat([person.train, person.test]) for person in others.values()]
    masked = [quantize(mask.apply(own)) for mask, own in zip(known, photos, strict=True)]
    harder = hardened(recognizer, torch.cat(photos), torch.cat(masked), **options)
    learned_from = [person.train for person in people.values()]
    first, anew = method.fit_many(learned_from), make(harder).fit_many(learned_from)
    rows: list[dict[str, Any]] = []
    for stage, asked, masks in (
        ("before", recognizer, first), ("after fine-tuning", harder, first), ("masks learned anew", harder, anew)
    ):  # fmt: skip
        worn = with_baselines(people, {method.name: masks})
        shown = {method: protected(people, own) for method, own in worn.items()}
        rows += ({"stage": stage, **row} for row in outcomes([Gallery.of(asked, people)], shown))
    return pd.DataFrame(rows)


def detection(
    people: People, masks: Mapping[str, OwnMasks], qualities: Sequence[int] = (100, 90, 70, 50), *, seed: int = 0
) -> pd.DataFrame:
    """Can protected photos be told from clean ones? A logistic regression on what a median filter takes away.

    It learns on the test photos of every other person, clean and masked, and is tried on the others'; all are saved as JPEG.

    Returns:
        One row per ``quality`` of JPEG and ``method``: ``auc``, the area under its ROC on people it has not seen, 0.5 for
        guessing; ``auc_noise``, where it learns and is tried on random noise, and ``auc_unprotected``, on no masks.

    Raises:
        ValueError: for fewer than two people.

    Example:
        >>> detection(people, {"convex": masks}, qualities=(90,)).columns.tolist()
        ['quality', 'method', 'auc', 'auc_unprotected', 'auc_noise']
    """
    if len(people) < 2:
        raise ValueError(f"the detector is tried on people it has not seen: two are needed, got {len(people)}")
    worn, rows = with_baselines(people, masks), []
    for quality in qualities:
        clean = [_statistics(jpeg(person.test, quality)) for person in people.values()]
        found = {}
        for method, own in worn.items():
            masked = [_statistics(jpeg(photos, quality)) for photos in protected(people, own).values()]
            found[method] = _auc(clean, masked, seed)
        beside = {"auc_unprotected": found.pop("unprotected"), "auc_noise": found.pop("random noise")}
        rows += [{"quality": quality, "method": method, "auc": auc, **beside} for method, auc in found.items()]
    return pd.DataFrame(rows)


def _auc(clean: Sequence[NDArray[np.float32]], masked: Sequence[NDArray[np.float32]], seed: int) -> float:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def half(start: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        parts = [np.concatenate(group[start::2]) for group in (clean, masked)]
        return np.concatenate(parts), np.repeat([0, 1], [len(part) for part in parts])

    detector = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, random_state=seed))
    values, labels = half(1)
    return float(roc_auc_score(labels, detector.fit(*half(0)).decision_function(values)))


def _statistics(images: Tensor) -> NDArray[np.float32]:
    """Of each photo's fine detail, ``(N, 21)``: by channel its size and tails, how neighbors and channels go together."""
    detail = images - median(images, 3)
    size = detail.std((2, 3), keepdim=True) + 1e-4
    scaled = detail / size
    values = [size, detail.abs(), scaled**4, (detail.abs() > 2 / 255).float(), scaled * scaled.roll(1, 1)]
    values += [scaled[..., 1:] * scaled[..., :-1], scaled[..., 1:, :] * scaled[..., :-1, :]]
    return torch.cat([value.mean((2, 3)) for value in values], 1).numpy()
