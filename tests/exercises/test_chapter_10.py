"""Chapter 10's checks."""

import numpy as np

from opom_edu.exercises import check
from opom_edu.faces.photos import ARCFACE, inverse, moved
from tests.faces.test_photos import similarity

MATRIX = similarity(300, 12, (400, 250))


def refused(exercise: str, *wrong: object, **given: object) -> None:
    """Every wrong answer has a hint of its own."""
    verdicts = [check(exercise, value, **given) for value in wrong]
    assert not any(verdict.right for verdict in verdicts)
    assert len({verdict.text for verdict in verdicts}) == len(wrong)


def test_side_of_the_face() -> None:
    assert check("10.1", 300, matrix=MATRIX).right
    refused("10.1", 112 * 112 / 300, 112 / 300, 7.0, ..., matrix=MATRIX)


def test_nose_in_the_photo() -> None:
    nose = moved(ARCFACE[2:3], inverse(MATRIX))[0]
    assert check("10.2", nose, matrix=MATRIX).right
    refused("10.2", nose[::-1], nose[:1], moved(ARCFACE[2:3], MATRIX)[0], (0, 0), matrix=MATRIX)


def test_share_of_changed_pixels() -> None:
    before = np.zeros((10, 10, 3), np.uint8)
    after = before.copy()
    after[:5, :5, 0] = 1
    assert check("10.3", 0.25, before=before, after=after).right
    refused("10.3", 25, 25 / 300, 0.5, before=before, after=after)


def test_what_is_left_of_the_protection() -> None:
    table = {"unprotected": 0.9, "in the crop": -0.2, "through the photo, found anew": 0.1}
    assert check("10.4", 0.8 / 1.1, table=table).right
    refused("10.4", 0.3 / 1.1, -0.3, 5, table=table)
