"""What checks compute the truth from: the chapters' own people, recognizers and masks, each made once."""

from __future__ import annotations

from functools import cache
from typing import Any

from opom_edu.faces import People, Person, load_people
from opom_edu.masks import OPOM, Mask
from opom_edu.recognizers import SURROGATE, Recognizer, load_recognizer


@cache
def people(count: int = 24, distractors: int = 500) -> People:
    """The packaged people, as a chapter loads them."""
    return load_people("synthetic", count=count, distractors=distractors)


def person(name: str = "Ada") -> Person:
    """One of the packaged people."""
    return people()[name]


@cache
def recognizer(name: str = SURROGATE) -> Recognizer:
    """A recognizer of the zoo, loaded once."""
    return load_recognizer(name)


@cache
def learned(name: str = "Ada", surrogate: str = SURROGATE, **recipe: Any) -> Mask:
    """The mask that ``OPOM(surrogate, **recipe)`` learns of a person's training photos."""
    return OPOM(recognizer(surrogate), **recipe).fit(person(name).train)
