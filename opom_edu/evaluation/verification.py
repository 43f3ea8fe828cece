"""Are two photos the same person? Verification at a threshold that was found on other people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

import pandas as pd
import torch
from torch import Tensor

from opom_edu.errors import PeopleError
from opom_edu.evaluation.gallery import Gallery, Masks, Probes
from opom_edu.faces import People
from opom_edu.recognizers import Recognizer

FMRS = (1e-2, 1e-3)


def verification(recognizer: Recognizer, people: People, masks: Masks, fmrs: Sequence[float] = FMRS) -> pd.DataFrame:
    """How often a masked probe is still accepted as its person.

    A genuine pair is a probe and a clean other test photo of the same person. It is accepted if its similarity exceeds the
    person's threshold: see :func:`thresholds_for`.

    Returns:
        One row per false-match rate ``fmr``: see :func:`accepted`.

    Raises:
        PeopleError: with fewer than three people.
        ValueError: if a mask is missing, or there are too few pairs for a false-match rate.

    Example:
        >>> verification(black_box, people, masks, fmrs=(0.05,)).columns.tolist()
        ['fmr', 'threshold', 'tar', 'tar_unprotected']
    """
    gallery = Gallery.of(recognizer, people)
    unprotected, probes = gallery.probes(), gallery.probes(masks)
    thresholds = thresholds_for(gallery, fmrs)
    return pd.DataFrame({"fmr": fmr} | accepted(probes, unprotected, thresholds[fmr]) for fmr in fmrs)


def accepted(
    probes: Mapping[str, Probes], unprotected: Mapping[str, Probes], thresholds: Mapping[str, float]
) -> dict[str, float]:
    """True-accept rates ``tar`` and ``tar_unprotected`` in percent, and the mean ``threshold``; means over people.

    A lower ``tar`` means better protection.

    Example:
        >>> gallery = Gallery.of(black_box, people)
        >>> lines = calibrate(gallery, (0.05,))[0.05]
        >>> list(accepted(gallery.probes(), gallery.probes(), lines))
        ['threshold', 'tar', 'tar_unprotected']
    """

    def rate(given: Mapping[str, Probes]) -> float:
        return fmean(100 * float((given[name].own > threshold).float().mean()) for name, threshold in thresholds.items())

    return {"threshold": fmean(thresholds.values()), "tar": rate(probes), "tar_unprotected": rate(unprotected)}


def thresholds_for(gallery: Gallery, fmrs: Sequence[float] = FMRS) -> dict[float, dict[str, float]]:
    """By false-match rate and person, the similarity above which two photos count as that person's.

    For rendered people it is the threshold that comes with the recognizer (``Recognizer.thresholds``). For others, and for
    a rate that was not measured, it is calibrated on the people at hand: see :func:`calibrate`.

    Raises:
        PeopleError: with fewer than three people, where it is calibrated.
        ValueError: if there are too few pairs for a false-match rate, where it is calibrated.

    Example:
        >>> list(thresholds_for(Gallery.of(black_box, people), (0.01,))[0.01])
        ['Abel', 'Ada', 'Bao']
    """
    known = gallery.recognizer.thresholds if gallery.people.rendered else {}
    missing = [fmr for fmr in fmrs if fmr not in known]
    found = calibrate(gallery, missing) if missing else {}
    return {fmr: dict.fromkeys(gallery.own, known[fmr]) if fmr in known else found[fmr] for fmr in fmrs}


def calibrate(gallery: Gallery, fmrs: Sequence[float] = FMRS) -> dict[float, dict[str, float]]:
    """By false-match rate and person, the threshold found on clean test photos of all *other* people.

    Raises:
        PeopleError: with fewer than three people.
        ValueError: if there are too few pairs for a false-match rate.

    Example:
        >>> list(calibrate(Gallery.of(black_box, people), (0.05,))[0.05])
        ['Abel', 'Ada', 'Bao']
    """
    if len(gallery.own) < 3:
        raise PeopleError(f"a threshold is calibrated on pairs of other people: three are needed, got {len(gallery.own)}")
    counts = torch.tensor([len(embeddings) for embeddings in gallery.own.values()])
    owner = torch.arange(len(counts)).repeat_interleave(counts)
    pairs = torch.triu_indices(len(owner), len(owner), 1)
    pairs = pairs[:, owner[pairs[0]] != owner[pairs[1]]]
    embeddings = torch.cat(list(gallery.own.values())).cpu()
    impostor = (embeddings @ embeddings.T)[pairs[0], pairs[1]]
    thresholds: dict[float, dict[str, float]] = {fmr: {} for fmr in fmrs}
    for person, name in enumerate(gallery.own):
        elsewhere = impostor[(owner[pairs] != person).all(0)]
        for fmr in fmrs:
            thresholds[fmr][name] = threshold_at(elsewhere, fmr)
    return thresholds


def threshold_at(impostor: Tensor, fmr: float) -> float:
    """The lowest similarity that no more than a share of ``fmr`` of the impostor pairs exceeds.

    Args:
        impostor: similarities of pairs of two people, any shape.

    Raises:
        ValueError: if there are fewer than 1 / fmr pairs, too few to tell, or ``fmr`` is not between 0 and 1.

    Example:
        >>> threshold_at(torch.tensor([0.1, 0.2, 0.3, 0.9]), fmr=0.25)
        0.30000001192092896
    """
    values = impostor.flatten()
    if not 0 < fmr < 1:
        raise ValueError(f"fmr must be between 0 and 1, got {fmr}")
    allowed = int(len(values) * fmr + 1e-9)
    if not allowed:
        raise ValueError(f"a false-match rate of {fmr:g} needs {round(1 / fmr)} impostor pairs or more, got {len(values)}")
    return float(values.topk(allowed + 1).values[-1])
