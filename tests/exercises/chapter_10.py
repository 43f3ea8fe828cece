"""Chapter 10's answers, right and wrong."""

from typing import Any

import numpy as np
import torch

from opom_edu.evaluation.changes import jpeg
from opom_edu.exercises.chapter_10 import _coded, _falls, _seen_up_to, classroom
from opom_edu.faces.photos import inverse, moved


def upright(pixels: Any, orientation: int) -> Any:
    return np.rot90(pixels, {1: 0, 3: 2, 6: -1, 8: 1}[orientation])


def solved(matrix: Any, points: Any) -> Any:
    return np.linalg.solve(matrix[:, :2], (points - matrix[:, 2]).T).T


def answers() -> dict[str, tuple[list[Any], list[Any]]]:
    """By exercise, right answers and wrong ones."""
    there, beside = _falls()
    left, photo = 100 * beside / there, classroom.person().test[:1]
    change = 255 * (jpeg(photo, 75) - photo)
    return {
        "10.1": (
            [upright, lambda p, o: upright(p, o).tolist(), lambda p, o: torch.tensor(upright(p, o).copy())],
            [
                lambda p, o: p, lambda p, o: np.rot90(p), lambda p, o: np.rot90(p, -1), lambda p, o: upright(p, o) / 2,
                lambda p, o: np.rot90(p, {1: 0, 3: 2, 6: 1, 8: -1}[o]), lambda p, o: upright(p, o)[::-1], lambda p: p, 6,
                lambda p, o: np.transpose(p, (1, 0, 2)) if o in (6, 8) else p,
            ],
        ),
        "10.2": (
            [solved, lambda m, p: moved(p, inverse(m)), lambda m, p: solved(m, p).tolist()],
            [
                lambda m, p: moved(p, m), lambda m, p: solved(m, p)[:, ::-1], lambda m, p: p, np.zeros((5, 2)),
                lambda m, p: p @ np.linalg.inv(m[:, :2]).T, lambda m, p: solved(m, p)[:1], lambda m,
                p: solved(m, p) * np.nan,
            ],
        ),
        "10.3": (
            [(50, left), [99.0, np.float32(left)], (left, torch.tensor(left))],
            [left, (left, left - 2), (50, 100 - left), (50, left / 100), (float("nan"), left), (50, 50, left),
                ("all", left)],
        ),
        "10.4": (
            [_coded(), torch.tensor(_coded()), np.float64(_coded() + 0.3)],
            [_coded() / 255, float(change.abs().mean()), 8, 0, float("inf"), _coded() + 5, change.abs()],
        ),
        "10.5": (
            [_seen_up_to(), float(_seen_up_to()), torch.tensor(_seen_up_to())],
            [_seen_up_to() + 5, _seen_up_to() - 5, 0, 90, 180, float("nan"), [0, 5], _seen_up_to() / 57.3],
        ),
    }  # fmt: skip
