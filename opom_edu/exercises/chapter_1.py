"""Chapter 1: faces, embeddings, galleries, thresholds."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from opom_edu.evaluation import roc
from opom_edu.exercises import classroom
from opom_edu.exercises.forms import array_of, measured
from opom_edu.exercises.verdict import Exercise, near, number
from opom_edu.lessons.pairs import PairModel


def _pairs(answer: Any) -> str | None:
    names = ["Ada", "Bea", "Ada", "Cem", "Bea", "Ada"]
    similarity = np.random.default_rng().uniform(-1, 1, size=(6, 6))
    similarity = (similarity + similarity.T) / 2
    if not callable(answer):
        return "A function is wanted, without the parentheses behind its name."
    found = answer(similarity.copy(), list(names))
    genuine, impostor = (sorted(number(value) for value in part) for part in found)
    pairs = [(i, j) for i in range(6) for j in range(i)]
    wanted = [sorted(similarity[i, j] for i, j in pairs if (names[i] == names[j]) is same) for same in (True, False)]
    counts = [len(genuine), len(impostor)]
    if counts == list(map(len, wanted)) and all(
        np.allclose(*both) for both in zip((genuine, impostor), wanted, strict=True)
    ):
        return None
    if len(genuine) == len(wanted[1]) and len(impostor) == len(wanted[0]):
        return "The two lists are the other way round: genuine pairs, of one person, come first."
    if len(genuine) + len(impostor) == 36 or len(genuine) == len(wanted[0]) + 6:
        return "A photo compared with itself says nothing: leave the diagonal out."
    if len(genuine) + len(impostor) == 30:
        return "Every pair counts once: the table is a mirror of itself."
    return (
        f"Six photos make {len(wanted[0])} genuine and {len(wanted[1])} impostor pairs; these are {len(genuine)} and "
        f"{len(impostor)}."
    )


def _threshold(answer: Any) -> str | None:
    draw = np.random.default_rng()
    impostor, fmr = draw.normal(0.1, 0.2, size=997), float(draw.choice([0.01, 0.02, 0.05]))
    line = float(array_of(answer, (), impostor.copy(), fmr))
    above, allowed = int((impostor > line).sum()), int(fmr * len(impostor))
    if above > allowed:
        return f"{above} of {len(impostor)} pairs lie above this threshold; {allowed} are allowed."
    if above < allowed:
        return (
            f"Strict enough, but {allowed} of {len(impostor)} pairs may lie above it, and only {above} do: a lower one "
            "accepts more."
        )
    return None


@cache
def _equal() -> float:
    pairs = PairModel.of(classroom.recognizer(), classroom.people(8, 104))
    curve = roc(pairs.genuine, pairs.impostor)
    at = (curve["fmr"] - (1 - curve["tar"])).abs().idxmin()
    return 100 * float((curve["fmr"][at] + 1 - curve["tar"][at]) / 2)


def _balance(answer: Any) -> str | None:
    right = _equal()
    return measured(
        answer, right, 0.15,
        (right / 100, "In percent it is a hundred times that."),
        (100 - right, "That is the share of right answers. The two mistakes are asked for."),
        otherwise="Try thresholds in a loop: the share of pairs.impostor above, the share of pairs.genuine not above; "
        "where they meet.",
    )  # fmt: skip


def _alarms(answer: Any) -> str | None:
    false = 1 - 0.999**1000
    right = 100 * 0.01 * 0.98 / (0.01 * 0.98 + 0.99 * false)
    return near(
        answer, right, 0.05,
        (right / 100, "In percent it is a hundred times that."),
        (100 - right, "That is the share of false alarms."),
        (99.9, "That is the claim. Count alarms, not pairs."),
        (98.0, "That is how many of those who are listed raise an alarm. Of the alarms, how many are theirs?"),
        (100 * 0.0098 / (0.0098 + 0.99 * 0.001), "A search makes a thousand comparisons, not one."),
        otherwise="Of 100 searches, one is of a listed person and 99 are not. How many alarms does each kind raise? Divide.",
    )  # fmt: skip


def _allowed(answer: Any) -> str | None:
    value, right = number(answer), 1 - 0.9 ** (1 / 1000)
    if abs(value - right) <= 0.02 * right:
        return None
    if not 0 < value < 1:
        return "A share between 0 and 1 is wanted."
    if abs(value - 1e-4) <= 1e-7:
        return "A good approximation while the result is small, but it counts a search with two false matches twice."
    return f"With this rate, {100 * (1 - (1 - value) ** 1000):.2g} % of the searches match a stranger."


EXERCISES: dict[str, Exercise] = {
    "1.1": Exercise("write", _pairs, "Every rate of this course is a share of one of these two lists."),
    "1.2": Exercise("write", _threshold, "Found on some people; what it does on others is what counts."),
    "1.3": Exercise("predict", _balance, "One number for a whole ROC; who must not let strangers in works far left of it."),
    "1.4": Exercise("criticize", _alarms, "When few of those who are searched are listed, most alarms are false."),
    "1.5": Exercise("compute", _allowed, "A thousand strangers ask for one in ten thousand. What would a million ask for?"),
}  # fmt: skip
