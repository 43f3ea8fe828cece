"""People who are patterns of blobs, pasted into two places of every photo, a finder that knows the places, and a run."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from torch import Tensor

from opom_edu.faces.photos import ARCFACE, Array, Pixels, inverse, moved
from opom_edu.masks import OPOM
from opom_edu.protect import Report, protect_folder
from opom_edu.recognizers import Recognizer
from tests.conftest import make_person
from tests.faces.test_photos import similarity

PLACES = (similarity(130, 10, (90, 100)), similarity(110, -8, (260, 100)))  # from a photo of 360x200 to the crops
STRANGER = 77
THRESHOLD = 0.6


def find(pixels: Pixels) -> Array:
    """A face is where the background is not."""
    marks = [moved(ARCFACE, inverse(matrix)) for matrix in PLACES]
    there = [points for points in marks if (pixels[tuple(points[2].astype(int)[::-1])] != 200).any()]
    return np.array(there).reshape(-1, 5, 2)


def picture(*faces: Tensor | None) -> Image.Image:
    """A photo of up to two faces ``(3, 112, 112)`` on a gray ground."""
    pixels = np.full((200, 360, 3), 200, np.uint8)
    for face, matrix in zip(faces, PLACES, strict=False):
        if face is not None:
            crop = (face * 255).round().byte().permute(1, 2, 0).numpy()
            back = inverse(matrix)
            layer = cv2.warpAffine(crop, back, (360, 200))
            pixels = np.where(cv2.warpAffine(np.ones_like(crop), back, (360, 200), flags=0) > 0, layer, pixels)
    return Image.fromarray(pixels)


def blobs(seed: int, count: int = 6) -> Tensor:
    return make_person("", seed, photos=count, train=1).test


def run(folder: Path, surrogate: Recognizer, **options: object) -> Report:
    chosen = {"learn": 5, "threshold": THRESHOLD, "find": find} | options
    return protect_folder(folder, folder.parent / "out", method=OPOM(surrogate, steps=7), **chosen)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
