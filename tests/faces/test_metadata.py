"""What a copy keeps of a photo's file: no preview of the face as it was, nothing that was erased, and the same colors."""

import base64
import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin, TiffImagePlugin

from opom_edu.errors import PhotoError
from opom_edu.faces.metadata import EXIF, GPS, KEPT, kept_exif
from opom_edu.faces.photos import read_photo, save_photo
from opom_edu.files import replacing

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))


def preview() -> bytes:
    PICTURE.resize((48, 48)).save(file := io.BytesIO(), "JPEG")
    return file.getvalue()


def copy(source: Path, quality: int | None = 90) -> Path:
    photo = read_photo(source)
    target = source.with_name(f"copy{'.png' if quality is None else '.jpg'}")
    save_photo(photo, photo.pixels, target, quality=quality, keep_exif=True)
    return target


@pytest.mark.parametrize("quality", [None, 90])
@pytest.mark.parametrize("tag", [34377, 700, 0xC4A5, 0x9286, 0x927C, 0xEA1C, 50706, 51125, 65000])
def test_no_tag_carries_a_preview(tmp_path: Path, tag: int, quality: int | None) -> None:
    """Photoshop's, XMP, printer's, comments, makers' notes, padding, private ones."""
    held, exif = preview(), Image.Exif()
    exif[0x0110] = "a camera"
    (exif.get_ifd(EXIF) if tag in (0x9286, 0x927C) else exif)[tag] = held
    PICTURE.save(source := tmp_path / "a.jpg", exif=exif)
    made = copy(source, quality).read_bytes()
    assert held[-200:] not in made
    assert base64.b64encode(held)[-200:-4] not in made
    assert b"a camera" in made


def test_a_tiffs_own_previews_are_left_out_too(tmp_path: Path) -> None:
    held, tags = preview(), TiffImagePlugin.ImageFileDirectory_v2()
    tags[700] = b"<xmpGImg:image>" + base64.b64encode(held) + b"</xmpGImg:image>"
    tags.tagtype[700] = 1
    tags[34377] = b"8BIM" + held
    tags.tagtype[34377] = 7
    PICTURE.save(source := tmp_path / "a.tif", tiffinfo=tags)
    made = copy(source).read_bytes()
    assert held[-200:] not in made
    assert base64.b64encode(held)[-200:-4] not in made


def test_camera_time_and_place_are_kept_and_long_texts_are_not() -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x010E] = "maker", "x" * 5000
    exif.get_ifd(EXIF).update({0x829A: 0.01, 0x9003: "2026:11:01 10:00:00", 0xA431: "serial number"})
    exif.get_ifd(GPS).update({1: "N", 2: (50.0, 1.0, 2.0)})
    kept = kept_exif(exif)
    assert kept[0x010F] == "maker"
    assert 0x010E not in kept
    assert set(kept.get_ifd(EXIF)) == {0x829A, 0x9003}
    assert set(kept.get_ifd(GPS)) == {1, 2}
    assert not {0x927C, 0x9286, 700, 34377} & {tag for tags in KEPT.values() for tag in tags}


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_was_erased_stays_so_in_a_jpeg(tmp_path: Path, mode: str) -> None:
    image = PICTURE.convert(mode.removesuffix("A") if mode != "P" else "L")
    if mode == "P":
        image.save(source := tmp_path / "a.png", transparency=int(np.asarray(image)[0, 0]))
    else:
        alpha = np.full((64, 64), 255, np.uint8)
        alpha[:20], alpha[20:24] = 0, 128
        image.putalpha(Image.fromarray(alpha))
        image.save(source := tmp_path / "a.png")
    photo = read_photo(source)
    assert photo.lost_in_jpeg() == ["transparent parts are white in the JPEG"]
    made = np.asarray(Image.open(copy(source, 100)).convert("RGB")).astype(int)
    assert photo.alpha is not None
    assert made[photo.alpha == 0].min() > 200
    expected = photo.pixels * (photo.alpha[..., None] / 255) + 255 - photo.alpha[..., None]
    assert np.abs(made - expected).mean() < 4


P3 = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
CHUNKS = {
    "linear": [(b"gAMA", struct.pack(">I", 100000))],
    "P3 as cICP": [(b"cICP", bytes([12, 13, 0, 1]))],
    "P3 as cHRM": [(b"gAMA", struct.pack(">I", 45455)), (b"cHRM", struct.pack(">8I", *P3))],
    "sRGB": [(b"sRGB", b"\1")],
    "PQ": [(b"cICP", bytes([9, 16, 0, 1]))],
}  # fmt: skip


@pytest.mark.parametrize("name", CHUNKS)
def test_a_png_keeps_what_its_colors_mean(tmp_path: Path, name: str) -> None:
    info = PngImagePlugin.PngInfo()
    for chunk in CHUNKS[name]:
        info.add(*chunk)
    PICTURE.save(source := tmp_path / "a.png", pnginfo=info)
    made = copy(source, None)
    assert all(kind + content in made.read_bytes() for kind, content in CHUNKS[name])
    assert np.array_equal(read_photo(made).pixels, np.asarray(PICTURE))
    told = read_photo(source).lost_in_jpeg()
    assert bool(told) == (name != "sRGB")


def test_a_profile_makes_color_chunks_needless(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add(b"gAMA", struct.pack(">I", 100000))
    PICTURE.save(source := tmp_path / "a.png", pnginfo=info, icc_profile=b"a profile")
    made = copy(source, None).read_bytes()
    assert b"iCCP" in made
    assert b"gAMA" not in made


def raw(previews: bool, version: bool) -> bytes:
    """A TIFF of one small picture that may say it is a preview, or a digital negative's."""
    pixels = np.asarray(PICTURE).tobytes()
    tags = [(254, 4, 1, int(previews)), (256, 4, 1, 64), (257, 4, 1, 64), (258, 3, 3, 0), (259, 3, 1, 1), (262, 3, 1, 2),
            (273, 4, 1, 0), (277, 3, 1, 3), (278, 4, 1, 64), (279, 4, 1, len(pixels))]  # fmt: skip
    tags += [(50706, 1, 4, 0x0401)] if version else []
    data = 8 + 2 + 12 * len(tags) + 4
    place = {273: data, 258: data + len(pixels)}
    entries = b"".join(struct.pack("<HHII", tag, kind, count, place.get(tag, value)) for tag, kind, count, value in tags)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4) + pixels + struct.pack("<3H", 8, 8, 8)


@pytest.mark.parametrize(("previews", "version"), [(True, False), (False, True), (True, True)])
def test_a_raw_files_preview_is_not_taken_for_the_photo(previews: bool, version: bool) -> None:
    with pytest.raises(PhotoError, match=r"camera's raw file, or holds a preview first; export it as JPEG or TIFF"):
        read_photo(raw(previews, version), name="a.tif")
    assert read_photo(raw(False, False), name="a.tif").pixels.shape == (64, 64, 3)


@pytest.mark.parametrize("suffix", [".NEF", ".dng", ".cr3", ".RAF", ".arw"])
def test_raw_files_are_named_whatever_is_in_them(tmp_path: Path, suffix: str) -> None:
    (file := tmp_path / f"DSC_1{suffix}").write_bytes(b"whatever")
    with pytest.raises(PhotoError, match=f"DSC_1{suffix} is a camera's raw file"):
        read_photo(file)


def test_a_file_system_without_rights_takes_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chmod", refuse)
    monkeypatch.setattr(Path, "chmod", refuse)
    with replacing(tmp_path / "a.txt") as path:
        path.write_text("whole")
    assert (tmp_path / "a.txt").read_text() == "whole"
