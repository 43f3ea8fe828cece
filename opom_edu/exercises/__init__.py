"""Checks of the notebooks' exercises: they say whether an answer is right, and hint without giving it away."""

from __future__ import annotations

from typing import Any

from opom_edu.exercises import (
    chapter_0,
    chapter_1,
    chapter_2,
    chapter_3,
    chapter_4,
    chapter_5,
    chapter_6,
    chapter_7,
    chapter_8,
    chapter_9,
    chapter_10,
    chapter_11,
)
from opom_edu.exercises.verdict import Check, Verdict

# By the chapter's number, then the exercise's: its check, and the praise for a right answer.
CHECKS: dict[str, tuple[Check, str]] = {
    **chapter_0.CHECKS,
    **chapter_1.CHECKS,
    **chapter_2.CHECKS,
    **chapter_3.CHECKS,
    **chapter_4.CHECKS,
    **chapter_5.CHECKS,
    **chapter_6.CHECKS,
    **chapter_7.CHECKS,
    **chapter_8.CHECKS,
    **chapter_9.CHECKS,
    **chapter_10.CHECKS,
    **chapter_11.CHECKS,
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
