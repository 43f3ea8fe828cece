"""Photos as people have them: read, aligned, and changed only where a face is."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from opom_edu.errors import MissingExtraError, PhotoError
from opom_edu.faces import photos
from opom_edu.faces.photos import ARCFACE, Array, Pixels, alignment, inverse, lay_in, moved, read_photo, save_photo, warp

EPS = 8 / 255
GENERATOR = np.random.default_rng(0)
COLORED = GENERATOR.integers(0, 256, (40, 60, 3), np.uint8)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def write(path: Path, pixels: np.ndarray = COLORED, mode: str | None = None, **options: object) -> Path:
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path, **options)
    return path


def test_a_photo_is_turned_as_its_tag_says_and_keeps_its_profile(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    photo = read_photo(write(tmp_path / "a.png", exif=exif, icc_profile=SRGB))
    assert np.array_equal(photo.pixels, np.rot90(COLORED, -1))
    save_photo(photo, photo.pixels, tmp_path / "b.png")
    with Image.open(tmp_path / "b.png") as copy:
        assert copy.size == (40, 60)
        assert copy.info["icc_profile"] == SRGB
        assert 0x0112 not in copy.getexif()


KINDS = {
    "gray": ("L", "L", ""),
    "palette": ("P", "RGB", ""),
    "alpha": ("RGBA", "RGBA", ""),
    "gray with alpha": ("LA", "LA", ""),
    "black and white": ("1", "L", ""),
    "CMYK": ("CMYK", "RGB", "converted from CMYK to RGB"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_pixels(tmp_path: Path, kind: str) -> None:
    mode, kept, says = KINDS[kind]
    path = write(tmp_path / ("a.tif" if mode == "CMYK" else "a.png"), mode=mode)
    photo = read_photo(path)
    assert (photo.mode, "; ".join(photo.changes)) == (kept, says)
    save_photo(photo, photo.pixels, tmp_path / "b.png")
    with Image.open(path) as original, Image.open(tmp_path / "b.png") as copy:
        assert copy.mode == kept
        assert np.array_equal(np.asarray(copy), np.asarray(original.convert(kept)))


def test_16_bit_is_reduced_and_said(tmp_path: Path) -> None:
    photo = read_photo(write(tmp_path / "a.png", np.full((9, 9), 7 * 257, np.uint16)))
    assert photo.changes == ("reduced from 16 to 8 bit",)
    assert (photo.mode, int(photo.pixels.max()), photo.gray) == ("L", 7, True)


def animated(path: Path) -> None:
    Image.fromarray(COLORED).save(path, "GIF", save_all=True, append_images=[Image.fromarray(255 - COLORED)])


def corrupt(path: Path) -> None:
    data = bytearray(write(path).read_bytes())
    data[600:900] = bytes(300)
    path.write_bytes(data)


BAD = {
    "corrupt": (corrupt, "broken"),
    "not an image": (lambda path: path.write_text("<b>hello"), "cannot identify"),
    "zero bytes": (lambda path: path.write_bytes(b""), "the file is empty"),
    "truncated": (lambda path: path.write_bytes(write(path).read_bytes()[:600]), "truncated|broken"),
    "animated": (animated, "2 pictures"),
    "floats": (lambda path: write(path, np.full((9, 9), 0.5, np.float32), format="TIFF"), "floating-point"),
    "too large": (lambda path: write(path, np.zeros((50, 50), np.uint8)), "million allowed"),
    "a folder": (lambda path: path.mkdir(), "directory"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_read_is_named(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, says = BAD[kind]
    monkeypatch.setattr(photos, "MAX_PIXELS", 2499)
    make(tmp_path / "a.png")
    with pytest.raises(PhotoError, match=rf"a\.png cannot be read: .*({says})"):
        read_photo(tmp_path / "a.png")


def test_a_decompression_bomb_is_refused_unread(tmp_path: Path) -> None:
    """A few hundred bytes that claim to be 900 million pixels."""
    buffer = io.BytesIO()
    Image.new("1", (8, 8)).save(buffer, "PNG")
    data = bytearray(buffer.getvalue())
    data[16:24] = (30_000).to_bytes(4, "big") * 2
    data[29:33] = __import__("zlib").crc32(data[12:29]).to_bytes(4, "big")
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(PhotoError, match=r"bomb|million allowed"):
        read_photo(tmp_path / "a.png")


def test_heic_with_and_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(20))
    with monkeypatch.context() as patch:
        patch.setitem(__import__("sys").modules, "pillow_heif", None)
        with pytest.raises(MissingExtraError, match=r"a\.heic is a HEIC photo.*opom_edu\[heic\]"):
            read_photo(tmp_path / "a.heic")
    heif = pytest.importorskip("pillow_heif", reason="the extra 'heic' is not installed")
    heif.from_pillow(Image.fromarray(np.full((64, 64, 3), 90, np.uint8))).save(tmp_path / "a.heic")
    assert abs(int(read_photo(tmp_path / "a.heic").pixels.mean()) - 90) < 3


def test_place_camera_and_thumbnail_are_dropped_unless_asked_for(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8769)[0x927C] = b"secret preview"
    path = write(tmp_path / "a.jpg", exif=exif, comment=b"hello")
    photo = read_photo(path)
    assert photo.mark == ""
    for quality, name in ((None, "b.png"), (90, "b.jpg")):
        save_photo(photo, photo.pixels, tmp_path / name, quality=quality, mark="x")
        copy = read_photo(tmp_path / name)
        assert copy.mark == "protected by opom_edu x"
        assert set(copy.exif) == {0x0131}
        assert b"hello" not in (tmp_path / name).read_bytes()
        save_photo(photo, photo.pixels, tmp_path / name, quality=quality, keep_exif=True)
        copy = read_photo(tmp_path / name)
        assert copy.exif[0x010F] == "Maker"
        assert copy.exif.get_ifd(0x8825)[1] == "N"
        assert b"secret" not in (tmp_path / name).read_bytes()


def similarity(side: float, degrees: float, middle: tuple[float, float]) -> Array:
    """From a photo to the crop: the face's crop ``side`` pixels wide there, turned, around ``middle``."""
    turn = np.deg2rad(degrees)
    rotation = side / 112 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return inverse(np.column_stack([rotation, np.array(middle) - rotation @ [55.5, 55.5]]))


