"""Checks of the notebooks' exercises: they say whether an answer is right, and hint without giving it away."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from opom_edu.exercises.verdict import Check, Verdict

CHAPTERS = 12
# By the chapter's number, then the exercise's: its check, and the praise for a right answer.
CHECKS: dict[str, tuple[Check, str]] = {
    name: check
    for number in range(CHAPTERS)
    for name, check in import_module(f"opom_edu.exercises.chapter_{number}").CHECKS.items()
}

__all__ = ["CHECKS", "Verdict", "check"]


def check(exercise: str, answer: Any, **given: Any) -> Verdict:
    """Check the answer to an exercise.

    Args:
        exercise: its name, as the notebook writes it.
        answer: what was found; the blank ``...`` is never right.
        given: what the exercise started from.

    Raises:
        ValueError: for an unknown exercise; the message lists the choices.

    Example:
        >>> check("1.4", 1 - 0.9 ** (1 / 1000)).right
        False
    """
    if exercise not in CHECKS:
        raise ValueError(f"unknown exercise {exercise!r}; choose one of {', '.join(CHECKS)}")
    if answer is ...:
        return Verdict(False, "Put your answer in place of the three dots, run that cell, then this one.")
    test, praise = CHECKS[exercise]
    try:
        hint = test(answer, **given)
    except (TypeError, ValueError) as error:
        hint = f"The check cannot read this answer: {error}"
    return Verdict(hint is None, praise if hint is None else hint)
