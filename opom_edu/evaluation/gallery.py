"""What a recognizer makes of people's test photos, clean and masked: the similarities that every evaluation rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from opom_edu.errors import PeopleError
from opom_edu.faces import People, quantize
from opom_edu.masks import Cloak
from opom_edu.recognizers import Recognizer, check_recognizer

Masks = Mapping[str, Cloak] | Sequence[Cloak]


@dataclass(frozen=True, eq=False)
class Probes:
    """One person's probes, clean or masked, and their similarities (cosines) to the gallery.

    Attributes:
        own: to the person's clean test photos, ``(N, N - 1)``: each probe's own photo is left out.
        distractors: to the people they are to be told apart from, ``(N, M)``.
    """

    own: Tensor
    distractors: Tensor

    def success(self, rank: int) -> float:
        """Share of queries, 0 to 1, whose ``rank`` most similar gallery photos lack the person. Ties count as found.

        A query is one probe with one clean photo of the person among all distractors.

        Raises:
            ValueError: if there are fewer distractors than ``rank``.
        """
        if not 1 <= rank <= self.distractors.shape[1]:
            found = self.distractors.shape[1]
            raise ValueError(f"rank must be within 1 and the {found} distractors, got {rank}; pass ranks=(1,) or add people")
        # The person is outside the top k if k distractors are more similar, that is, if the k-th best of them is.
        hardest = self.distractors.topk(rank, dim=-1).values[:, -1:]
        return float((hardest > self.own).float().mean())


@dataclass(frozen=True, eq=False)
class Gallery:
    """A recognizer's embeddings of everybody's clean test photos and of the distractors, computed once.

    Attributes:
        own: per person, ``(N, D)``.
        distractors: ``(M, D)``; empty if People has none.
    """

    recognizer: Recognizer
    people: People
    own: Mapping[str, Tensor]
    distractors: Tensor

    @classmethod
    def of(cls, recognizer: Recognizer, people: People) -> Gallery:
        """Embed the clean photos, rounded to 8 bit as saved photos are.

        Raises:
            PeopleError: if a person has fewer than two test photos, or there is nobody to be told apart from.
        """
        check_recognizer(recognizer, "recognizer")
        for person in people.values():
            if len(person.test) < 2:
                raise PeopleError(f"{person.name} has {len(person.test)} test photos; a probe and one to be found make two")
        if not len(people.distractors) and len(people) < 2:
            raise PeopleError("a single person is always found first; add people or distractors")
        own = _embed(recognizer, [person.test for person in people.values()])
        # A thousand at a time, so that ten thousand distractors do not fill the memory twice.
        parts = [_embed(recognizer, [part])[0] for part in people.distractors.split(1000) if len(part)]
        return cls(recognizer, people, dict(zip(people, own, strict=True)), torch.cat([own[0][:0], *parts]))

    def probes(self, masks: Masks | None = None) -> dict[str, Probes]:
        """Everybody's probes: the test photos, masked or (by default) clean, rounded to 8 bit.

        Raises:
            ValueError: if a person has no mask.
        """
        own: Mapping[str, Tensor] = self.own
        if masks is not None:
            given = masks_by_person(self.people, masks)
            masked = [given[name].apply(person.test) for name, person in self.people.items()]
            own = dict(zip(self.people, _embed(self.recognizer, masked), strict=True))
        return {name: self._compare(name, embeddings) for name, embeddings in own.items()}

    def _compare(self, name: str, embeddings: Tensor) -> Probes:
        others = self.distractors
        if not len(others):
            others = torch.cat([clean for other, clean in self.own.items() if other != name])
        similar = embeddings @ self.own[name].T
        elsewhere = ~torch.eye(len(similar), dtype=torch.bool, device=similar.device)
        return Probes(similar[elsewhere].reshape(len(similar), -1), embeddings @ others.T)


def _embed(recognizer: Recognizer, groups: Sequence[Tensor]) -> Sequence[Tensor]:
    """Embeddings of several groups of photos, rounded to 8 bit, in one call: a black box may work on many at once."""
    return recognizer.embed(quantize(torch.cat(list(groups)))).split([len(group) for group in groups])


def masks_by_person(people: People, masks: Masks) -> dict[str, Cloak]:
    """Everybody's mask by name, in the order of ``people``.

    Raises:
        ValueError: if a person has no mask.
    """
    if not isinstance(masks, Mapping):
        if len(masks) != len(people):
            raise ValueError(f"{len(people)} people need as many masks, got {len(masks)}")
        return dict(zip(people, masks, strict=True))
    missing = [name for name in people if name not in masks]
    if missing:
        raise ValueError(f"no mask for {', '.join(missing)}")
    return {name: masks[name] for name in people}
