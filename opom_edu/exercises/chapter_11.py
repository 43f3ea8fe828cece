"""Chapter 11: reproduce the paper."""

from __future__ import annotations

from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t

from opom_edu.exercises.forms import array_of, measured
from opom_edu.exercises.verdict import Exercise, near
from opom_edu.experiments.paper import PUBLISHED


def _means(answer: Any) -> str | None:
    """The student's function on made-up rates, in which every mistake gives another number."""
    draw = np.random.default_rng()
    boxes, people = ("a", "b", "c"), range(6)
    rows = pd.DataFrame(
        [(box, who, box == "a", draw.uniform(0, 100)) for box in boxes for who in people],
        columns=["recognizer", "person", "white_box", "psr_1"],
    ).sample(frac=1, random_state=1)
    rows = rows.drop(rows[rows["recognizer"] == "c"].index[:3])  # not everybody was tried on every recognizer
    by = rows.groupby("recognizer")["psr_1"].mean()
    given = float(array_of(answer, (), rows.copy()))
    for value, hint in (
        (by[["b", "c"]].mean(), None),
        (by.mean(), "The white box is among them: leave the rows with white_box out."),
        (rows["psr_1"].mean(), "Leave the rows with white_box out, and let every recognizer count alike."),
        (
            rows[~rows["white_box"]]["psr_1"].mean(),
            "A recognizer with more rows counts more here. First a mean for each, then their mean.",
        ),
    ):
        if abs(given - value) < 1e-6:
            return hint
    return "Leave out the white box, take the mean for each recognizer, then the mean of these."


def _enough(answer: Any) -> str | None:
    half = {count: float(t.ppf(0.975, count - 1)) * 20 / count**0.5 for count in range(2, 200)}
    right = min(count for count, width in half.items() if width <= 5)
    return measured(
        answer, right, 0.1,
        (np.ceil((1.96 * 20 / 5) ** 2), "With 1.96 the interval is a little too narrow: take the t quantile for count - 1."),
        (next(count for count in half if half[count] <= 10),
            "That is the whole width. To each side, five points are wanted."),
        otherwise="Try numbers of people in a loop: t.ppf(0.975, count - 1) * 20 / count ** 0.5, the first that is at "
        "most 5.",
    )  # fmt: skip


def _by_chance(answer: Any) -> str | None:
    right = 100 * (1 - 0.95**12)
    return near(
        answer, right, 0.5,
        (right / 100, "In percent it is a hundred times that."),
        (60.0, "Chances do not add up: with 24 claims that would be more than certain."),
        (5.0, "That is the chance for one claim."),
        (100 - right, "That is the chance that none does."),
        otherwise="The chance that one interval holds 0, as it should, is 0.95. That all twelve do? And that at least one "
        "does not?",
    )  # fmt: skip


def _paper(answer: Any) -> str | None:
    common, celebrity = (fmean(PUBLISHED[regime][1]) for regime in ("common", "celebrity"))
    right = common - celebrity
    return near(
        answer, right, 0.1,
        (-right, "The difference is the wrong way round."),
        (right / 100, "Percentage points are wanted, not shares."),
        otherwise="Average each of the two rows of the paper over its columns, then subtract.",
    )  # fmt: skip


def _anew(answer: Any) -> str | None:
    return near(
        answer, 16, 0.1,
        (36, "That is the whole new grid. Finished cells are read from their files."),
        (20, "That is the old grid."),
        (2, "For both kinds of people, and each surrogate with each method."),
        otherwise="Multiply for the new grid, and subtract the cells that are there.",
    )  # fmt: skip


EXERCISES: dict[str, Exercise] = {
    "11.1": Exercise("write", _means, "A table that averages the white box in flatters every method."),
    "11.2": Exercise("predict", _enough, "Four times the people halve the interval. The large run has 500."),
    "11.3": Exercise("criticize", _by_chance,
        "With many claims, ask more of each: 99.6 % intervals for twelve, says Bonferroni."),
    "11.4": Exercise("look up", _paper, "In the paper celebrities are harder to protect. Compare the sign, not the size."),
    "11.5": Exercise("compute", _anew, "A grid whose cells have files of their own grows at the price of its new cells."),
}  # fmt: skip
