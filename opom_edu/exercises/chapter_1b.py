"""Chapter 1b: who looks for whom?"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch

from opom_edu.exercises import classroom
from opom_edu.exercises.forms import array_of, measured
from opom_edu.exercises.verdict import Exercise

TRUE = {"b", "c", "e"}  # of the five sentences about cloaked training photos, in exercise 1b.3


def _fpir(answer: Any) -> str | None:
    draw = np.random.default_rng()
    # An odd number of searches: no share is that of the others, too.
    similarity, threshold = draw.uniform(0, 1, size=(41, 5)), float(draw.uniform(0.7, 0.9))
    given, above = float(array_of(answer, (), similarity.copy(), threshold)), similarity > threshold
    for value, hint in (
        (above.any(1).mean(), None),
        (above.mean(), "That is a share of pairs. A search raises one alarm, however many of the gallery it matches."),
        (above.any(0).mean(), "Probes are rows. This asks how many of the gallery are matched by anybody."),
        (1 - above.any(1).mean(), "That is the share of searches without an alarm."),
        (above.all(1).mean(), "One match is enough for an alarm."),
        (100 * above.any(1).mean(), "A share from 0 to 1, please."),
    ):
        if abs(given - value) < 1e-9:
            return hint
    return "For each probe, a row: is any similarity above the threshold? Then the share of such rows."


@cache
def _rate() -> tuple[float, float]:
    """In percent, strangers who raise an alarm, and pairs above the threshold."""
    people, recognizer = classroom.people(8, 104), classroom.recognizer()
    gallery = recognizer.embed(torch.cat([person.train for person in people.values()]))
    above = recognizer.embed(people.distractors) @ gallery.T > recognizer.thresholds[1e-3]
    return 100 * float(above.any(1).float().mean()), 100 * float(above.float().mean())


def _alarms(answer: Any) -> str | None:
    right, pairs = _rate()
    return measured(
        answer, right, 0.3,
        (pairs, "That is a share of pairs. How many of the strangers match any photo?"),
        (right / 100, "In percent it is a hundred times that."),
        (100 - right, "That is the share without an alarm."),
        otherwise="Similarities of people.distractors to everybody's train photos; any above thresholds[0.001]; the "
        "share, times 100.",
    )  # fmt: skip


def _holds(answer: Any) -> str | None:
    letters = list(answer)
    if not letters or not all(isinstance(letter, str) and letter in "abcde" for letter in letters) or "" in letters:
        return "A list of letters from a to e is wanted."
    if set(letters) == TRUE:
        return None
    if set(letters) < TRUE:
        return "Each of these holds. There are more."
    return "One of these does not hold. Read again what an adversary may do later, and with which photos."


EXERCISES: dict[str, Exercise] = {
    "1b.1": Exercise("write", _fpir, "With the size of the gallery this rate grows, though the recognizer stays the same."),
    "1b.2": Exercise("predict", _alarms, "A rate of one in a thousand pairs, and this many people stopped for nothing."),
    "1b.3": Exercise("criticize", _holds,
        "Whoever publishes a photo cannot change it later; whoever looks at it can change the recognizer."),
}  # fmt: skip
