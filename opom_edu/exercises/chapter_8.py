"""Chapter 8: a video."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from opom_edu.exercises.verdict import Check, near


def _worst(answer: Any, *, table: pd.DataFrame, recognizer: str) -> str | None:
    similar = table.set_index("frame")[f"{recognizer}_similarity_after"]
    number = int(answer)
    if number not in similar.index:
        return "The number of a measured frame is wanted, from the table's column frame."
    if number == similar.idxmin():
        return "That is the best one. Protection fails where similarity is high."
    if similar[number] < similar.max() - 1e-9:
        return f"There is a frame that is more similar. Look at {recognizer}_similarity_after."
    return None


def _rate(answer: Any, *, probes: Tensor, gallery: Tensor, others: Tensor) -> str | None:
    beaten = (probes @ others.T).amax(1, keepdim=True) > probes @ gallery.T
    right = 100 * float(beaten.float().mean())
    if abs(100 * float(answer) - right) < 0.01:
        return "The share is right; in percent it is a hundred times that."
    return near(
        answer, right, 0.01,
        (100 - right, "This is the share that is found; protection is the other one."),
        otherwise="Compare each probe's most similar distractor with each of its similarities to the gallery, and count.",
    )  # fmt: skip


def _average(answer: Any, *, marks: np.ndarray) -> str | None:
    given = np.asarray(answer, float)
    wanted = (len(marks) - 2, *marks.shape[1:])
    if given.shape != wanted:
        return f"The shape must be {wanted}, for the first and last frame lack a neighbor; got {given.shape}."
    if np.allclose(given, (marks[:-2] + marks[2:]) / 2):
        return "The frame itself belongs to the three."
    if not np.allclose(given, (marks[:-2] + marks[1:-1] + marks[2:]) / 3):
        return "Add the frames before, the frames themselves and those after, each cut to the same length, and divide by 3."
    return None


def _largest(answer: Any, *, psr: Mapping[int, float], lossless: float) -> str | None:
    if answer not in psr:
        return f"One of {', '.join(map(str, psr))} is wanted."
    kept = [crf for crf, rate in psr.items() if rate >= lossless / 2]
    if not kept:
        return "At no quality is so much left; lower the smallest crf."
    if answer > max(kept):
        return "There, more than half of the rate is lost."
    return "A larger crf keeps half, too." if answer < max(kept) else None


CHECKS: dict[str, tuple[Check, str]] = {
    "8.1": (_worst, "One frame is enough for whoever searches: a video is as safe as its weakest one."),
    "8.2": (_rate, "That is the report's column; the report leaves out gallery frames too near in time."),
    "8.3": (
        _average,
        "It trembles less, and lags where the head speeds up: a parabola through more frames does both better.",
    ),
    "8.4": (_largest, "A platform compresses anew whatever you upload, and you do not choose its crf."),
}
