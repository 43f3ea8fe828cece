"""MTCNN finds faces, also small and turned ones, and finds them where they are."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from synthetic_people.camera import take_photo
from synthetic_people.conditions import sample_conditions
from synthetic_people.identity import sample_identity
from synthetic_people.sitter import Sitter

from opom_edu.errors import WeightsError
from opom_edu.faces import mtcnn
from opom_edu.faces.finder import finder_of
from opom_edu.faces.mtcnn import find_faces, look_again
from opom_edu.faces.photos import ARCFACE, Array, Pixels, alignment
from opom_edu.faces.synthetic import render_people
from tests.faces.test_finder import errors_of, pasted, refined_in_crop, scene
from tests.faces.test_photos import similarity

NEAR = 20  # pixels of the crop within which a found face is the one that was pasted


@pytest.fixture(scope="module")
def faces() -> list[Pixels]:
    return list(render_people(range(3_000_000, 3_000_004), 1, size=224, margin=0.0).images[:])


def test_nobody_in_pictures_without_faces() -> None:
    generator = np.random.default_rng(0)
    gray, noise = np.full((50, 90, 3), 99, np.uint8), generator.integers(0, 256, (300, 200, 3), np.uint8)
    for picture in (gray, noise, noise[:1, :1], noise[:9], np.ascontiguousarray(noise.transpose(1, 0, 2))):
        assert find_faces(picture).shape == (0, 5, 2)


def test_faces_of_any_size_are_found_where_they_are(faces: list[Pixels]) -> None:
    for face, side, degrees in zip(faces, (60, 200, 700, 1500), (-15, 12, 0, 20), strict=True):
        size = round(1.3 * side) + 100
        matrix = similarity(side, degrees, (size / 2, size / 2))
        found = find_faces(pasted(face, matrix, size))
        assert len(found) == 1
        assert errors_of(found, matrix).mean() < 5  # the template means a real face's points


def test_fifty_faces_and_one_of_twenty_pixels() -> None:
    face = render_people(range(3_000_000, 3_000_001), 1, size=112, margin=0.25).images[0]
    assert len(find_faces(np.concatenate([np.concatenate([face] * 10, 1)] * 5))) == 50
    assert len(find_faces(scene(face, 30))) == 1  # the face itself: 20 pixels
    assert len(find_faces(scene(face, 30), smallest=60)) == 0
    with pytest.raises(ValueError, match="smallest must be at least 12"):
        find_faces(face, smallest=11)


@pytest.mark.slow
def test_heads_turned_by_50_to_70_degrees_are_found() -> None:
    found = 0
    for seed in range(40):
        who, rng = sample_identity(5_000_000 + seed), np.random.default_rng(seed)
        turned = replace(sample_conditions(who, rng), yaw=float(rng.choice([-1, 1]) * rng.uniform(50, 70)))
        photo = take_photo(Sitter(who), turned, size=(600, 800), scene=((0.65, 0.5), 0.16))
        distances = [np.linalg.norm(marks.mean(0) - photo.landmarks.mean(0)) for marks in find_faces(photo.pixels)]
        found += min(distances, default=np.inf) < 40
    assert found >= 36


def test_the_second_look_steadies_what_boxes_make_jump(faces: list[Pixels]) -> None:
    photo = pasted(faces[0], similarity(300, 0, (300, 300)), 600)
    (first,) = find_faces(photo)
    around = [look_again(photo, alignment(first + shift)) for shift in (-6, -3, 3, 6)]
    assert max(np.abs(again - first).max() for again in around) < 6  # of 300 pixels: two in the crop


def test_threads_are_given_back_and_the_same_is_found_again(faces: list[Pixels]) -> None:
    threads, photo = torch.get_num_threads(), pasted(faces[1], similarity(200, 5, (200, 200)), 400)
    assert np.array_equal(find_faces(photo), find_faces(photo))
    assert torch.get_num_threads() == threads


def test_damaged_weights_are_said_and_nothing_is_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for content in (None, b"", mtcnn.WEIGHTS.read_bytes()[:-1] + b"!"):
        monkeypatch.setattr(mtcnn, "WEIGHTS", tmp_path / "mtcnn.safetensors")
        if content is not None:
            mtcnn.WEIGHTS.write_bytes(content)
        mtcnn.networks.cache_clear()
        with pytest.raises(WeightsError, match=r"mtcnn\.safetensors is missing or damaged; install"):
            find_faces(np.full((50, 90, 3), 99, np.uint8))
        monkeypatch.undo()
    assert find_faces(np.full((50, 90, 3), 99, np.uint8)).shape == (0, 5, 2)


def test_an_unknown_finder_names_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="no finder 'hog'; there are mtcnn, dlib"):
        finder_of("hog")


@pytest.mark.slow
def test_real_faces_in_large_photos(real: Path) -> None:
    """All 480 crops of twelve people, at 400 to 2000 pixels, turned by up to 20 degrees, by how far a face is from frontal:
    the largest distance of dlib's points in the crop from the template, below 3 pixels, below 8, or more."""
    generator = np.random.default_rng(0)
    errors: dict[str, list[Array]] = {"frontal": [], "half": [], "far": []}
    more, small = 0, 0
    for path in sorted((real / "faces").glob("*/*.png")):
        crop = np.asarray(Image.open(path).convert("RGB"))
        off = np.abs(refined_in_crop(crop) - ARCFACE).max()
        side = 400 * 5 ** generator.uniform()
        size, degrees = round(1.3 * side) + 200, generator.uniform(-20, 20)
        matrix = similarity(side, degrees, (size / 2, size / 2))
        found = find_faces(pasted(crop, matrix, size))
        error = errors_of(found, matrix)
        if error.mean() < NEAR:
            errors["frontal" if off < 3 else "half" if off < 8 else "far"].append(error)
            more += len(found) - 1
        else:
            more += len(found)
        if off < 3:
            matrix = similarity(20, degrees, (300, 200))
            small += errors_of(find_faces(pasted(crop, matrix, 600)), matrix).mean() < NEAR
    assert sum(map(len, errors.values())) >= 478
    assert more <= 2
    assert np.median(np.max(errors["frontal"], 1)) <= 1.25
    assert np.mean(errors["far"]) <= 2.1
    assert small >= 75  # of 82
