"""Chapter 10: your own photos."""

from __future__ import annotations

from typing import Any

import numpy as np

from opom_edu.exercises.verdict import Check, near
from opom_edu.faces.photos import Array, Pixels, inverse, moved


def _side(answer: Any, *, matrix: Array) -> str | None:
    scale, value = float(np.hypot(*matrix[:, 0])), float(answer)
    if abs(value - 112 / scale) < 0.5:
        return None
    if abs(value - 112 * scale) < 0.5:
        return "The matrix leads from the photo to the crop. Which way is asked for here?"
    if abs(value - scale) < 1e-2 or abs(value - 1 / scale) < 1e-2:
        return "That is the scale. How many pixels of the photo do the crop's 112 pixels cover?"
    return "The length of the matrix's first column is how many pixels of the crop one pixel of the photo becomes."


def _nose(answer: Any, *, matrix: Array) -> str | None:
    crop = np.array([[56.0252, 71.7366]])
    right, value = moved(crop, inverse(matrix))[0], np.asarray(answer, float).reshape(-1)
    if value.shape != (2,):
        return "Two numbers are wanted, x and y in pixels of the photo."
    if np.abs(value - right).max() < 0.5:
        return None
    if np.abs(value[::-1] - right).max() < 0.5:
        return "The right place, but y before x."
    if np.abs(value - moved(crop, matrix)[0]).max() < 0.5:
        return "This took a point of the crop for one of the photo. Which map leads back?"
    return "Take the template's third point, and lead it back with inverse(matrix) and moved(points, ...)."


def _changed(answer: Any, *, before: Pixels, after: Pixels) -> str | None:
    different, value = before != after, float(answer)
    if abs(value - float(different.any(2).mean())) < 1e-4:
        return None
    if abs(value - 100 * float(different.any(2).mean())) < 1e-2:
        return "In percent, it seems; a share between 0 and 1 is asked for."
    if abs(value - float(different.mean())) < 1e-4:
        return "That is the share of values. A pixel has three; it is changed if any of them is."
    return "Compare the two photos value by value; a pixel is changed if any of its three values is."


def _lost(answer: Any, *, table: dict[str, float]) -> str | None:
    unprotected, crop, anew = (table[key] for key in ("unprotected", "in the crop", "through the photo, found anew"))
    right = (unprotected - anew) / (unprotected - crop)
    difference = "A difference of similarities. As a share of what the mask achieved in the crop?"
    return near(
        answer, right, 5e-3,
        (1 - right, "That is the share which was lost. Which share is left?"),
        (crop - anew, difference), (anew - crop, difference),
        otherwise="How far did similarity fall through the photo, and how far in the crop? Divide the one by the other.",
    )  # fmt: skip


CHECKS: dict[str, tuple[Check, str]] = {
    "10.1": (_side, "Faces smaller than 112 pixels are enlarged for the recognizer, and hold less of the mask's grain."),
    "10.2": (_nose, "The same way back takes the mask's difference to its place."),
    "10.3": (_changed, "All others are the same to the bit: somebody who compares the files sees where the face is."),
    "10.4": (_lost, "What a report should measure is the file as somebody else will find the face in it."),
}
