"""Chapter 7: how many photos?"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy.stats import t

from opom_edu.exercises import classroom
from opom_edu.exercises.forms import array_of, measured
from opom_edu.exercises.verdict import Exercise
from opom_edu.hulls import ConvexHull


def _interval(answer: Any) -> str | None:
    rates = np.random.default_rng().uniform(20, 80, size=5)
    low, high = array_of(answer, (2,), rates.tolist())
    error = float(rates.std(ddof=1) / np.sqrt(len(rates)))
    if abs((low + high) / 2 - rates.mean()) > 0.01 * error:
        return "The interval lies around the mean of the rates, as far to both sides, the lower end first."
    half, tails = (high - low) / 2 / error, {c: float(t.ppf((1 + c) / 2, 4)) for c in (0.9, 0.95, 0.99)}
    for value, hint in (
        (tails[0.95], None),
        (1.96, "1.96 is for many people. For five, take the t quantile with four degrees of freedom."),
        (tails[0.9], "This is the 90 % interval: leave 2.5 % on each side."),
        (tails[0.99], "This is the 99 % interval: leave 2.5 % on each side."),
        (float(t.ppf(0.975, 5)), "The degrees of freedom are one less than the number of people."),
        (tails[0.95] * np.sqrt(4 / 5), "The standard deviation divides by n - 1, not by n."),
        (tails[0.95] * np.sqrt(5), "This is about single people; for their mean, divide by the root of their number."),
    ):
        if abs(half - value) < 0.005:
            return hint
    return "Mean plus and minus t.ppf(0.975, n - 1) times the standard deviation (n - 1) over the root of n."


def _same(answer: Any) -> str | None:
    names = {answer} if isinstance(answer, str) else set(answer)
    if unknown := names - {"affine", "convex", "reduced"}:
        return f"Unknown: {', '.join(map(str, unknown))}. Choose among affine, convex and reduced."
    if names == {"affine", "convex", "reduced"}:
        return None
    return "There are more. Weights that sum to one, and only one photo to give them to: what is left to choose?"


@cache
def _distance(count: int) -> float:
    ada, surrogate = classroom.person(), classroom.recognizer()
    return float(ConvexHull(surrogate.embed(ada.train[:count])).distance(surrogate.embed(ada.test)).mean())


def _left(answer: Any) -> str | None:
    right = 100 * _distance(10) / _distance(1)
    return measured(
        answer, right, 0.3,
        (100 - right, "That is the share by which it shrinks; the share that is left is wanted."),
        (right / 100, "In percent it is a hundred times that."),
        (1e4 / right, "The ratio is upside down."),
        otherwise="Mean distance of ada.test to the hull of ten training photos, over that to the hull of one, times 100.",
    )  # fmt: skip


def _one_thing(answer: Any) -> str | None:
    """Whether the student's function varies one parameter and leaves the others alone."""
    draw = np.random.default_rng()
    base = {"steps": int(draw.integers(9, 99)), "eps": float(draw.uniform(0, 0.1)), "warmup": int(draw.integers(9))}
    before, name = dict(base), str(draw.choice(list(base)))
    values = [base[name] + 1, base[name] + 2, base[name] + 4]
    if not callable(answer):
        return "A function is wanted, without the parentheses behind its name."
    found = [dict(each) for each in answer(base, name, values)]
    if base != before:
        return "The base settings have changed: copy them before you change one."
    wanted = [{**before, name: value} for value in values]
    if found == wanted:
        return None
    if len(found) != len(wanted):
        return "One setting for each value is wanted."
    return "Each setting is the base with one entry changed; the others stay, and the values keep their order."


EXERCISES: dict[str, Exercise] = {
    "7.1": Exercise("write", _interval, "With so few people the interval is wide, and that is the honest answer."),
    "7.2": Exercise("criticize", _same,
        "One photo is one point, whatever is built on it: hulls differ from the second photo on."),
    "7.3": Exercise("predict", _left, "What remains is what ten photos do not show: other poses, other light, other days."),
    "7.4": Exercise("write", _one_thing, "Change two things at once, and nobody knows which of them did it."),
}  # fmt: skip