@pytest.mark.parametrize("degrees", [0, 17, -160])
def test_alignment_is_the_similarity_between_landmarks(degrees: float) -> None:
    matrix = similarity(500, degrees, (900, 700))
    np.testing.assert_allclose(alignment(moved(ARCFACE, inverse(matrix))), matrix, atol=1e-9)


@pytest.mark.parametrize("side", [30, 112, 260, 900])
def test_a_crop_comes_back_from_the_photo(side: int) -> None:
    crop = cv2.resize(GENERATOR.integers(0, 256, (5, 5, 3), np.uint8), (112, 112), interpolation=cv2.INTER_CUBIC)
    matrix = similarity(side, 20, (700, 650))
    photo = warp(crop, inverse(matrix), (1400, 1300))
    error = np.abs(warp(photo, matrix, (112, 112)).astype(int) - crop)[8:-8, 8:-8]
    assert error.mean() < (6 if side < 112 else 1.5)


def blank(height: int = 300, width: int = 400) -> Pixels:
    return GENERATOR.integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("eps", [EPS, 0.03, 0])
def test_only_the_face_changes_and_by_no_more_than_eps(eps: float) -> None:
    photo, matrix = blank(), similarity(150, 30, (200, 150))
    laid = lay_in(photo, [(matrix, np.full((112, 112, 3), 0.1, np.float32))], eps=eps)
    difference = laid.astype(int) - photo
    assert difference.max() == int(eps * 255 + 1e-6)
    assert difference.min() == 0
    y, x = np.mgrid[:300, :400]
    crop = moved(np.stack([x, y], -1).reshape(-1, 2), matrix).reshape(300, 400, 2)
    outside = ((crop < -1) | (crop > 112)).any(-1)
    assert not difference[outside].any()


def test_a_face_cut_by_the_border_and_one_beyond_it() -> None:
    photo, change = blank(), np.full((112, 112, 3), EPS, np.float32)
    laid = lay_in(photo, [(similarity(200, 0, (10, 150)), change), (similarity(50, 0, (900, 50)), change)], eps=EPS)
    assert (laid != photo).any(-1)[:, :100].any()
    assert np.array_equal(laid[:, 120:], photo[:, 120:])
    assert warp(photo, similarity(200, 0, (10, 150)), (112, 112)).shape == (112, 112, 3)
    assert not warp(photo, similarity(50, 0, (900, 50)), (112, 112)).any()


def test_overlapping_faces_stay_within_eps_and_gray_stays_gray() -> None:
    photo = np.repeat(blank()[..., :1], 3, 2)
    change = GENERATOR.uniform(-EPS, EPS, (112, 112, 3)).astype(np.float32)
    laid = lay_in(
        photo, [(similarity(150, 0, (200, 150)), change), (similarity(150, 5, (220, 150)), change)], eps=EPS, gray=True
    )
    assert np.abs(laid.astype(int) - photo).max() <= 8
    assert (laid == laid[..., :1]).all()
    assert (laid != photo).any()


def test_the_mask_survives_the_way_into_the_photo_and_back() -> None:
    """Smooth noise: what remains of it after a large photo, in the middle of the crop."""
    change = cv2.resize(GENERATOR.uniform(-EPS, EPS, (28, 28, 3)).astype(np.float32), (112, 112))
    matrix = similarity(600, 12, (500, 500))
    photo = np.full((1000, 1000, 3), 128, np.uint8)
    laid = lay_in(photo, [(matrix, change)], eps=EPS)
    back = (warp(laid.astype(np.float32), matrix, (112, 112)) - 128) / 255
    assert np.corrcoef(back[10:-10, 10:-10].ravel(), change[10:-10, 10:-10].ravel())[0, 1] > 0.95
