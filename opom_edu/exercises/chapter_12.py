"""Chapter 12: who is protected less?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t

from opom_edu.evaluation.groups import corrected
from opom_edu.exercises.forms import array_of, measured
from opom_edu.exercises.verdict import Exercise, near


def _holm(answer: Any) -> str | None:
    """The student's function on p-values of which some tie after correction, and some pass 1."""
    p = np.random.default_rng().permutation([0.001, 0.004, 0.0041, 0.012, 0.013, 0.2, 0.6, 0.9])
    given = array_of(answer, p.shape, p.copy())
    order = np.argsort(p)
    steps = p[order] * (len(p) - np.arange(len(p)))
    raw, late = np.empty_like(p), np.empty_like(p)
    raw[order], late[order] = np.minimum(1, steps), np.maximum.accumulate(steps)
    for value, hint in (
        (corrected(pd.DataFrame({"p": p}))["corrected"], None),
        (
            np.minimum(1, len(p) * p),
            "That is Bonferroni's: all are multiplied by their number. The next smallest has one fewer.",
        ),
        (raw, "A corrected p may not be below the one of a smaller p: take the largest so far."),
        (late, "A p-value is at most 1."),
        (np.sort(late.clip(max=1)), "They are sorted. Give them back in the order in which they came."),
    ):
        if np.allclose(given, value):
            return hint
    return "Sort; multiply the smallest by m, the next by m - 1; take the largest so far, at most 1; put them back in order."


def _wider(answer: Any) -> str | None:
    few, many = (float(t.ppf(0.975, count - 1)) / count**0.5 for count in (25, 100))
    return measured(
        answer, few / many, 0.005,
        (2.0, "Nearly: that is the square root of 4. With fewer people the t quantile is larger, too."),
        (4.0, "The width falls with the square root of the number."),
        (many / few, "The group is the smaller one, so its interval is wider."),
        otherwise="Divide the half width for 25 by that for 100; the spread is the same and cancels.",
    )  # fmt: skip


def _hair(answer: Any) -> str | None:
    return near(
        answer, -2, 0.1,
        (7, "That is the difference of all. Compare within one column of the table."),
        (2, "It is the other way round: dark less light."),
        otherwise="Take dark less light among people with long hair, and among those with short hair.",
    )  # fmt: skip


def _made_fail(answer: Any) -> str | None:
    right = 100 * 35 / 75
    return near(
        answer, right, 0.1,
        (60, "That counts what fails without a mask, too."),
        (35, "Those are points of all searches. Of how many can the mask make any fail?"),
        (right / 100, "In percent it is a hundred times that."),
        otherwise="Of 100 searches, how many succeed without a mask? How many of these fail with it?",
    )  # fmt: skip


def _differences(answer: Any) -> str | None:
    psr = np.array([80.0, 86.0, 71.0])
    given = array_of(lambda: answer, (3,))
    if np.allclose(given, psr - (psr.sum() - psr) / 2, atol=0.05):
        return None
    if np.allclose(given, psr - psr.mean(), atol=0.05):
        return "Each is compared with the other two, not with the mean of all three."
    if np.allclose(given, (psr.sum() - psr) / 2 - psr, atol=0.05):
        return "The sign is the other way round: this skin less the others."
    return "For each: this one less the mean of the other two."


EXERCISES: dict[str, Exercise] = {
    "12.1": Exercise("write", _holm, "Holm's is never weaker than Bonferroni's, and asks for nothing more."),
    "12.2": Exercise("predict", _wider, "A quarter of the people, somewhat more than twice the width."),
    "12.3": Exercise(
        "criticize", _hair, "Among people with the same hair dark skin is worse off. This is Simpson's paradox."
    ),
    "12.4": Exercise("compute", _made_fail, "Where a recognizer is bad, a PSR flatters the mask."),
    "12.5": Exercise("compute", _differences, "They add up to zero: three comparisons, of which two are free."),
}
