"""The faces of one photo, cut out upright."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from opom_edu.faces.images import SIZE, from_pixels
from opom_edu.faces.photos import Array, Pixels, alignment, warp


@dataclass(frozen=True, eq=False)
class Faces:
    """The F faces of one photo.

    Attributes:
        matrices: ``(F, 2, 3)``, from the photo's pixels to those of the crops.
        crops: ``(F, 3, 112, 112)`` in [0, 1].

    Example:
        >>> Faces.of(np.zeros((200, 300, 3), np.uint8), find(None) + 40).crops.shape
        torch.Size([1, 3, 112, 112])
    """

    matrices: Array
    crops: Tensor

    @classmethod
    def of(cls, pixels: Pixels, landmarks: Array) -> Faces:
        """Those with ``landmarks (F, 5, 2)``, in pixels, in a photo ``(H, W, 3)`` uint8 RGB."""
        return cls.seen(pixels, np.array([alignment(points) for points in landmarks]).reshape(-1, 2, 3))

    @classmethod
    def seen(cls, pixels: Pixels, matrices: Array) -> Faces:
        """Those that known ``matrices (F, 2, 3)`` align in a photo ``(H, W, 3)`` uint8 RGB."""
        return cls(matrices, from_pixels([warp(pixels, matrix, (SIZE, SIZE)) for matrix in matrices]))
