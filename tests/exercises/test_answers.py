"""Every check meets at least two right answers, in different forms, and at least six wrong ones of its own."""

from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from opom_edu.exercises import CHAPTERS, EXERCISES, check

# What no exercise asks for.
ANYTHING: list[Any] = [
    None, float("nan"), float("inf"), "", "no such name", [], {}, object(), torch.full((3, 112, 112), float("nan")),
    np.array([]), pd.DataFrame(), lambda *anything: None, b"bytes", True,
]  # fmt: skip


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_checks_know_right_from_wrong(chapter: str) -> None:
    """Each chapter's ``answers()`` gives, by exercise, the right answers and the wrong ones."""
    answers = import_module(f"tests.exercises.chapter_{chapter}").answers()
    assert set(answers) == {name for name in EXERCISES if name.split(".")[0] == chapter}
    for name, (right, wrong) in answers.items():
        assert len(right) >= 2, f"{name} has too few right answers"
        assert len(wrong) >= 6, f"{name} has too few wrong answers"
        assert [str(one)[:80] for one in right if not check(name, one).right] == [], f"{name} refuses a right answer"
        accepted = [str(one)[:80] for one in [*wrong, *ANYTHING, ...] if check(name, one).right]
        assert accepted == [], f"{name} accepts a wrong answer"
        assert all(len(check(name, one).text) > 10 for one in wrong), f"{name} has no hint"


def test_an_unknown_exercise_lists_the_choices() -> None:
    with pytest.raises(ValueError, match=r"unknown exercise '99\.1'; choose one of 0\.1"):
        check("99.1", 1)


def test_few_exercises_look_something_up() -> None:
    kinds = [exercise.kind for exercise in EXERCISES.values()]
    assert kinds.count("look up") * 5 <= len(kinds)
    for chapter in CHAPTERS:
        mine = {exercise.kind for name, exercise in EXERCISES.items() if name.split(".")[0] == chapter}
        assert {"write", "predict", "criticize"} <= mine or chapter == "1b", f"chapter {chapter} lacks a kind: {mine}"
