"""Person and People: what every other part of the library passes around."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from opom_edu.errors import PeopleError
from opom_edu.faces.images import check_images

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Person:
    """One person's photos: ``train (K, 3, H, W)`` to learn a mask from, ``test (N, 3, H, W)`` to see whether it protects.

    Example:
        >>> person = Person("Noa", torch.rand(10, 3, 112, 112), torch.rand(4, 3, 112, 112))
        >>> person.name, len(person.train), len(person.test)
        ('Noa', 10, 4)
    """

    name: str
    train: Tensor
    test: Tensor

    def __repr__(self) -> str:
        return f"Person({self.name!r}, {len(self.train)} training and {len(self.test)} test photos)"

    def __post_init__(self) -> None:
        check_images(self.train, name=f"training images of {self.name}")
        check_images(self.test, name=f"test images of {self.name}")


class People(Mapping[str, Person]):
    """People in order, by name, and ``distractors (M, 3, H, W)``: photos of others, who are to be told apart from them.

    ``distractors`` may be empty; the evaluation then takes the other people's test photos in their place. ``report`` lists
    what was skipped or changed while loading, one sentence each. ``photos`` is a table of what is known about each photo
    (person, part, pose, light, landmarks, ...), people in order, training photos first; None where nothing is known.
    ``note``: what a report should say of them. ``rendered``: whether they are synthetic, so that
    the thresholds that come with recognizers hold for them.

    Example:
        >>> photos = torch.rand(6, 3, 112, 112)
        >>> two = People([Person("Noa", photos[:3], photos[3:]), Person("Kim", photos[3:], photos[:3])])
        >>> list(two), len(two.distractors)
        (['Noa', 'Kim'], 0)
    """

    def __init__(
        self, people: Sequence[Person], distractors: Tensor | None = None, report: Sequence[str] = (),
        photos: pd.DataFrame | None = None, note: str = "", rendered: bool = False,
    ) -> None:  # fmt: skip
        if not people:
            raise PeopleError("no people were given")
        self._people = {person.name: person for person in people}
        if len(self._people) < len(people):
            raise PeopleError("two people have the same name")
        shape = people[0].train.shape[1:]
        self.distractors = (
            torch.empty(0, *shape, dtype=torch.float32)
            if distractors is None
            else check_images(distractors, name="distractors")
        )
        self.report = tuple(report)
        self.photos = photos
        self.note, self.rendered = note, rendered

    def __getitem__(self, name: str) -> Person:
        if name not in self._people:
            raise KeyError(f"no person named {name!r}; there are {', '.join(self._people)}")
        return self._people[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._people)

    def __len__(self) -> int:
        return len(self._people)

    def __repr__(self) -> str:
        return f"People({len(self)} people, {len(self.distractors)} distractors)"
