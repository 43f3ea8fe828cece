"""Person and People: what every other part of the library passes around."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from opom_edu.errors import PeopleError
from opom_edu.faces.images import check_images

if TYPE_CHECKING:
    import pandas as pd


CHOICES = "synthetic, folder:PATH, lfw, olivetti or opom:PATH"


@dataclass(frozen=True, eq=False)
class Person:
    """One person's photos: ``train (K, 3, H, W)`` to learn a mask from, ``test (N, 3, H, W)`` to see whether it protects."""

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
    ``note``: what a report should say of them.
    """

    def __init__(
        self, people: Sequence[Person], distractors: Tensor | None = None, report: Sequence[str] = (),
        photos: pd.DataFrame | None = None, note: str = "",
    ) -> None:  # fmt: skip
        if not people:
            raise PeopleError("no people were given")
        self._people = {person.name: person for person in people}
        if len(self._people) < len(people):
            raise PeopleError("two people have the same name")
        shape = people[0].train.shape[1:]
        self.distractors = torch.empty(0, *shape) if distractors is None else check_images(distractors, name="distractors")
        self.report = tuple(report)
        self.photos = photos
        self.note = note

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


def load_people(source: str, **options: Any) -> People:
    """Load people from a source.

    Args:
        source: "synthetic", people who do not exist (see :func:`opom_edu.faces.synthetic.synthetic_people` for the options);
            "folder:PATH", a folder with one sub-folder of aligned crops per person
            (see :func:`opom_edu.faces.folders.people_from_folder`); or public faces, "lfw", "olivetti" and "opom:PATH", the
            layout of the OPOM release (see :mod:`opom_edu.faces.public`).

    Raises:
        PeopleError: for an unknown source (the message lists the choices) or one that does not hold two usable people.
    """
    kind, _, path = str(source).partition(":")
    if kind == "synthetic" and not path:
        from opom_edu.faces.synthetic import synthetic_people

        return synthetic_people(**options)
    if kind == "folder" and path:
        from opom_edu.faces.folders import people_from_folder

        return people_from_folder(path, **options)
    if kind in ("lfw", "olivetti", "opom") and bool(path) == (kind == "opom"):
        from opom_edu.faces import public

        if kind == "opom":
            return public.people_from_opom(path, **options)
        return public.people_from_lfw(**options) if kind == "lfw" else public.people_from_olivetti(**options)
    hint = f"; did you mean folder:{source}?" if Path(source).is_dir() else ""
    raise PeopleError(f"unknown source of people {str(source)!r}; choose {CHOICES}{hint}")
