"""Chapter 0: embeddings, masks, thresholds."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cosine_similarity

from opom_edu.exercises import classroom
from opom_edu.exercises.forms import array_of, measured
from opom_edu.exercises.verdict import Exercise, one_of
from opom_edu.masks import Mask
from opom_edu.recognizers import BLACK_BOXES, SURROGATE

QUICK = tuple(name for name in BLACK_BOXES if name != "dlib")
FMR = 1e-2


def _cosine(answer: Any) -> str | None:
    a, b = np.random.default_rng().normal(size=(2, 6))
    given, right = float(array_of(answer, (), a.copy(), b.copy())), float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    for value, hint in (
        (right, None),
        (float(a @ b), "These vectors have other lengths than 1. Divide by both lengths."),
        (float(np.arccos(right)), "That is the angle. Its cosine is wanted."),
        (float(np.linalg.norm(a - b)), "That is a distance. The cosine of the angle is wanted."),
        (float(a @ b / np.linalg.norm(a)), "Divide by the length of the other one, too."),
    ):
        if abs(given - value) < 1e-6:
            return hint
    return "The sum of the products, divided by the product of the lengths."


def _noise(answer: Any) -> str | None:
    mask = classroom.learned()
    delta = torch.as_tensor(answer.delta if isinstance(answer, Mask) else answer).float()
    if delta.shape != mask.delta.shape:
        return f"A change for every value of a photo is wanted, {tuple(mask.delta.shape)}; this has {tuple(delta.shape)}."
    levels = 255 * float(delta.abs().max())
    if not np.isfinite(levels) or levels > 8.01:
        return f"Some value moves by {levels:.2f} levels; the mask moves none by more than 8."
    if 255 * float(delta.abs().mean()) < 3.2:
        return "Too small for a fair comparison: most of its values hardly move."
    alike = float(cosine_similarity(delta.flatten(), mask.delta.flatten(), 0))
    if abs(alike) > 0.05:
        return f"This is not random: its cosine with the learned mask is {alike:.2f}."
    if 255 * float(delta.flatten(1).std(1).min()) < 1:
        return "All pixels move alike: that is another brightness or color, not noise."
    return None


@cache
def _similarity(name: str, levels: int, clipped: bool = False) -> float:
    """Of Ada's first test photo, masked, to her second, bare."""
    ada, recognizer = classroom.person(), classroom.recognizer(name)
    mask = classroom.learned() if clipped else classroom.learned(eps=levels / 255)
    masked = mask.apply(ada.test[:1], eps=levels / 255)
    return float(recognizer.embed(masked) @ recognizer.embed(ada.test[1:2]).T)


def _level(answer: Any) -> str | None:
    threshold = classroom.recognizer().thresholds[FMR]
    right = next(level for level in range(9) if _similarity(SURROGATE, level, True) <= threshold)
    hint = measured(
        answer, right, 0.01,
        (right - 1, "At this level it is still a match."),
        (right + 1, "No match, right; but a smaller level does it, too."),
        (right / 255, "In gray levels of 255, please."),
        otherwise="Try the levels 0 to 8 in a loop: embed the masked photo, and compare the similarity with the threshold.",
    )  # fmt: skip
    return hint


def _still(answer: Any) -> str | None:
    if isinstance(answer, str):
        return "A list of names is wanted."
    given = list(answer)
    for name in given:
        if hint := one_of(name, QUICK, "a black box"):
            return hint
    right = {name for name in QUICK if _similarity(name, 4) > classroom.recognizer(name).thresholds[FMR]}
    if set(given) == right:
        return None
    if not given:
        return "There is one at least. Compare each black box's similarity with its own threshold."
    if set(given) < right:
        return "Each of these still matches. There are more."
    return "One of these does not match. Each recognizer has a threshold of its own: recognizer.thresholds[0.01]."


EXERCISES: dict[str, Exercise] = {
    "0.1": Exercise("write", _cosine, "Embeddings have length 1 already, so for them the sum of the products is enough."),
    "0.2": Exercise("write", _noise, "As large as the mask and as visible: now compare what the two do."),
    "0.3": Exercise("predict", _level, "For this pair, on this recognizer. Another pair, another level."),
    "0.4": Exercise("criticize", _still, "The white box is the easy case. Never stop there."),
}  # fmt: skip
