"""dlib finds faces, and finds them where they are."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from opom_edu.faces.finder import dlib_finder
from opom_edu.faces.photos import ARCFACE, Array, Pixels, alignment, inverse, lay_in, moved, warp
from opom_edu.faces.synthetic import render_people
from tests.faces.test_photos import similarity

pytest.importorskip("dlib", reason="the extra 'dlib' is not installed")


def pasted(crop: Pixels, matrix: Array, width: int = 3000, height: int = 2400) -> Pixels:
    """The square ``crop`` in a large photo of soft colors; ``matrix`` takes the photo to 112 pixels' crop."""
    generator = np.random.default_rng(7)
    scene = cv2.resize(generator.integers(60, 200, (6, 8, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    ratio = len(crop) / 112
    resized = np.array([[ratio, 0, (ratio - 1) / 2], [0, ratio, (ratio - 1) / 2]])
    into = inverse(resized @ np.vstack([matrix, [0, 0, 1]]))
    covered = cv2.warpAffine(np.ones(crop.shape[:2], np.uint8), into, (width, height), flags=cv2.INTER_NEAREST)
    layer = cv2.warpAffine(crop, into, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.where(covered[..., None] > 0, layer, scene)


def error_of(found: Array, matrix: Array) -> float:
    """Mean distance of the five points, in pixels of the crop, between the found alignment and the known paste."""
    there = moved(ARCFACE, inverse(matrix))
    return min(
        (float(np.linalg.norm(moved(there, alignment(points)) - ARCFACE, axis=1).mean()) for points in found), default=np.inf
    )


def check_paste(crop: Pixels, number: int) -> float:
    """Paste at 400 to 2000 pixels, turned by up to 15 degrees; find, change and measure it."""
    generator = np.random.default_rng(number)
    side = float(np.exp(generator.uniform(np.log(400), np.log(2000))))
    matrix = similarity(side, generator.uniform(-15, 15), (1500, 1200))
    photo = pasted(crop, matrix)
    found = dlib_finder()(photo)
    change = generator.uniform(-8 / 255, 8 / 255, (112, 112, 3)).astype(np.float32)
    laid = lay_in(photo, [(alignment(points), change) for points in found], eps=8 / 255)
    difference = np.abs(laid.astype(int) - photo)
    assert difference.max() <= 8
    outside = np.ones(photo.shape[:2], bool)
    for points in found:
        inside = warp(np.ones((112, 112, 3), np.uint8), inverse(alignment(points)), (3000, 2400))[..., 0] > 0
        outside &= ~cv2.dilate(inside.astype(np.uint8), np.ones((41, 41), np.uint8)).astype(bool)
    assert not difference[outside].any()
    return error_of(found, matrix)


def test_synthetic_faces_in_large_photos_are_found_where_they_are() -> None:
    """Rendered with a margin of half a crop, and their own landmarks known."""
    album = render_people(range(3_000_000, 3_000_003), 1, size=224, margin=0.5)
    errors = [check_paste(cv2.resize(image[56:168, 56:168], (112, 112)), i) for i, image in enumerate(album.images)]
    assert np.median(errors) < 4, errors


@pytest.mark.slow
def test_real_frontal_faces_in_large_photos_are_found_where_they_are(real: Path) -> None:
    """Frontal: in the crop itself, dlib's points lie within 3 pixels of the template."""
    errors = []
    for path in sorted((real / "faces").glob("*/*.png"))[::16]:
        crop = np.asarray(Image.open(path).convert("RGB"))
        points = landmarks_in_crop(crop)
        if np.abs(moved(points, alignment(points)) - ARCFACE).max() < 3:
            errors.append(check_paste(crop, len(errors)))
    assert len(errors) >= 5
    assert max(errors) < 2, errors


def landmarks_in_crop(crop: Pixels) -> NDArray[np.float64]:
    from opom_edu.faces.finder import _refined

    return _refined(crop, alignment(ARCFACE))


def test_no_face_fifty_faces_and_small_ones() -> None:
    find = dlib_finder()
    assert find(np.full((50, 90, 3), 99, np.uint8)).shape == (0, 5, 2)
    face = render_people(range(3_000_000, 3_000_001), 1, size=112, margin=0.25).images[0]
    row = np.concatenate([face] * 10, 1)
    fifty = find(np.concatenate([row] * 5))
    assert len(fifty) == 50
    small = np.full((200, 300, 3), 128, np.uint8)
    small[80:128, 120:168] = cv2.resize(face, (48, 48), interpolation=cv2.INTER_AREA)
    assert len(find(small)) == 0
    assert len(dlib_finder(upsample=3)(small)) == 1
    with pytest.raises(ValueError, match="upsample"):
        dlib_finder(upsample=9)


