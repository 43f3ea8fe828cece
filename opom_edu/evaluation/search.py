"""The search engine: people enrolled with several photos among many strangers, open set, with or without masks on each side.

In an open-set search most of those who are looked for are not enrolled. The false-positive identification rate (FPIR) is the
share of these whose best match passes the threshold; the false-negative identification rate (FNIR), of those who are
enrolled, the share whom the search does not return, because they are below the threshold or not among the first ranks
(ISO/IEC 19795-1; NIST's FRVT 1:N).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from opom_edu.errors import PeopleError
from opom_edu.evaluation.gallery import OwnMasks
from opom_edu.evaluation.robustness import protected, with_baselines
from opom_edu.evaluation.verification import threshold_at
from opom_edu.faces import People
from opom_edu.recognizers import Recognizer

FPIRS = (0.003, 0.01, 0.03, 0.1, 0.3)
BLOCK = 2048  # strangers at a time
SIDES = {"the probe": (True, False), "the gallery": (False, True), "both": (True, True)}  # probe masked, gallery masked


@dataclass(frozen=True, eq=False)
class Searches:
    """What searches for P people, with N probes each, and for Q people who are not enrolled, came to.

    Somebody's similarity to a probe is that of the most similar photo with which they were enrolled.

    Attributes:
        own: of the person to the probe, ``(P, N)``.
        others: the largest ones of others, falling, ``(P, N, top)``.
        outsiders: the largest one of anybody to each person who is not enrolled, ``(Q,)``.

    Example:
        >>> found = Searches(torch.tensor([[0.9, 0.2]]), torch.tensor([[[0.3], [0.3]]]), torch.tensor([0.1, 0.5]))
        >>> found.missed(1).tolist(), found.fnir(0.5).tolist()
        ([50.0], [50.0])
    """

    own: Tensor
    others: Tensor
    outsiders: Tensor

    def missed(self, rank: int) -> NDArray[np.float32]:
        """Closed set: for each person ``(P,)``, the percentage of probes whose first ``rank`` people lack them.

        Raises:
            ValueError: if fewer others were kept.
        """
        return self._lacking(rank, -1.0)

    def fnir(self, fpir: float, rank: int = 1) -> NDArray[np.float32]:
        """FNIR in percent for each person ``(P,)``, at the threshold that a share of ``fpir`` of the outsiders passes.

        Raises:
            ValueError: for fewer than 1 / fpir outsiders, or if fewer than ``rank`` others were kept.
        """
        return self._lacking(rank, threshold_at(self.outsiders, fpir))

    def _lacking(self, rank: int, threshold: float) -> NDArray[np.float32]:
        if not 1 <= rank <= self.others.shape[-1]:
            raise ValueError(f"rank must be within 1 and the {self.others.shape[-1]} others that were kept, got {rank}")
        lost = (self.others[..., rank - 1] > self.own) | (self.own <= threshold)
        return 100 * lost.float().mean(1).numpy()


def search(probes: Tensor, enrolled: Tensor, strangers: Tensor, outsiders: Tensor, *, top: int = 50) -> Searches:
    """Search for each probe, and for each outsider, among everybody enrolled.

    Args:
        probes: ``(P, N, D)`` of unit norm.
        enrolled: ``(P, K, D)``, the same people's.
        strangers: ``(M, L, D)``, everybody else who is enrolled.
        outsiders: ``(Q, D)``, people who are not.
        top: others to keep of each search; at most P - 1 + M are there.

    Example:
        >>> eye = torch.eye(4)
        >>> search(eye[None, :2], eye[None, :1], eye[2:, None], eye[3:]).own
        tensor([[1., 0.]])
    """
    people, each = probes.shape[:2]
    known = _to_people(probes.flatten(0, 1), enrolled).unflatten(0, (people, each))  # (P, N, P)
    same = torch.eye(people, dtype=torch.bool)[:, None].expand_as(known)
    best = known[~same].reshape(people * each, people - 1)
    outside = _to_people(outsiders, enrolled).amax(1)
    for block in strangers.split(BLOCK):
        best = torch.cat([best, _to_people(probes.flatten(0, 1), block)], 1)
        best = best.topk(min(top, best.shape[1])).values
        outside = torch.maximum(outside, _to_people(outsiders, block).amax(1))
    return Searches(known[same].reshape(people, each), best.unflatten(0, (people, each)), outside)


def _to_people(probes: Tensor, enrolled: Tensor) -> Tensor:
    """The largest cosine of each probe ``(N, D)`` to each person's photos ``(M, L, D)``: ``(N, M)``."""
    return (probes @ enrolled.flatten(0, 1).T).unflatten(1, enrolled.shape[:2]).amax(2)


def searches(
    recognizer: Recognizer, people: People, masks: Mapping[str, OwnMasks], strangers: Tensor, outsiders: Tensor, *,
    enrolled: int = 5, top: int = 50,
) -> Iterator[tuple[str, str, Searches]]:  # fmt: skip
    """Search for people's photos with a recognizer: by masks and by who wears them.

    Args:
        masks: by name; "unprotected" and "random noise" are put beside them.
        strangers, outsiders: the recognizer's embeddings of clean photos, see :func:`search`.
        enrolled: how many of a person's test photos are enrolled, from the first on; the others are the probes.

    Yields:
        The masks' name, whether "the probe", "the gallery" or "both" wear them, and what the searches came to.

    Raises:
        PeopleError: if somebody has too few test photos, or not all have the same number.

    Example:
        >>> strangers = black_box.embed(people.distractors)
        >>> found = searches(black_box, people, {"convex": masks}, strangers[:12, None], strangers[12:], enrolled=2)
        >>> [(name, side) for name, side, _ in found][:3]
        [('unprotected', 'the probe'), ('unprotected', 'the gallery'), ('unprotected', 'both')]
    """
    counts = {len(person.test) for person in people.values()}
    if len(counts) > 1 or not 1 <= enrolled < min(counts):
        raise PeopleError(f"everybody needs the same number of test photos, and more than enrolled={enrolled}, got {counts}")
    bare: Tensor | None = None
    for name, own in with_baselines(people, masks).items():
        worn = recognizer.embed(torch.cat(list(protected(people, own).values()))).cpu().unflatten(0, (len(people), -1))
        bare = worn if bare is None else bare
        for side, (probe, gallery) in SIDES.items():
            asked, known = (worn if probe else bare)[:, enrolled:], (worn if gallery else bare)[:, :enrolled]
            yield name, side, search(asked, known, strangers, outsiders, top=top)


def search_rows(
    found: Searches, people: Sequence[str], ranks: Sequence[int] = (1, 10, 50), fpirs: Sequence[float] = FPIRS
) -> list[dict[str, Any]]:
    """A row per person: ``missed_1`` and so on for each rank, ``fnir_0.01`` and so on for each FPIR, all in percent.

    Example:
        >>> found = Searches(torch.tensor([[0.9]]), torch.tensor([[[0.3]]]), torch.linspace(0, 0.5, 100))
        >>> search_rows(found, ["Ada"], ranks=(1,), fpirs=(0.1,))
        [{'person': 'Ada', 'missed_1': 0.0, 'fnir_0.1': 0.0}]
    """
    columns = {f"missed_{rank}": found.missed(rank) for rank in ranks}
    columns |= {f"fnir_{fpir:g}": found.fnir(fpir) for fpir in fpirs}
    return [{"person": name, **{key: float(values[i]) for key, values in columns.items()}} for i, name in enumerate(people)]
