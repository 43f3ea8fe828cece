"""Chapter 5: black boxes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cosine_similarity

from opom_edu.evaluation import protection
from opom_edu.exercises import classroom
from opom_edu.exercises.forms import array_of, measured
from opom_edu.exercises.verdict import Exercise, near, one_of
from opom_edu.faces import People
from opom_edu.lessons.agreement import gradient_agreement
from opom_edu.masks import OPOM
from opom_edu.recognizers import BLACK_BOXES, SURROGATE, Recognizer

QUICK = tuple(name for name in BLACK_BOXES if name != "dlib")
MATRIX = ((99.0, 60.0, 30.0), (40.0, 98.0, 46.0), (35.0, 20.0, 99.0))  # made up, for exercise 5.5


def _margin(answer: Any) -> str | None:
    draw = np.random.default_rng()
    cosine, margin, scale = draw.uniform(-0.5, 0.95), draw.uniform(0.2, 0.5), draw.uniform(16, 64)
    angle = np.arccos(cosine)
    given = float(array_of(answer, (), cosine, margin, scale))
    for value, hint in (
        (scale * np.cos(angle + margin), None),
        (scale * (cosine - margin), "This is CosFace's margin, on the cosine. ArcFace's is on the angle."),
        (scale * np.cos(angle - margin), "A margin makes it harder: it is added to the angle."),
        (np.cos(angle + margin), "Times the scale."),
        (scale * cosine, "This is softmax, without any margin."),
    ):
        if abs(given - value) < 1e-4:
            return hint
    return "From the cosine to the angle (arccos), add the margin, back to a cosine, times the scale."


def _agreement(answer: Any) -> str | None:
    draw = torch.Generator().manual_seed(int(np.random.default_rng().integers(1 << 30)))
    first, second = (
        torch.randn((4, 3, 5, 5), generator=draw) * torch.tensor([1.0, 2, 3, 9]).view(4, 1, 1, 1) for _ in range(2)
    )
    second = second + 0.7 * first
    given = float(array_of(answer, (), first.clone(), second.clone()))
    for value, hint in (
        (cosine_similarity(first.flatten(1), second.flatten(1)).mean(), None),
        (cosine_similarity(first.flatten(), second.flatten(), 0), "One cosine for each photo, then their mean."),
        ((first.flatten(1) * second.flatten(1)).sum(1).mean(), "Divide by the lengths: a cosine lies between -1 and 1."),
    ):
        if abs(given - float(value)) < 1e-4:
            return hint
    return "Flatten each photo's gradient, (N, 3 * H * W); take the N cosines, and their mean."


@cache
def _worth() -> dict[str, float]:
    """Ada's mean similarity on inception-softmax: unprotected, and under masks of one surrogate and of two."""
    ada, judge = classroom.person(), classroom.recognizer("inception-softmax")
    pair = Recognizer.ensemble([classroom.recognizer(), classroom.recognizer("mobilefacenet-softmax")])
    masks = {"one": classroom.learned(), "two": OPOM(pair).fit(ada.train)}
    photos = {"none": ada.test, **{name: mask.apply(ada.test) for name, mask in masks.items()}}
    clean = judge.embed(ada.train)
    return {name: float((judge.embed(images) @ clean.T).mean()) for name, images in photos.items()}


def _second(answer: Any) -> str | None:
    found = _worth()
    right = found["one"] - found["two"]
    return measured(
        answer, right, 0.005,
        (-right, "A lower similarity is more protection: one surrogate's first, less that of two."),
        (found["none"] - found["two"], "That is against no mask. What does the second surrogate add to the first?"),
        otherwise="Mean similarity to ada.train on inception-softmax under the mask of ir-softmax, less that under the "
        "ensemble's.",
    )  # fmt: skip


@cache
def _measured() -> tuple[dict[str, float], dict[str, float]]:
    """By black box, the agreement of its gradients with the surrogate's, and Ada's PSR."""
    people = classroom.people(3, 60)
    boxes = [classroom.recognizer(name) for name in (SURROGATE, *QUICK)]
    agreement = gradient_agreement(boxes, [person.train for person in people.values()])[SURROGATE]
    ada = People([people["Ada"]], people.distractors)
    masks = {"OPOM": {"Ada": classroom.learned()}}
    rates = protection(boxes[1:], ada, masks, ranks=(1,)).set_index("recognizer")["psr_1"]
    return agreement.to_dict(), rates.to_dict()


def _reversed(answer: Any) -> str | None:
    more, less = answer
    if (hint := one_of(more, QUICK, "a black box")) or (hint := one_of(less, QUICK, "a black box")):
        return hint
    agreement, rates = _measured()
    if agreement[more] <= agreement[less]:
        return "The first of the two should agree more with ir-softmax."
    return (
        None
        if rates[more] < rates[less]
        else ("That pair fits the claim: where the gradients agree more, the PSR is no lower.")
    )


def _row(answer: Any) -> str | None:
    table = np.array(MATRIX)
    black = (table.sum(1) - table.diagonal()) / 2
    return near(
        answer, black.max(), 0.1,
        (table.mean(1).max(), "The white box is in this mean: leave the diagonal out."),
        ((table.sum(0) - table.diagonal()).max() / 2, "Surrogates are rows; this is a column."),
        (black.argmax(), "The rate is asked for, not the row's number."),
        otherwise="For each row the mean of what is not on the diagonal; the largest of the three.",
    )  # fmt: skip


EXERCISES: dict[str, Exercise] = {
    "5.1": Exercise("write", _margin,
        "Near an angle of zero nothing is won by the margin but room: others stay farther off."),
    "5.2": Exercise("write", _agreement,
        "In thousands of dimensions, directions without anything in common have a cosine near 0."),
    "5.3": Exercise("predict", _second,
        "What two unlike networks both lack, a mask cannot use: it finds more of what others share."),
    "5.4": Exercise("criticize", _reversed,
        "Agreement tells how far similarity falls; how near strangers are decides the rest."),
    "5.5": Exercise("compute", _row,
        "A white box in the mean would have changed the size of the answer, and could change the winner."),
}  # fmt: skip
