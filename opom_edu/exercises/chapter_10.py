"""Chapter 10: your own photos."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opom_edu.evaluation.changes import jpeg
from opom_edu.exercises import classroom
from opom_edu.exercises.forms import array_of, measured
from opom_edu.exercises.verdict import Exercise, near
from opom_edu.faces.mtcnn import find_faces
from opom_edu.faces.photos import inverse, moved
from opom_edu.lessons.finding import turned

TURNS = {1: 0, 3: 2, 6: -1, 8: 1}  # EXIF's orientations that a camera writes: counterclockwise quarter turns that undo them


def _upright(answer: Any) -> str | None:
    pixels = np.random.default_rng().integers(0, 256, size=(5, 7, 3)).astype(np.uint8)
    for orientation, turns in TURNS.items():
        right: NDArray[Any] = np.rot90(pixels, turns)
        if not np.array_equal(array_of(answer, right.shape, pixels.copy(), orientation), right):
            return f"Orientation {orientation} comes out wrong. Which way, and how often, does numpy.rot90 turn?"
    return None


def _back(answer: Any) -> str | None:
    draw = np.random.default_rng()
    turn, scale = draw.uniform(0.2, 1), draw.uniform(0.3, 0.6)
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    matrix = np.array([[c, -s, draw.uniform(5, 50)], [s, c, draw.uniform(5, 50)]])
    points = draw.uniform(0, 112, size=(5, 2))
    given = array_of(answer, points.shape, matrix.copy(), points.copy())
    right = moved(points, inverse(matrix))
    for value, hint in (
        (right, None),
        (moved(points, matrix), "The matrix leads from the photo to the crop. Which map leads back?"),
        (right[:, ::-1], "The right places, but y before x."),
        (points @ np.linalg.inv(matrix[:, :2]).T, "Subtract the shift, the matrix's last column, before turning back."),
    ):
        if np.allclose(given, value, atol=1e-3):
            return hint
    return (
        "Solve crop = matrix[:, :2] @ photo + matrix[:, 2] for the photo's point; inverse(matrix) and moved(...) do it, too."
    )


@cache
def _falls() -> tuple[float, float]:
    """By how much the mask lowers Ada's similarity on seir-softmax: in its place, and in a crop cut two pixels beside."""
    ada, judge = classroom.person(), classroom.recognizer("seir-softmax")
    clean, masked = judge.embed(ada.train), classroom.learned().apply(ada.test)

    def fall(shift: int) -> float:
        both = (judge.embed(photos.roll(shift, -1)) for photos in (ada.test, masked))
        bare, worn = (float((embedded @ clean.T).mean()) for embedded in both)
        return bare - worn

    return fall(0), fall(2)


def _left(answer: Any) -> str | None:
    there, beside = _falls()
    right = 100 * beside / there
    return measured(
        answer, right, 0.5,
        (right / 100, "In percent it is a hundred times that."),
        (100 - right, "That is the share which is lost. Which share is left?"),
        otherwise="Roll the bare and the masked photos alike; fall beside / fall in place, times 100, similarities to "
        "ada.train.",
    )  # fmt: skip


@cache
def _coded() -> float:
    photo = classroom.person().test[:1]
    return 255 * float((jpeg(photo, 75) - photo).abs().max())


def _beyond(answer: Any) -> str | None:
    right = _coded()
    photo = classroom.person().test[:1]
    return near(
        answer, right, 0.6,
        (right / 255, "In gray levels it is 255 times that."),
        (255 * float((jpeg(photo, 75) - photo).abs().mean()), "That is the mean change. How large is the largest?"),
        (255 * float((jpeg(photo, 75) - photo).max()), "Changes may be negative: take absolute values."),
        otherwise="The largest of abs(jpeg(ada.test[:1], 75) - ada.test[:1]), times 255.",
    )  # fmt: skip


@cache
def _seen_up_to() -> int:
    """The largest of 0, 5, 10, ... degrees up to which the finder sees Ada's first test photo, turned, without a gap."""
    photo, degrees = classroom.person().test[0], 0
    while degrees < 180 and len(find_faces(turned(photo, degrees + 5))):
        degrees += 5
    return degrees


def _turns(answer: Any) -> str | None:
    right = _seen_up_to()
    return near(
        answer, right, 0.5,
        (right + 5, "That is the first angle at which she is missed. Which is the last before it?"),
        (180, "There may be larger angles at which something is found again. Stop at the first gap."),
        (90, "Try it: turned(ada.test[0], 90)."),
        otherwise="Try 0, 5, 10, ... degrees, and stop when len(find(turned(ada.test[0], degrees))) is 0.",
    )  # fmt: skip


EXERCISES: dict[str, Exercise] = {
    "10.1": Exercise("write", _upright, "Whoever forgets this looks for faces that lie on their side, and finds none."),
    "10.2": Exercise("write", _back, "The same way back takes the mask's difference to its place."),
    "10.3": Exercise("predict", _left,
        "Recognizers that cut a face otherwise see a shifted mask: measure the copy as others find it."),
    "10.4": Exercise("criticize", _beyond, "And that without any mask. The bound holds for files without loss."),
    "10.5": Exercise("compute", _turns,
        "Whom the finder misses gets no mask, and nobody says so unless the report does: look for photos without a copy."),
}  # fmt: skip
