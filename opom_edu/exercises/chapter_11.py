"""Chapter 11: reproduce the paper."""

from __future__ import annotations

from typing import Any

import pandas as pd

from opom_edu.exercises.verdict import Check, near

CONVEX = "OPOM convex"


def _best(answer: Any, *, table: pd.DataFrame) -> str | None:
    means = table["mean"].xs(("common", "ir-softmax"), level=("regime", "surrogate"))
    if not isinstance(answer, str) or answer not in means.index:
        return f"The name of a method is wanted: {', '.join(means.index)}."
    if means[answer] == means.max():
        return None
    return "Another method has a higher mean over the black boxes. Look at common people and ir-softmax alone."


def _points(value: Any, right: float, hint: str) -> str | None:
    """Whether a difference in percentage points is right to 0.1."""
    shares = abs(100 * float(value) - right) < 0.1
    wrong_way = (-right, "The difference is the wrong way round.")
    return near(value, right, 0.1, wrong_way, otherwise="Percentage points are wanted, not shares." if shares else hint)


def _white(answer: Any, *, table: pd.DataFrame) -> str | None:
    row = table.loc[("common", "ir-softmax", CONVEX)]
    hint = "Take the rate on ir-softmax itself, and subtract the column mean, which leaves the white box out."
    return _points(answer, row["ir-softmax"] - row["mean"], hint)


def _celebrity(answer: Any, *, table: pd.DataFrame) -> str | None:
    means = table["mean"].xs(CONVEX, level="method").groupby("regime").mean()
    hint = f"Average the column mean of {CONVEX} over both surrogates, once for each kind of people."
    return _points(answer, means["common"] - means["celebrity"], hint)


def _paper(answer: Any, *, beside: pd.DataFrame) -> str | None:
    means = beside.mean(axis=1)
    hint = "Average each of the two rows of the paper over its columns, then subtract."
    return _points(answer, means["paper, Privacy-Commons"] - means["paper, Privacy-Celebrities"], hint)


CHECKS: dict[str, tuple[Check, str]] = {
    "11.1": (_best, "Whether it is the best for other people too is what the intervals are for."),
    "11.2": (_white, "A table that averages the white box in flatters every method."),
    "11.3": (_celebrity, "A few people decide this difference here: a larger run may turn it round."),
    "11.4": (_paper, "In the paper celebrities are harder to protect. Compare the sign, not the size."),
}
