"""What an assignment asks, and what is true of a student's own people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from opom_edu.assignments.own import Own
from opom_edu.evaluation.changes import jpeg
from opom_edu.faces.images import quantize
from opom_edu.hulls import ConvexHull
from opom_edu.masks import OPOM, Mask
from opom_edu.recognizers import SURROGATE, Recognizer, load_recognizer

QUALITY = 50  # of the JPEG of task 8
WEAKER = 0.05  # by how much the similarity under a mask may be above that under ours


@dataclass(frozen=True)
class Task:
    """One question.

    Attributes:
        kind: "number", "mask", "code" or "text".
        text: the question, as Markdown; ``{levels}`` and so on are the student's settings.
        start: code that the notebook begins with; what is asked for is ``...``.
        truth: the right answer from a student's own data.
        within: by how much a number may differ.
        points: for a right answer.

    Example:
        >>> TASKS["1"].kind, TASKS["7"].kind
        ('number', 'code')
    """

    kind: str
    text: str
    start: str
    truth: Callable[[Own], Any]
    within: float = 0.0
    points: int = 1

    @property
    def variable(self) -> str:
        """The name that the student's answer has in the notebook."""
        return self.start.removeprefix("def ").split("(")[0].split(" =")[0]


@cache
def _recognizer(name: str) -> Recognizer:
    return load_recognizer(name)


def _embedded(own: Own, photos: Tensor, name: str = "") -> Tensor:
    return _recognizer(name or own.judge).embed(quantize(photos))


def _alike(own: Own) -> float:
    found = _embedded(own, own.anna.test)
    cosines = found @ found.T
    return float(cosines[~torch.eye(len(cosines), dtype=torch.bool)].mean())


def _nearest(own: Own) -> float:
    return float((_embedded(own, own.anna.test)[own.photo] @ _embedded(own, own.strangers).T).argmax())


def _threshold(own: Own) -> float:
    found = _embedded(own, own.strangers)
    pairs = torch.triu_indices(len(found), len(found), 1)
    return float(np.quantile((found @ found.T)[pairs[0], pairs[1]].numpy(), 1 - own.rate / 100))


def _distance(own: Own) -> float:
    hull = ConvexHull(_embedded(own, own.anna.train, SURROGATE))
    return float(hull.distance(_embedded(own, own.anna.test, SURROGATE))[own.photo])


def learned(own: Own) -> Mask:
    """The mask that task 5 asks for.

    Example:
        >>> from opom_edu.assignments.own import own_people
        >>> from opom_edu.assignments.roster import student_of
        >>> learned(own_people([student_of("7", "Ada", b"secret")])[0]).delta.shape
        torch.Size([3, 112, 112])
    """
    return OPOM(_recognizer(SURROGATE), eps=own.levels / 255, seed=own.photo).fit(own.anna.train)


def similarity(own: Own, mask: Mask) -> float:
    """Mean cosine of Anna's test photos under a mask to her training photos, on the surrogate.

    Example:
        >>> from opom_edu.assignments.own import own_people
        >>> from opom_edu.assignments.roster import student_of
        >>> own = own_people([student_of("7", "Ada", b"secret")])[0]
        >>> similarity(own, learned(own)) < similarity(own, Mask(torch.zeros(3, 112, 112), 0.0))
        True
    """
    clean = _embedded(own, own.anna.train, SURROGATE)
    return float((_embedded(own, mask.apply(own.anna.test), SURROGATE) @ clean.T).mean())


def _psr(own: Own) -> float:
    masked, clean = _embedded(own, learned(own).apply(own.anna.test)), _embedded(own, own.anna.test)
    best = (masked @ _embedded(own, own.strangers).T).amax(1, keepdim=True)
    others = ~torch.eye(len(clean), dtype=torch.bool)
    return 100 * float((masked @ clean.T < best)[others].float().mean())


def _compressed(own: Own) -> float:
    photos = jpeg(quantize(learned(own).apply(own.anna.test)), QUALITY)
    return float((_embedded(own, photos) @ _embedded(own, own.anna.train).T).mean())


def step(delta: Any, gradient: Any, eps: float, step_size: float) -> Any:
    """What task 7 asks for: a sign step up the gradient, kept within eps.

    Example:
        >>> step(np.array([0.0, 0.02]), np.array([-3.0, 1.0]), eps=0.03, step_size=0.02).tolist()
        [-0.02, 0.03]
    """
    return np.clip(np.asarray(delta) + step_size * np.sign(gradient), -eps, eps)


TASKS: Mapping[str, Task] = {
    "1": Task("number",
        "How alike are two of Anna's test photos on `judge`, on average? Take every pair of two different photos, and give "
        "the mean cosine.", "alike = ...", _alike, 0.005),
    "2": Task("number",
        "Which of the strangers (0 to 59) does `judge` find most similar to Anna's test photo number {photo}?",
        "nearest = ...", _nearest, 0.1),
    "3": Task("number",
        "Where must the threshold of `judge` lie so that {rate} % of the pairs of two different strangers are above it?",
        "threshold = ...", _threshold, 0.01),
    "4": Task("number",
        "How far is Anna's test photo number {photo} from the convex hull of her training photos, on `surrogate`?",
        "distance = ...", _distance, 0.005),
    "5": Task("mask",
        "Learn Anna's mask on `surrogate` from her training photos: {levels} gray levels, 16 steps, the convex hull, "
        "`seed={photo}`.", "mask = ...", learned, points=2),
    "6": Task("number",
        "What is the PSR at rank 1 of this mask on `judge`, in percent? Each masked test photo looks for each of Anna's "
        "other five clean ones among the 60 strangers.", "psr = ...", _psr, 4.0),
    "7": Task("code",
        "Write one step of learning with NumPy: move `delta` by `step_size` in the direction of the gradient's sign, and "
        "keep it within `eps`.", "def step(delta, gradient, eps, step_size): ...", lambda own: step, points=2),
    "8": Task("number",
        f"The masked test photos are saved as JPEG of quality {QUALITY} (`jpeg(photos, {QUALITY})`). How similar are they "
        "to Anna's training photos on `judge`, on average?", "compressed = ...", _compressed, 0.01),
    "9": Task("text",
        "\"The PSR of my mask is high, so nobody will find Anna.\" Write three sentences: what your own numbers say about "
        "this claim, and what they cannot say.", 'claim = """..."""', lambda own: None, points=3),
}  # fmt: skip
