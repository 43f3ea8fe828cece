"""Chapter 13: after the mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from opom_edu.exercises.forms import array_of, measured
from opom_edu.exercises.verdict import Exercise, near


def _fnir(answer: Any) -> str | None:
    """The student's function on random searches; every mistake gives another share."""
    draw = np.random.default_rng()
    own, best, outside = draw.normal(0.5, 0.2, 400), draw.normal(0.35, 0.1, 400), draw.normal(0.3, 0.1, 1000)
    threshold = np.quantile(outside, 0.9)
    given = float(array_of(answer, (), own.copy(), best.copy(), outside.copy(), 0.1))
    above, first = own > threshold, own > best
    for found, hint in (
        (above & first, None),
        (above, "Whoever is not the first one is not found either: compare with best."),
        (first, "Whoever is below the threshold is not returned."),
        (above | first, "Both are needed: above the threshold, and the first one."),
        ((own > np.quantile(outside, 0.1)) & first, "A share fpir should pass: that is the quantile 1 - fpir."),
    ):
        missed = 100 - 100 * found.mean()
        if abs(given - missed) < 0.01:
            return hint
        if abs(given - (100 - missed)) < 0.01:
            return "That is the share who are found."
        if abs(100 * given - missed) < 0.01:
            return "In percent it is a hundred times that."
    return "A threshold by np.quantile(outside, 1 - fpir); the share of searches that are not both above it and above best."


def _missed(answer: Any) -> str | None:
    return measured(
        answer, 100 * (1 - 0.95**100), 0.05,
        (500, "A share cannot pass 100 %. What is the chance that none of a hundred galleries beats it?"),
        (100, "Nearly. Compute how little is left."),
        (5, "That is for 1,000 photos."),
        (100 * 0.95**100, "That is the share who are found."),
        otherwise="It is found among 1,000 with probability 0.95. A hundred such galleries must all fail to beat it.",
    )  # fmt: skip


def _right_ones(answer: Any) -> str | None:
    right, wrong = 50 * 0.8, 9_950 * 0.01
    return near(
        answer, 100 * right / (right + wrong), 0.1,
        (100 * wrong / (right + wrong), "That is the share of the wrong ones."),
        (100 * 50 / (50 + wrong), "Of the fifty, one in five is missed."),
        (right / (right + wrong), "In percent it is a hundred times that."),
        otherwise="How many of the 50 are returned? And how many of the 9,950 make somebody else be returned?",
    )  # fmt: skip


def _last(answer: Any) -> str | None:
    return near(
        answer, 20, 0.1,
        (-20, "To move last is worth something: the sign is the other way round."),
        (60, "That is what the user reaches who moves last. Subtract what is left who moves first."),
        (40, "That is what is left to the user who moves first."),
        (70, "The adversary would not choose washing 1 against mask A's 90 %, if the user may answer."),
        otherwise="The user first: for each mask the lower PSR, then the better mask. The user last: for each washing the "
        "higher, and the adversary takes the lower of these.",
    )  # fmt: skip


EXERCISES: dict[str, Exercise] = {
    "13.1": Exercise("write", _fnir, "Both errors hang on one threshold: lower FPIR, higher FNIR."),
    "13.2": Exercise("predict", _missed, "Photos are not independent, so the measured curve rises less."),
    "13.3": Exercise("criticize", _right_ones, "FPIR counts searches for people who are not enrolled, and most are not."),
    "13.4": Exercise("compute", _last, "Minimax is never below maximin: to see the other's move cannot hurt."),
}  # fmt: skip
