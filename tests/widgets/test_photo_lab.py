"""The photo lab without a browser, on patterns of blobs whose places a finder knows."""

import datetime
import io
import re
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from opom_edu.faces.photos import Photo, read_photo
from opom_edu.recognizers import Recognizer
from tests.conftest import smooth_noise
from tests.protect.albums import blobs, find, picture

pytest.importorskip("ipywidgets", reason="widgets need the extra: pip install 'opom_edu[lab]'")
from opom_edu.widgets import PhotoLab, photo_lab


def uploaded(name: str, data: bytes) -> dict[str, object]:
    """As the browser hands a file over."""
    modified = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    return {"name": name, "type": "image/png", "size": len(data), "last_modified": modified, "content": memoryview(data)}


def content(*faces: torch.Tensor | None) -> bytes:
    file = io.BytesIO()
    picture(*faces).save(file, format="PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def photos() -> dict[str, Photo]:
    return {f"<b>{i}": read_photo(content(face)) for i, face in enumerate(blobs(0, 4))}


@pytest.fixture
def lab(photos: dict[str, Photo], surrogate: Recognizer, black_box: Recognizer) -> Iterator[PhotoLab]:
    strangers = smooth_noise(46, torch.Generator().manual_seed(1))
    lab = photo_lab(photos, surrogate, [black_box], strangers=strangers, find=find)
    yield lab.wait()  # type: ignore[misc]
    lab.close()


def figures(lab: PhotoLab) -> list[list[float]]:
    """The rows of the board: similarity before and after, and the threshold."""
    rows = lab.wait().board.value.split("<tr>")[2:]  # type: ignore[attr-defined]
    found = [re.findall(r'"similarity (\S+), threshold (\S+)"', row) for row in rows]
    return [[float(row[0][0]), float(row[2][0]), float(row[0][1])] for row in found]  # each is a label and a title


def test_a_mask_learned_from_the_other_photos_lowers_the_similarity(lab: PhotoLab) -> None:
    white, black = figures(lab)
    assert lab.alert.value == ""
    assert white[1] < white[0]
    assert -1 < black[2] < 1
    lab.slider.value = 16
    larger = figures(lab)[0]
    assert larger[1] < white[1]
    lab.photo.value = "<b>2"
    assert figures(lab)[0] != larger


def test_the_difference_is_that_of_the_pictures(lab: PhotoLab) -> None:
    before, after, difference = (picture._shown[0] for picture in lab.pictures)
    assert before.shape == (3, 180, 180)
    assert 0 < float((after - before).abs().max()) <= 8.01 / 255
    torch.testing.assert_close(difference, (0.5 + 10 * (after - before)).clamp(0, 1), atol=1e-4, rtol=0)


def test_uploaded_photos_take_the_place_of_the_others(lab: PhotoLab) -> None:
    lab.upload.value = [uploaded(f"{i}.png", content(face)) for i, face in enumerate(blobs(1, 3))]
    assert len(figures(lab)) == 2
    assert lab.photo.options == ("0.png", "1.png")
    assert lab.upload.value == ()
    lab.upload.value = [uploaded("<i>.png", b"no image")]
    lab.wait()
    assert "&lt;i&gt;.png cannot be read" in lab.alert.value
    assert lab.photo.options == ("0.png", "1.png")
    good = [uploaded(f"{i}.jpg", content(face)) for i, face in enumerate(blobs(1, 4))]
    lab.upload.value = [*good, uploaded("<i>.png", b"no image")]
    assert lab.photo.options == ("0.jpg", "1.jpg", "2.jpg")


def test_the_largest_face_counts_wherever_it_is(surrogate: Recognizer) -> None:
    photos = {f"{i}": read_photo(content(one, other)) for i, (one, other) in enumerate(zip(blobs(0), blobs(1), strict=True))}
    lab = photo_lab(photos, surrogate, find=lambda pixels: find(pixels)[::-1]).wait()
    sides = [112 / np.hypot(*faces.matrices[0][:, 0]) for faces in lab._faces.values()]  # type: ignore[attr-defined]
    assert sides == pytest.approx([130] * 5, abs=1)  # the other, of 110, lies further to the right
    lab.close()


def test_where_there_is_nothing_to_learn_from_it_says_so(photos: dict[str, Photo], surrogate: Recognizer) -> None:
    nobody = read_photo(content(None))
    for given, says in (
        ({"a": photos["<b>0"], "b": nobody}, "no face was found in any other photo"),
        ({"b": nobody, "a": photos["<b>0"]}, "no face was found in b"),
    ):
        lab = photo_lab(given, surrogate, find=find)
        assert says in lab.wait().alert.value  # type: ignore[attr-defined]
        lab.close()
    lab = photo_lab({}, surrogate, find=find)
    assert "upload two photos or more" in lab.wait().status.value  # type: ignore[attr-defined]
    lab.close()


def test_names_are_escaped_and_a_recognizer_without_a_threshold_is_said(
    photos: dict[str, Photo], surrogate: Recognizer
) -> None:
    lab = photo_lab(photos, surrogate, find=find).wait()
    still = lab._repr_mimebundle_()["text/html"]
    assert "&lt;b&gt;0" in still
    assert "<b>0" not in still
    assert "match" not in lab.board.value  # type: ignore[attr-defined]
    lab.close()
    with pytest.raises(ValueError, match="unknown photo 'x'; choose one of <b>0"):
        photo_lab(photos, surrogate, find=find, photo="x")
    with pytest.raises(ValueError, match="must be a Recognizer"):
        photo_lab(photos, "dlib", find=find)  # type: ignore[arg-type]
    assert np.all([photo.pixels.shape == (200, 360, 3) for photo in photos.values()])
