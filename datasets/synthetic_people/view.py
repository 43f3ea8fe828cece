"""From the head's own frame to pixels: pose, projection, and alignment."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from synthetic_people.conditions import Conditions

Array = NDArray[np.float64]

# Where ArcFace's alignment puts eyes, nose tip and mouth corners, in shares of the crop's side.
TEMPLATE = np.array([
    [38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041],
]) / 112  # fmt: skip
PIVOT = np.array([0.0, 6.9, 0.5])  # the neck turns around it


def crop_frame(landmarks: Array, margin: float, shift: tuple[float, ...]) -> Array:
    """The similarity ``(2, 3)`` from the image plane to shares of an ArcFace-aligned crop, ``margin`` of its side added
    on every side."""
    target = (TEMPLATE + margin) / (1 + 2 * margin)
    middle, goal = landmarks.mean(0), target.mean(0)
    source, aim = landmarks - middle, target - goal
    size = (source**2).sum()
    scale = (source * aim).sum() / size + 1j * (source[:, 0] * aim[:, 1] - source[:, 1] * aim[:, 0]).sum() / size
    scale *= (1 + shift[2]) * np.exp(1j * shift[3])
    matrix = np.array([[scale.real, -scale.imag], [scale.imag, scale.real]])
    return np.column_stack([matrix, goal + np.array(shift[:2]) / (1 + 2 * margin) - matrix @ middle])


def scene_frame(landmarks: Array, center: tuple[float, float], span: float) -> Array:
    """The frame of a whole scene: the eyes and mouth around ``center``, ``span`` apart, the head as tilted as it is."""
    scale = span / np.linalg.norm(landmarks[:2].mean(0) - landmarks[3:].mean(0))
    return np.column_stack([np.eye(2) * scale, np.array(center) - scale * landmarks.mean(0)])


class View:
    """From the head's own frame to the picture's samples; ``frame (2, 3)``: of the image plane, in shares of the height."""

    def __init__(self, conditions: Conditions, scale: int) -> None:
        self.turn, self.distance, self.scale = rotation(conditions), conditions.distance, scale
        self.frame = np.zeros((2, 3))  # until it is known where the face is

    def seen(self, points: Array) -> Array:
        """In the camera's directions, around the pivot."""
        return np.asarray((points - PIVOT) @ self.turn.T)

    def plane(self, points: Array) -> Array:
        """On the image plane, y down."""
        return points[..., :2] * (1.0, -1.0) * (self.distance / (self.distance - points[..., 2:] + 0.6))

    def pixels(self, points: Array) -> Array:
        """Column, row and depth in the picture's samples."""
        flat = (self.plane(points) @ self.frame[:, :2].T + self.frame[:, 2]) * self.scale
        return np.concatenate([flat, points[..., 2:]], -1)

    @property
    def per_decimeter(self) -> float:
        return float(self.scale * np.hypot(*self.frame[:, 0]))


def rotation(conditions: Conditions) -> Array:
    """Of the head, from its own frame to the camera's ``(3, 3)``."""
    yaw, pitch, roll = (math.radians(angle) for angle in (conditions.yaw, conditions.pitch, conditions.roll))
    about_y = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]])
    about_z = np.array([[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y)
