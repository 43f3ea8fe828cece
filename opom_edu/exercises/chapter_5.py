"""Chapter 5: black boxes."""

from __future__ import annotations

from typing import Any

import pandas as pd

from opom_edu.exercises.verdict import Check, near
from opom_edu.masks import Mask


def _least(answer: Any, *, agreement: pd.DataFrame, surrogate: str) -> str | None:
    if answer not in agreement.columns:
        return f"The name of a recognizer is wanted, one of {', '.join(map(str, agreement.columns))}."
    if answer == surrogate:
        return "With itself everybody agrees: that is the 1 on the diagonal."
    row = agreement[surrogate].drop(surrogate)
    if row[answer] > row.min():
        return f"Its cosine is {row[answer]:.2f}, and there is a lower one."
    return None


def _black_box_rate(answer: Any, *, table: pd.DataFrame, method: str, surrogate: str) -> str | None:
    rates = table.xs(method, level="method")["psr_1"]
    with_noise = table.drop(surrogate, level="recognizer")["psr_1"]
    return near(
        answer, rates.drop(surrogate).mean(), 0.01,
        (rates.mean(), "One of these recognizers is no black box: it taught the mask."),
        (with_noise.mean(), "This averages over the noise too. Only the learned mask is asked for."),
        otherwise="A mean over some rows is wanted, in percent: the learned mask, on recognizers that did not teach it.",
    )  # fmt: skip


def _for_transfer(answer: Any, *, surrogate: str) -> str | None:
    if not isinstance(answer, Mask):
        return f"A Mask is wanted, this is a {type(answer).__name__}. A method makes one with .fit(images)."
    recipe = answer.recipe
    told = " ".join(recipe.get("transforms", ()))
    wanted = {
        "the surrogate": recipe.get("surrogate") == surrogate,
        "epsilon": abs(answer.eps - 8 / 255) < 1e-6,
        "the number of steps": recipe.get("steps") == 24,
        "momentum": recipe.get("momentum") == 1,
        "flips": "random_flip" in told,
        "input diversity": "input_diversity" in told,
    }
    wrong = [what for what, right in wanted.items() if not right]
    return f"Not as asked for: {', '.join(wrong)}. The mask's recipe tells how it was made." if wrong else None


def _correlation(answer: Any, *, agreement: pd.DataFrame, table: pd.DataFrame, method: str, surrogate: str) -> str | None:
    learned = table.xs(method, level="method")
    fall = learned["similarity_unprotected"] - learned["similarity"]
    cosines = agreement[surrogate]
    right = cosines.drop(surrogate).corr(fall.drop(surrogate))
    return near(
        answer, right, 0.005,
        (cosines.corr(fall), "The white box is among the points: it agrees with itself, and pulls the line. Leave it out."),
        (-right, "The right size with the wrong sign: a fall is what was there before, less what is left."),
        otherwise="A number from -1 to 1 is wanted, over the black boxes: cosines and falls of similarity, one each.",
    )  # fmt: skip


def _helpful(answer: Any, *, rungs: pd.DataFrame, surrogate: str) -> str | None:
    if answer not in rungs.index:
        return f"The name of a rung is wanted, one of {', '.join(map(str, rungs.index))}."
    means = rungs.drop(columns=surrogate).mean(axis=1)
    if means[answer] >= means.max():
        return None
    if answer == rungs[surrogate].idxmax():
        return "It is the best on the recognizer that you have. The question is about the others."
    return f"Its mean over the black boxes is {means[answer]:.1f} %, and there is a higher one."


CHECKS: dict[str, tuple[Check, str]] = {
    "5.1": (_least, "Now look up how a mask learned on the one does on the other."),
    "5.2": (_black_box_rate, "Hold it against the white box: that is the price of not knowing the target."),
    "5.3": (_for_transfer, "Try it: does it reach further than the one without, and what did the white box lose?"),
    "5.4": (_correlation, "Six points from one person are little evidence. How would you test it on more?"),
    "5.5": (_helpful, "Chosen and measured on the same three people: on others, expect less."),
}
