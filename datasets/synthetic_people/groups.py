"""Photograph a few people at a time, as one set of arrays that a file can hold (see :mod:`synthetic_people.stored`)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from synthetic_people.camera import Sitter, take_photo
from synthetic_people.conditions import sample_conditions
from synthetic_people.identity import sample_identity


def render_group(
    seeds: Sequence[int], photos: int, *, size: int = 112, margin: float = 0.0, regime: str = "common"
) -> dict[str, NDArray[Any]]:
    """Photograph the people of some seeds, ``photos`` each.

    Returns:
        ``jpeg``, the camera's files one behind the other, and where each of the N ``ends``; ``landmarks (N, 5, 2)`` float32
        in pixels; ``conditions``, as bytes of JSON, a list with a dictionary for each photo.

    Example:
        >>> group = render_group([7], 1, size=32)
        >>> group["landmarks"].shape
        (1, 5, 2)
    """
    cv2.setNumThreads(1)
    files, marks, rows = [], [], []
    for seed in seeds:
        identity = sample_identity(seed)
        sitter = Sitter(identity)
        sex = "female" if identity.female else "male"
        who = {"seed": seed, "sex": sex, "age": round(identity.age), "skin": identity.skin}
        for index in range(photos):
            conditions = sample_conditions(identity, np.random.default_rng([seed, 10, index]), regime=regime)
            photo = take_photo(sitter, conditions, size=size, margin=margin)
            files.append(photo.jpeg)
            marks.append(photo.landmarks)
            rows.append(who | conditions.record())
    return {
        "jpeg": np.frombuffer(b"".join(files), np.uint8),
        "ends": np.cumsum([len(file) for file in files]),
        "landmarks": np.array(marks, np.float32),
        "conditions": np.frombuffer(json.dumps(rows).encode(), np.uint8),
    }
