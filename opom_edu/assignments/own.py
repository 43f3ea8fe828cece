"""What is a student's own: two people whom nobody else has, strangers, and settings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from opom_edu.assignments.roster import PEOPLE, Student
from opom_edu.errors import OpomError
from opom_edu.faces import Person, load_people
from opom_edu.faces.images import as_floats
from opom_edu.faces.synthetic import render_people
from opom_edu.files import replacing
from opom_edu.recognizers import BLACK_BOXES

TRAIN, TEST, STRANGERS = 8, 6, 60  # photos of each of the two; strangers with one photo each
CHOICES = {
    "levels": (4, 6, 8, 10),
    "rate": (1, 2, 5),
    "photo": range(TEST),
}  # of epsilon; in percent; number of a test photo


@dataclass(frozen=True, eq=False)
class Own:
    """A student's own data.

    Attributes:
        student: the id.
        anna, ben: the two people, with 8 training and 6 test photos.
        strangers: ``(60, 3, 112, 112)``.
        levels: epsilon in gray levels.
        rate: a false-match rate in percent.
        photo: number of a test photo.
        judge: name of a black box.

    Example:
        >>> from opom_edu.assignments.roster import student_of
        >>> made = own_people([student_of("7", "Ada", b"secret")])[0]
        >>> made.anna, made.strangers.shape, made.judge
        (Person('Anna', 8 training and 6 test photos), torch.Size([60, 3, 112, 112]), 'mobilefacenet-softmax')
    """

    student: str
    images: Tensor
    levels: int
    rate: int
    photo: int
    judge: str

    @cached_property
    def anna(self) -> Person:
        return self._person("Anna", 0)

    @cached_property
    def ben(self) -> Person:
        return self._person("Ben", TRAIN + TEST)

    @cached_property
    def strangers(self) -> Tensor:
        return as_floats(self.images[PEOPLE * (TRAIN + TEST) :].numpy())

    def _person(self, name: str, first: int) -> Person:
        photos = as_floats(self.images[first : first + TRAIN + TEST].numpy())
        return Person(name, photos[:TRAIN], photos[TRAIN:])

    def save(self, file: Path) -> None:
        """Write all of it as safetensors, whole or not at all."""
        about = json.dumps({name: getattr(self, name) for name in ("student", "levels", "rate", "photo", "judge")})
        with replacing(file) as temporary:  # under a single key: several are written in an order that changes
            temporary.write_bytes(save({"images": self.images}, {"own": about}))


def own_people(students: Sequence[Student]) -> list[Own]:
    """Everybody's own data; the people are rendered, all at once.

    Example:
        >>> own_people([])
        []
    """
    if not students:
        return []
    seeds = [student.seed + number for student in students for number in range(PEOPLE)]
    rendered = torch.from_numpy(np.asarray(render_people(seeds, TRAIN + TEST).images[:]))
    crowd = load_people("synthetic", count=1, distractors=500).distractors
    parts = []
    for student, images in zip(students, rendered.split(PEOPLE * (TRAIN + TEST)), strict=True):
        draw = np.random.default_rng(student.seed)
        chosen = torch.from_numpy(draw.permutation(len(crowd))[:STRANGERS])
        strangers = (crowd[chosen] * 255).round().byte().permute(0, 2, 3, 1)
        settings = {name: int(draw.choice(list(choices))) for name, choices in CHOICES.items()}
        judge = str(draw.choice([name for name in BLACK_BOXES if name != "dlib"]))
        parts.append(Own(student.id, torch.cat([images, strangers]).contiguous(), judge=judge, **settings))
    return parts


def read_own(file: Path) -> Own:
    """What :meth:`Own.save` wrote.

    Raises:
        OpomError: if the file is missing or damaged.

    Example:
        >>> from opom_edu.assignments.roster import student_of
        >>> own_people([student_of("7", "Ada", b"secret")])[0].save(folder / "people.safetensors")
        >>> read_own(folder / "people.safetensors").student
        '7'
    """
    try:
        with safe_open(file, "pt") as opened:
            return Own(images=opened.get_tensor("images"), **json.loads(opened.metadata()["own"]))
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise OpomError(f"{file} is missing or damaged ({error}); ask for the assignment again") from error
