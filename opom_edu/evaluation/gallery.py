"""What a recognizer makes of people's test photos, clean and masked: the similarities that every evaluation rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from opom_edu.errors import PeopleError
from opom_edu.evaluation.embeddings import embedder
from opom_edu.faces import People
from opom_edu.masks import Cloak, Mask
from opom_edu.recognizers import Recognizer, check_recognizer

Masks = Mapping[str, Cloak] | Sequence[Cloak]
OwnMasks = Mapping[str, Mask] | Sequence[Mask]  # for what takes a mask apart
AnyCloak = TypeVar("AnyCloak", bound=Cloak)
TOGETHER = 1000  # photos that are embedded in one call
COLUMNS = 4096  # of the matrix of similarities that are in memory at a time: 16 KB per probe


@dataclass(frozen=True, eq=False)
class Probes:
    """One person's probes, clean or masked, and their similarities (cosines) to the gallery.

    Attributes:
        own: to the person's clean test photos, ``(N, N - 1)``: each probe's own photo is left out.
        distractors: to the people they are to be told apart from, ``(N, M)``; or only the largest of these, falling.

    Example:
        >>> probes = Gallery.of(black_box, people).probes()["Ada"]
        >>> probes.own.shape, probes.distractors.shape
        (torch.Size([10, 9]), torch.Size([10, 24]))
        >>> 0 <= probes.success(rank=1) <= 1
        True
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

    Example:
        >>> gallery = Gallery.of(black_box, people)
        >>> gallery.own["Ada"].shape, gallery.distractors.shape
        (torch.Size([10, 128]), torch.Size([24, 128]))
    """

    recognizer: Recognizer
    people: People
    own: Mapping[str, Tensor]
    distractors: Tensor

    @classmethod
    def of(
        cls, recognizer: Recognizer, people: People, *, distractors: Iterable[Tensor] | None = None,
        cache: str | Path | None = None,
    ) -> Gallery:  # fmt: skip
        """Embed the clean photos, rounded to 8 bit as saved photos are.

        Args:
            distractors: batches of photos ``(n, 3, 112, 112)`` in place of ``people.distractors``, taken one at a time: of a
                million only the embeddings stay in memory, 4 D bytes each.
            cache: a folder that keeps the embeddings for the next time (see :mod:`opom_edu.evaluation.embeddings`).

        Raises:
            PeopleError: if a person has fewer than two test photos, or there is nobody to be told apart from.
            OpomError: if the cache cannot be written to.
        """
        check_recognizer(recognizer, "recognizer")
        for person in people.values():
            if len(person.test) < 2:
                raise PeopleError(f"{person.name} has {len(person.test)} test photos; a probe and one to be found make two")
        if distractors is None and not len(people.distractors) and len(people) < 2:
            raise PeopleError("a single person is always found first; add people or distractors")
        embed = embedder(recognizer, cache)
        own = _embed(embed, (person.test for person in people.values()))
        batches = people.distractors.split(TOGETHER) if distractors is None else distractors
        others = torch.cat([own[0][:0], *(embed(batch) for batch in batches if len(batch))])
        if not len(others) and len(people) < 2:
            raise PeopleError("a single person is always found first, and there were no distractors; add people or photos")
        return cls(recognizer, people, dict(zip(people, own, strict=True)), others)

    def probes(
        self, masks: Masks | None = None, *, photos: Mapping[str, Tensor] | None = None, top: int | None = None,
        among: Iterable[str] = (),
    ) -> dict[str, Probes]:  # fmt: skip
        """Everybody's probes: the test photos, masked or (by default) clean, rounded to 8 bit.

        Args:
            photos: by name ``(N, 3, H, W)``, in place of the test photos, one for one; who is left out is not looked for.
            top: keep only so many of the largest similarities to distractors, enough for ranks up to ``top``. Without it all
                are kept, 4 N M bytes per person.
            among: names of the people whose probes are wanted; by default everybody.

        Raises:
            ValueError: if a person has no mask.
        """
        names = list(among) or list(self.people if photos is None else photos)
        own = [self.own[name] for name in names]
        if photos is not None:
            own = _embed(embedder(self.recognizer), (photos[name] for name in names))
        elif masks is not None:
            given = masks_by_person(self.people, masks, names)
            masked = (given[name].apply(self.people[name].test) for name in names)
            own = _embed(embedder(self.recognizer), masked)
        elsewhere: Iterable[Tensor]
        if top is None:
            elsewhere = [embeddings @ self.strangers(name).T for name, embeddings in zip(names, own, strict=True)]
        elif len(self.distractors):  # of a million, each is read once for all probes
            elsewhere = most_similar(torch.cat(own), self.distractors, top).split([len(part) for part in own])
        else:
            elsewhere = [most_similar(part, self.strangers(name), top) for name, part in zip(names, own, strict=True)]
        return {
            name: Probes(_to_other_photos(embeddings @ self.own[name].T), others)
            for name, embeddings, others in zip(names, own, elsewhere, strict=True)
        }

    def strangers(self, name: str) -> Tensor:
        """Embeddings ``(M, D)`` of those whom the person is to be told apart from: distractors, else the other people."""
        if len(self.distractors):
            return self.distractors
        return torch.cat([clean for other, clean in self.own.items() if other != name])


def most_similar(probes: Tensor, others: Tensor, top: int) -> Tensor:
    """The ``top`` largest cosines of each probe ``(N, D)`` to the others ``(M, D)``, falling: ``(N, min(top, M))``.

    No more than ``COLUMNS`` columns of the matrix of all cosines are in memory at a time.

    Example:
        >>> most_similar(torch.eye(2), torch.tensor([[1.0, 0.0], [0.6, 0.8]]), top=1).flatten()
        tensor([1.0000, 0.8000])
    """
    best = probes.new_empty(len(probes), 0)
    for part in others.split(COLUMNS):
        best = torch.cat([best, (probes @ part.T).topk(min(top, len(part))).values], 1)
        best = best.topk(min(top, best.shape[1])).values
    return best


def _to_other_photos(similar: Tensor) -> Tensor:
    """Similarities ``(N, N)`` of the probes to the clean photos without those to their own photo, ``(N, N - 1)``."""
    elsewhere = ~torch.eye(len(similar), dtype=torch.bool, device=similar.device)
    return similar[elsewhere].reshape(len(similar), -1)


def _embed(embed: Callable[[Tensor], Tensor], groups: Iterable[Tensor]) -> list[Tensor]:
    """Embeddings of several groups of photos. Many groups share a call, as a black box may work on many photos at once."""
    found: list[Tensor] = []
    waiting: list[Tensor] = []

    def work_off() -> None:
        found.extend(embed(torch.cat(waiting)).split([len(group) for group in waiting]))
        waiting.clear()

    for group in groups:
        if sum(map(len, waiting)) + len(group) > TOGETHER and waiting:
            work_off()
        waiting.append(group)
    work_off()
    return found


def masks_by_person(
    people: People, masks: Mapping[str, AnyCloak] | Sequence[AnyCloak], names: Iterable[str] | None = None
) -> dict[str, AnyCloak]:
    """Everybody's mask by name, in the order of ``people``; of ``names`` alone, if given and the masks are by name.

    Raises:
        ValueError: if a person has no mask.

    Example:
        >>> list(masks_by_person(people, list(masks.values())))
        ['Abel', 'Ada', 'Bao']
    """
    if not isinstance(masks, Mapping):
        if len(masks) != len(people):
            raise ValueError(f"{len(people)} people need as many masks, got {len(masks)}")
        return dict(zip(people, masks, strict=True))
    wanted = list(people if names is None else names)
    missing = [name for name in wanted if name not in masks]
    if missing:
        raise ValueError(f"no mask for {', '.join(missing)}")
    return {name: masks[name] for name in wanted}
