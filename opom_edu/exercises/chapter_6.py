"""Chapter 6: the epsilon lab."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch

from opom_edu.evaluation import image_quality, protection
from opom_edu.exercises import classroom
from opom_edu.exercises.forms import array_of, measured
from opom_edu.exercises.verdict import Exercise, near, number
from opom_edu.faces import People
from opom_edu.masks import OPOM, input_diversity, random_flip

BOXES = ("ir-arcface", "mobilefacenet-softmax", "inception-softmax")
WITHIN = 2.0  # percentage points


def _clipped(answer: Any) -> str | None:
    draw = torch.Generator().manual_seed(int(np.random.default_rng().integers(1 << 30)))
    delta = (torch.rand((3, 8, 8), generator=draw) * 2 - 1) * 16 / 255
    given = array_of(answer, (3, 8, 8), delta.clone(), 4)
    for value, hint in (
        (delta.clamp(-4 / 255, 4 / 255), None),
        (delta * 4 / 16, "This makes every value smaller in proportion. Clipping leaves small values as they are."),
        (delta.clamp(-4, 4), "Photos are in [0, 1]: a level is 1 / 255."),
        (delta.clamp(max=4 / 255), "Negative values are bounded, too."),
        (delta.clamp(0, 4 / 255), "A mask may also make pixels darker: negative values stay negative."),
    ):
        if np.allclose(given, value.double(), atol=1e-6):
            return hint
    return "delta.clamp(low, high), with bounds of levels / 255 on both sides of zero."


@cache
def _psnr(levels: int) -> float:
    ada = classroom.person()
    return float(image_quality(ada.test, classroom.learned(eps=levels / 255).apply(ada.test))["psnr"].mean())


def _doubled(answer: Any) -> str | None:
    right = _psnr(8) - _psnr(16)
    return measured(
        answer, right, 0.1,
        (-right, "It falls: first the smaller mask's, then the larger one's."),
        (6.02, "That is so if every value moves as far as it may. Measure: how many do at 16 levels?"),
        (_psnr(16), "That is a PSNR. By how much did it fall?"),
        otherwise="image_quality(photos, protected) has a column psnr: its mean at 8 levels, less that at 16.",
    )  # fmt: skip


@cache
def _rate(levels: int) -> float:
    """Ada's PSR, mean of three black boxes among 104 strangers; at 0 levels unprotected."""
    people = classroom.people(8, 104)
    ada = People([people["Ada"]], people.distractors)
    masks = {"mask": {"Ada": classroom.learned(eps=(levels or 8) / 255)}}
    table = protection([classroom.recognizer(name) for name in BOXES], ada, masks, ranks=(1,))
    return float(table["psr_1" if levels else "unprotected_1"].mean())


def _gains(answer: Any) -> str | None:
    first, later = (number(one) for one in answer)
    right = _rate(2) - _rate(0), _rate(6) - _rate(4)
    if abs(first - right[0]) <= WITHIN and abs(later - right[1]) <= WITHIN:
        return None
    if abs(first - right[1]) <= WITHIN and abs(later - right[0]) <= WITHIN:
        return "The first two levels come first."
    if abs(first - _rate(2)) <= WITHIN and abs(later - _rate(6)) <= WITHIN:
        return "These are the rates. The gains are differences, the first one to the unprotected rate."
    return "Two gains in points, means of the three black boxes: PSR at 2 levels less unprotected, PSR at 6 less PSR at 4."


@cache
def _bundle() -> float:
    """How much lower the transfer bundle makes Ada's similarity on inception-softmax."""
    ada, judge = classroom.person(), classroom.recognizer("inception-softmax")
    clean = judge.embed(ada.train)
    recipe: dict[str, Any] = {"momentum": 1.0, "transforms": [random_flip(), input_diversity()]}
    bundle = OPOM(classroom.recognizer(), **recipe).fit(ada.train)
    both = (judge.embed(mask.apply(ada.test)) for mask in (classroom.learned(), bundle))
    plain, helped = (float((embedded @ clean.T).mean()) for embedded in both)
    return plain - helped


def _bought(answer: Any) -> str | None:
    right = _bundle()
    return near(
        answer, right, 0.005,
        (-right, "The plain mask's similarity comes first; what is left is what the bundle takes away."),
        (100 * right, "Similarities lie between -1 and 1; no percent here."),
        otherwise="OPOM(surrogate) and OPOM(surrogate, momentum=1.0, transforms=[random_flip(), input_diversity()]); mean "
        "similarities of Ada's masked test photos to ada.train on inception-softmax; subtract the second.",
    )  # fmt: skip


EXERCISES: dict[str, Exercise] = {
    "6.1": Exercise("write", _clipped, "A clipped mask is small, but it was learned for steps that it may no longer take."),
    "6.2": Exercise("predict", _doubled, "Six decibels would be right if every value reached its bound."),
    "6.3": Exercise("criticize", _gains, "The curve has the shape of an S: it is steepest in its middle."),
    "6.4": Exercise("compute", _bought, "Steps that look elsewhere at every turn fit the surrogate less, and others more."),
}  # fmt: skip
