"""Chapter 9: limits and the arms race."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from opom_edu.evaluation import image_quality
from opom_edu.evaluation.changes import jpeg
from opom_edu.exercises import classroom
from opom_edu.exercises.forms import array_of, measured
from opom_edu.exercises.verdict import Exercise, near
from opom_edu.faces import quantize

VICTIMS = ("Cem", "Dov")
LEFT = 0.5  # of the squared error: averaging leaves about a third, a filter alone more than a half


@cache
def _falls() -> dict[str, float]:
    """Ada's mean similarities on seir-softmax, bare and masked, as they are and through JPEG of quality 30."""
    ada, judge = classroom.person(), classroom.recognizer("seir-softmax")
    clean, photos = judge.embed(ada.train), {"bare": ada.test, "masked": classroom.learned().apply(ada.test)}
    photos |= {f"{name}, JPEG": jpeg(images, 30) for name, images in photos.items()}
    return {name: float((judge.embed(images) @ clean.T).mean()) for name, images in photos.items()}


def _survives(answer: Any) -> str | None:
    found = _falls()
    whole = found["bare"] - found["masked"]
    right = 100 * (found["bare, JPEG"] - found["masked, JPEG"]) / whole
    return measured(
        answer, right, 0.5,
        (100 * (found["bare"] - found["masked, JPEG"]) / whole,
            "JPEG lowers the bare photos' similarity too: compare alike."),
        (right / 100, "In percent it is a hundred times that."),
        (100 - right, "That is the share which is lost. Which share is left?"),
        otherwise="Four mean similarities to ada.train: fall after JPEG / fall before it, times 100.",
    )  # fmt: skip


@cache
def _caught(name: str) -> tuple[Tensor, Tensor]:
    person = classroom.person(name)
    return person.train, quantize(classroom.learned(name).apply(person.train))


def _washed(answer: Any) -> str | None:
    for name in VICTIMS:
        clean, protected = _caught(name)
        given = torch.tensor(array_of(answer, tuple(clean.shape), protected.clone()))
        if given.min() < -1e-6 or given.max() > 1 + 1e-6:
            return "The values of a photo lie between 0 and 1: clamp them."
        left = float((given - clean).square().mean() / (protected - clean).square().mean())
        if left >= 1.0001:
            return "The photos are farther from the clean ones than before. Is the estimate subtracted, not added?"
        if left > LEFT:
            return (
                f"Of the squared error, {left:.0%} is left; at most {LEFT:.0%} is wanted. Average over all photos; a "
                "filter alone is not enough."
            )
    return None


@cache
def _alike(seed: int) -> float:
    old, new = (classroom.learned(seed=number).delta.flatten() for number in (0, seed))
    return float(cosine_similarity(old, new, 0))


def _same(answer: Any) -> str | None:
    right = _alike(7)
    return near(
        answer, right, 0.002,
        (1.0, "That is the cosine of a mask with itself. Does the second method have seed=7?"),
        (float(np.degrees(np.arccos(right))), "That is the angle. Its cosine is wanted."),
        otherwise="Learn twice from ada.train, OPOM(surrogate) and OPOM(surrogate, seed=7); flatten both deltas; cosine.",
    )  # fmt: skip


@cache
def _visible(share: float) -> float:
    ada = classroom.person()
    masked = (ada.test + share * classroom.learned().delta).clamp(0, 1)
    return float(image_quality(ada.test, masked)["visible"].mean())


def _half(answer: Any) -> str | None:
    right, whole = _visible(0.5), _visible(1)
    return near(
        answer, 100 * right, 0.2,
        (right, "The share is right; in percent it is a hundred times that."),
        (100 * whole, "That is the whole mask."),
        (100 * whole / 2, "Half of the mask is not half of the visible pixels: measure it."),
        otherwise="image_quality(photos, changed) has a column visible; take its mean over Ada's test photos, times 100.",
    )  # fmt: skip


EXERCISES: dict[str, Exercise] = {
    "9.1": Exercise("predict", _survives,
        "A mask learned on many photos is coarse in large part, and JPEG keeps what is coarse."),
    "9.2": Exercise(
        "write", _washed, "And that without a clean photo, a recognizer or a gradient, for people you have never seen."
    ),
    "9.3": Exercise("criticize", _same, "The noise at the start is nearly forgotten: a new seed is the same mask."),
    "9.4": Exercise("compute", _half, "Visibility has a threshold, and so has protection: neither falls in proportion."),
}  # fmt: skip
