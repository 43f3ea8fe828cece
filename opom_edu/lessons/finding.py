"""Photos in which a finder may miss a face."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from torch import Tensor

from opom_edu.faces.images import SIZE, as_bytes

AROUND = 60  # pixels of gray on every side


def turned(crop: Tensor, degrees: float) -> Any:
    """A photo ``(232, 232, 3)``, uint8 RGB, of an aligned face on gray ground, turned counterclockwise.

    Args:
        crop: ``(3, 112, 112)`` in [0, 1].

    Example:
        >>> turned(ada.test[0], 90).shape
        (232, 232, 3)
    """
    middle = (SIZE - 1) / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), degrees, 1) + np.array([[0, 0, AROUND], [0, 0, AROUND]])
    side = SIZE + 2 * AROUND
    return np.asarray(cv2.warpAffine(as_bytes(crop[None])[0], matrix, (side, side), borderValue=(128, 128, 128)))
