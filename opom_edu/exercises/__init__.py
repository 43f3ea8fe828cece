"""Checks of the notebooks' exercises: they say whether an answer is right, and hint without giving it away.

A check computes the truth anew from the packaged people and recognizers (``classroom``). It is handed the answer alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from opom_edu.exercises.verdict import Exercise, Verdict

CHAPTERS = ("0", "1", "1b", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13")
# By the name that the notebook gives the exercise: the chapter's, a dot, a number.
EXERCISES: dict[str, Exercise] = {
    name: exercise
    for chapter in CHAPTERS
    for name, exercise in import_module(f"opom_edu.exercises.chapter_{chapter}").EXERCISES.items()
}
__all__ = ["EXERCISES", "Exercise", "Verdict", "check"]


def check(exercise: str, answer: Any, **given: Any) -> Verdict:
    """Check the answer to an exercise.

    Args:
        exercise: its name, as the notebook writes it.
        answer: what was found; the blank ``...`` is never right.
        given: what the exercise started from. It may be said, and is not used.

    Raises:
        ValueError: for an unknown exercise; the message lists the choices.

    Example:
        >>> check("1.4", ...).right
        False
    """
    if exercise not in EXERCISES:
        raise ValueError(f"unknown exercise {exercise!r}; choose one of {', '.join(EXERCISES)}")
    if answer is ...:
        return Verdict(False, "Put your answer in place of the three dots, run that cell, then this one.")
    _, test, praise = EXERCISES[exercise]
    try:
        hint = test(answer)
    except Exception as error:  # an answer may be anything, and its own code may fail
        hint = f"The check cannot read this answer: {error}"
    return Verdict(hint is None, praise if hint is None else hint)
