"""Chapter 8: a video."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from opom_edu.exercises import classroom
from opom_edu.exercises.forms import array_of, measured
from opom_edu.exercises.verdict import Exercise, number

FOUND_BY = "mobilefacenet-softmax"


def _steady(answer: Any) -> str | None:
    marks = np.random.default_rng().normal(50, 10, size=(9, 5, 2))
    before, here, after = marks[:-2], marks[1:-1], marks[2:]
    given = array_of(answer, here.shape, marks)
    for found, hint in (
        ((before + here + after) / 3, None),
        ((before + after) / 2, "The frame itself belongs to the three."),
        (here, "These are the frames as they were."),
    ):
        if np.allclose(given, found, rtol=1e-4):
            return hint
    return "Add the frames before, the frames themselves and those after, each cut to the same length, and divide by 3."


def _psr(answer: Any) -> str | None:
    probes, gallery, others = (normalize(torch.randn(count, 8), dim=1) for count in (30, 5, 4))
    beaten = (probes @ others.T).amax(1, keepdim=True) > probes @ gallery.T
    given, right = float(array_of(answer, (), probes, gallery, others)), 100 * float(beaten.float().mean())
    for value, hint in (
        (right, None),
        (right / 100, "The share is right; in percent it is a hundred times that."),
        (100 - right, "This is the share that is found. The share that is missed is wanted."),
        (100 * float(beaten.all(1).float().mean()), "This asks for probes that no photo finds. Count pairs."),
    ):
        if abs(given - value) < 0.01:
            return hint
    return "Compare each probe's most similar stranger with each of its similarities to the gallery, and count."


@cache
def _similarities(shift: int) -> float:
    """Mean similarity of Ada's test photos under her mask, which lies ``shift`` pixels beside its place."""
    ada, judge = classroom.person(), classroom.recognizer("seir-softmax")
    masked = (ada.test + classroom.learned().delta.roll(shift, -1)).clamp(0, 1)
    return float((judge.embed(masked) @ judge.embed(ada.train).T).mean())


def _slipped(answer: Any) -> str | None:
    ada, judge = classroom.person(), classroom.recognizer("seir-softmax")
    bare = float((judge.embed(ada.test) @ judge.embed(ada.train).T).mean())
    right = 100 * (bare - _similarities(4)) / (bare - _similarities(0))
    return measured(
        answer, right, 0.5,
        (right / 100, "In percent it is a hundred times that."),
        (100 - right, "That is the share which is lost. Which share is left?"),
        (_similarities(4), "That is a similarity. How far did it fall, as a share of the fall with the mask in place?"),
        otherwise="Divide: (unprotected - slipped) / (unprotected - in place), mean similarities to ada.train, times 100.",
    )  # fmt: skip


@cache
def _found() -> list[int]:
    ada, judge = classroom.person(), classroom.recognizer(FOUND_BY)
    probes = judge.embed(classroom.learned().apply(ada.test))
    own: Tensor = (probes @ judge.embed(ada.train).T).amax(1)
    strangers = (probes @ judge.embed(classroom.people(8, 104).distractors).T).amax(1)
    return torch.nonzero(own > strangers).flatten().tolist()


def _refuted(answer: Any) -> str | None:
    given = sorted({round(number(one)) for one in answer if number(one) == round(number(one))})
    if not given or len(given) < len(list(answer)):
        return "A list of whole numbers is wanted, each once: which of the ten photos are still found?"
    if not 0 <= given[0] <= given[-1] <= 9:
        return "The photos are numbered 0 to 9."
    if given == _found():
        return None
    if set(given) < set(_found()):
        return "Each of these refutes it. There are more."
    return "Found is: the most similar of Ada's training photos is more similar to the probe than every stranger is."


EXERCISES: dict[str, Exercise] = {
    "8.1": Exercise(
        "write", _steady,
        "It trembles less, and lags where the head speeds up: a parabola through more frames does both better.",
    ),
    "8.2": Exercise("write", _psr, "That is the report's column; the report leaves out gallery frames too near in time."),
    "8.3": Exercise(
        "predict", _slipped, "A recognizer hardly notices such a slip. The eye does: what must sit still is what is seen."
    ),
    "8.4": Exercise("criticize", _refuted, "One frame is enough for whoever searches: a high rate is no promise."),
}  # fmt: skip
