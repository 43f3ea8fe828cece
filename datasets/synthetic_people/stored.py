"""Photos of a few people at a time, as one set of arrays that a file can hold; read without the renderer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

VERSION = 6  # of the renderer: raise it when the same seed gives other pixels
# First seeds of the people on whom the look was chosen, and of those who were looked at only to report figures.
DEVELOPMENT, REPORT = 0, 4_200_000
PER_FILE = 8  # people
REGIMES = ("common", "celebrity", "mixed")
DEMO = Path(__file__).with_name("demo")  # groups that were rendered before, in files named by group_name
KEYS = ("jpeg", "ends", "landmarks", "conditions")


def group_name(seeds: Sequence[int], photos: int, *, size: int, margin: float, regime: str) -> str:
    """What a file with this group is called; the renderer's version and all arguments are in it."""
    recipe = {"renderer": VERSION, "seeds": seeds, "photos": photos, "size": size, "margin": margin, "regime": regime}
    return f"people-{hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:16]}.npz"


def first_of(group: Mapping[str, NDArray[Any]], photos: int) -> dict[str, NDArray[Any]]:
    """The first so many photos of a group."""
    rows = json.dumps(json.loads(bytes(group["conditions"]))[:photos]).encode()
    kept = {key: group[key][:photos] for key in ("ends", "landmarks")}
    return {"jpeg": group["jpeg"], **kept, "conditions": np.frombuffer(rows, np.uint8)}


def jpegs(group: Mapping[str, NDArray[Any]]) -> list[bytes]:
    """The files of a group's photos."""
    data, ends = bytes(group["jpeg"]), group["ends"]
    return [data[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def decode(jpeg: bytes) -> NDArray[np.uint8]:
    """The pixels ``(H, W, 3)`` RGB of a JPEG file's bytes.

    Raises:
        ValueError: if they are no JPEG file.
    """
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError("not a JPEG file")
    return np.ascontiguousarray(picture[..., ::-1])
