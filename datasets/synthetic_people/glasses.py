"""Glasses: thin frames as lines in the head's own frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthetic_people.head import head_model
from synthetic_people.identity import Identity

Array = NDArray[np.float64]
POINTS = 41  # of a line
# sRGB: black, dark brown, gunmetal, tortoise, gold.
FRAMES = np.array([[22, 22, 24], [52, 36, 28], [92, 94, 98], [98, 62, 38], [120, 98, 66]])


@dataclass(frozen=True, eq=False)
class Glasses:
    """Lines ``points (5, K, 3)``, how thick they are (decimeters), and their color (sRGB)."""

    points: Array
    thickness: float
    color: Array


def put_on(who: Identity, vertices: Array) -> Glasses | None:
    """The frame of a person's glasses, two rims, a bridge and two temples, or None."""
    if who.glasses is None:
        return None
    model, frame = head_model(), who.glasses
    marks = model.landmarks(vertices)
    front = max(vertices[model.nose_bridge][2] + 0.10, marks[:2, 2].max() + 0.14)
    turn = np.linspace(0, 2 * np.pi, POINTS)
    corner = (abs(np.cos(turn)) ** frame["square"] + abs(np.sin(turn)) ** frame["square"]) ** (-1 / frame["square"])
    lines, inner, temples = [], [], []
    for side, eye in ((-1, marks[0]), (1, marks[1])):
        x = eye[0] + side * 0.03 + frame["width"] * corner * np.cos(turn)
        y = eye[1] - 0.03 + frame["height"] * corner * np.sin(turn)
        z = front - 0.22 * np.maximum(0, abs(x) - 0.25) ** 1.5 - 0.02 * np.cos(turn) * side
        lines.append(np.stack([x, y, z], 1))
        inner.append(np.array([eye[0] + side * (0.03 - frame["width"]), eye[1] + 0.02, front]))
        knots = np.array([
            (x[np.argmax(side * x)], eye[1] + 0.05, z.min()), (side * 0.80, eye[1] + 0.06, 0.75),
            (side * 0.80, eye[1] + 0.02, 0.25),
        ])  # fmt: skip
        temples.append(np.stack([np.interp(np.linspace(0, 2, POINTS), range(3), knots[:, c]) for c in range(3)], 1))
    along = np.linspace(0, 1, POINTS)[:, None]
    arch = np.concatenate([0 * along, 0.05 * np.sin(np.pi * along), 0 * along + 0.02], 1)
    lines.append(inner[0] * (1 - along) + inner[1] * along + arch)
    color = FRAMES[min(int(frame["tone"] * len(FRAMES)), len(FRAMES) - 1)] / 255
    return Glasses(np.array(lines + temples), frame["thick"], color)
