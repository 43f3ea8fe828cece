"""Chapter 4: one person, one mask."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch

from opom_edu.exercises import classroom
from opom_edu.exercises.forms import array_of, measured
from opom_edu.exercises.verdict import Exercise, near
from opom_edu.faces import Person
from opom_edu.lessons.agreement import center_gradient
from opom_edu.lessons.replay import learning_curve
from opom_edu.masks import OPOM


def _draw() -> torch.Generator:
    return torch.Generator().manual_seed(int(np.random.default_rng().integers(1 << 30)))


def _loss(answer: Any) -> str | None:
    draw = _draw()
    masked, targets = (torch.nn.functional.normalize(torch.randn((7, 16), generator=draw), dim=1) for _ in range(2))
    given, away = float(array_of(answer, (), masked.clone(), targets.clone())), masked - targets
    for value, hint in (
        (away.square().sum(1).mean(), None),
        (away.norm(dim=1).mean(), "These are distances; what does the formula do with each of them before the mean?"),
        (away.square().sum(), "Sum or mean? With twice as many photos this would be twice as large."),
        (away.square().mean(), "Sum over the numbers of an embedding, mean over the photos."),
        ((masked - targets.mean(0)).square().sum(1).mean(), "Each photo has a target of its own."),
    ):
        if abs(given - float(value)) < 1e-4:
            return hint
    return "Each photo's squared distance to its own target, then the mean over the photos."


def _step(answer: Any) -> str | None:
    draw = _draw()
    delta = (torch.rand((3, 6, 6), generator=draw) * 2 - 1) * 8 / 255
    gradients = torch.randn((5, 3, 6, 6), generator=draw) * torch.tensor([1.0, 2, 3, 4, 20]).view(5, 1, 1, 1)
    given = array_of(answer, (3, 6, 6), delta.clone(), gradients.clone(), 1 / 255, 8 / 255)
    vote = gradients.mean(0).sign()
    moved = delta + vote / 255
    for value, hint in (
        (moved.clamp(-8 / 255, 8 / 255), None),
        (moved, "Some values leave the epsilon ball: clip them."),
        ((delta - vote / 255).clamp(-8 / 255, 8 / 255), "This goes down. The loss is to rise."),
        ((delta + gradients.mean(0) / 255).clamp(-8 / 255, 8 / 255), "The step takes the sign of the mean gradient."),
        (
            (delta + gradients.sign().mean(0) / 255).clamp(-8 / 255, 8 / 255),
            "First the mean over the photos, then the sign.",
        ),
        ((vote / 255).clamp(-8 / 255, 8 / 255), "The step is added to the mask that is there."),
    ):
        if np.allclose(given, value.double(), atol=1e-6):
            return hint
    return "Mean over the photos, sign, times the step size, add it to delta, clip to plus and minus eps."


@cache
def _warmups() -> tuple[float, float]:
    """Ada's mean similarity on ir-arcface under masks of the convex hull, without a warm-up and with one step of it."""
    ada, judge = classroom.person(), classroom.recognizer("ir-arcface")
    clean, masks = judge.embed(ada.train), [classroom.learned(warmup=warmup) for warmup in (0, 1)]
    none, one = (float((judge.embed(mask.apply(ada.test)) @ clean.T).mean()) for mask in masks)
    return none, one


def _warm(answer: Any) -> str | None:
    none, one = _warmups()
    return measured(
        answer, none - one, 0.003,
        (one - none, "Without a warm-up first, less that with one step: a lower similarity is more protection."),
        (one, "That is a similarity. By how much does it fall?"),
        otherwise="OPOM(surrogate, warmup=0) and warmup=1; mean similarity to ada.train on ir-arcface; the first less the "
        "second.",
    )  # fmt: skip


@cache
def _share() -> float:
    """What a step along the gradient itself gains, in percent of what the sign step gains, under the same bound."""
    gradient = center_gradient(classroom.recognizer(), classroom.person().train)
    return 100 * float((gradient * gradient / gradient.abs().max()).sum() / gradient.abs().sum())


def _straight(answer: Any) -> str | None:
    right = _share()
    return near(
        answer, right, 0.2,
        (right / 100, "In percent it is a hundred times that."),
        (100 - right, "That is the share which is missed."),
        (100.0, "The sign step has all values at the bound. How many does this one have there?"),
        otherwise="Gains are sums of step times gradient. One step is gradient / gradient.abs().max(), the other "
        "gradient.sign().",
    )  # fmt: skip


@cache
def _gaps() -> tuple[float, float]:
    """How much farther training similarity falls than test similarity, for a mask of one photo and for one of ten."""
    ada = classroom.person()
    curves = [
        learning_curve(OPOM(classroom.recognizer(), steps=32), Person("Ada", ada.train[:count], ada.test))
        for count in (1, 10)
    ]
    falls = [curve.iloc[0] - curve.iloc[-1] for curve in curves]
    one, ten = (float(fall["training"] - fall["test"]) for fall in falls)
    return one, ten


def _gap(answer: Any) -> str | None:
    one, ten = _gaps()
    compared = "A gap is a difference of two falls, each from the first row to the last."
    return near(
        answer, one - ten, 0.005,
        (ten - one, "The right size. The gap of one photo comes first."),
        (one, "That is the gap of one photo. By how much is it larger than that of ten?"), (ten, compared),
        otherwise="For each run: (training[0] - training[-1]) - (test[0] - test[-1]); then that of one photo less that of "
        "ten.",
    )  # fmt: skip


EXERCISES: dict[str, Exercise] = {
    "4.1": Exercise("write", _loss, "The methods differ in nothing but the targets that you hand to this function."),
    "4.2": Exercise("write", _step, "That is the whole step: repeat it sixteen times and you have a mask."),
    "4.3": Exercise("predict", _warm, "One common step is enough to have all photos leave together."),
    "4.4": Exercise("criticize", _straight, "A bound on every value leaves nothing to win by holding back."),
    "4.5": Exercise("compute", _gap, "A mask of one photo learned that photo; ten photos leave it less to learn by heart."),
}  # fmt: skip
