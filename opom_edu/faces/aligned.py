"""The faces of one photo, cut out upright."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from opom_edu.faces.images import SIZE, from_pixels
from opom_edu.faces.photos import Array, Pixels, alignment, warp


@dataclass(frozen=True, eq=False)
class Faces:
    """The faces of one photo: ``matrices (F, 2, 3)`` from the photo to the crops, ``crops (F, 3, 112, 112)`` in [0, 1]."""

    matrices: Array
    crops: Tensor

    @classmethod
    def of(cls, pixels: Pixels, landmarks: Array) -> Faces:
        """Those with ``landmarks (F, 5, 2)`` in a photo ``(H, W, 3)``."""
        return cls.seen(pixels, np.array([alignment(points) for points in landmarks]).reshape(-1, 2, 3))

    @classmethod
    def seen(cls, pixels: Pixels, matrices: Array) -> Faces:
        """Those that known ``matrices`` align."""
        return cls(matrices, from_pixels([warp(pixels, matrix, (SIZE, SIZE)) for matrix in matrices]))
