"""Folders as people have them, protected: what is written, what is left alone, and what is said about it.

The people are patterns of blobs, pasted into two places of every photo; a finder knows the places.
"""

import shutil
import struct
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from typer.testing import CliRunner, Result

from opom_edu import cli, load_people, load_recognizer, protect
from opom_edu.errors import OpomError, PeopleError, PeopleWarning
from opom_edu.evaluation import Gallery, threshold_at
from opom_edu.faces.photos import ARCFACE, Array, Pixels, inverse, moved, read_photo, warp
from opom_edu.masks import OPOM
from opom_edu.protect import protect_folder, protect_photo
from opom_edu.protect_report import Report
from opom_edu.recognizers import Recognizer
from opom_edu.recognizers.zoo import WEIGHTS_VARIABLE
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


@pytest.fixture
def surrogate() -> Recognizer:
    """What differs between people are the blobs, so looking coarsely is enough to tell them apart."""
    torch.manual_seed(0)
    return Recognizer.from_module(
        nn.Sequential(nn.AvgPool2d(8), nn.Flatten(), nn.Linear(3 * 14 * 14, 64, bias=False)), name="coarse",
        preprocess=lambda x: x - x.mean((2, 3), keepdim=True),
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six photos each of Ann and Bob, and one of both with the order that the file's name says."""
    for seed, name in enumerate(("ann", "bob")):
        (tmp_path / "in" / name).mkdir(parents=True)
        for i, face in enumerate(blobs(seed, 7)):
            picture(face).save(tmp_path / "in" / name / f"{i}.png")
    picture(blobs(1)[0], blobs(0)[0]).save(tmp_path / "in" / "ann" / "bob, ann.png")
    return tmp_path / "in"


def run(folder: Path, surrogate: Recognizer, **options: object) -> Report:
    chosen = {"learn": 5, "threshold": THRESHOLD, "find": find} | options
    return protect_folder(folder, folder.parent / "out", method=OPOM(surrogate, steps=7), **chosen)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_everybody_gets_their_own_mask_and_originals_stay(folder: Path, surrogate: Recognizer) -> None:
    before = files(folder)
    report = run(folder, surrogate, recognizers=[Recognizer.from_callable(surrogate.embed, name="box")])
    assert files(folder) == before
    assert report.skipped == 0
    assert len(report.table) == 6 + 6 + 2  # two in one photo
    assert (report.table["coarse_after"] < report.table["coarse_before"]).all()
    assert list(report.recognizers["kind"]) == ["white box", "black box"]
    out = folder.parent / "out"
    assert {p.name for p in out.iterdir()} == {"photos", "masks", "report.html", "report.csv"}
    assert len(pd.read_csv(out / "report.csv")) == 14
    for original in folder.rglob("*.png"):
        copy = read_photo(out / "photos" / original.relative_to(folder))
        assert copy.mark
        changed = np.abs(copy.pixels.astype(int) - read_photo(original).pixels)
        assert 0 < changed.max() <= 8
        assert not changed[:, :10].any()
    pair = read_photo(out / "photos" / "ann" / "bob, ann.png").pixels.astype(int)
    assert np.abs(pair - read_photo(folder / "ann" / "bob, ann.png").pixels)[:, 220:300].any()


def test_strangers_are_left_as_they_are_and_counted(folder: Path, surrogate: Recognizer) -> None:
    picture(blobs(0)[1], blobs(STRANGER)[0]).save(folder / "ann" / "pair.png")
    picture(blobs(STRANGER)[1]).save(folder / "ann" / "alone.png")
    report = run(folder, surrogate)
    rows = report.table.set_index("photo")
    assert rows.loc["pair.png", "strangers"] == 1
    assert rows.loc["alone.png", "status"] == "skipped"
    assert "nobody's among the folders' people" in rows.loc["alone.png", "note"]
    laid = read_photo(folder.parent / "out" / "photos" / "ann" / "pair.png").pixels
    assert np.array_equal(laid[:, 200:], read_photo(folder / "ann" / "pair.png").pixels[:, 200:])


def test_somebody_twice_in_a_picture_is_masked_twice(folder: Path, surrogate: Recognizer) -> None:
    picture(blobs(0)[1], blobs(0)[2]).save(folder / "ann" / "collage.png")
    rows = run(folder, surrogate).table.set_index("photo").loc["collage.png"]
    assert rows["person"].tolist() == ["ann", "ann"]
    assert (rows["strangers"] == 0).all()
    laid = read_photo(folder.parent / "out" / "photos" / "ann" / "collage.png").pixels
    changed = (laid != read_photo(folder / "ann" / "collage.png").pixels).any(2)
    assert changed[:, :180].any()
    assert changed[:, 200:].any()


def test_a_folder_of_couples_is_of_whom_no_other_folder_is(tmp_path: Path, surrogate: Recognizer) -> None:
    faces = {name: blobs(seed) for seed, name in enumerate(("ann", "bob"))}
    for name in faces:
        (tmp_path / "in" / name).mkdir(parents=True)
    for i, (ann, bob) in enumerate(zip(*faces.values(), strict=True)):
        picture(ann).save(tmp_path / "in" / "ann" / f"{i}.png")
        picture(ann, bob).save(tmp_path / "in" / "bob" / f"{i}.png")
    report = run(tmp_path / "in", surrogate)
    assert (report.table["strangers"] == 0).all()
    assert len(report.table) == 5 + 2 * 5
    shutil.rmtree(tmp_path / "in" / "bob")
    shutil.copytree(tmp_path / "in" / "ann", tmp_path / "in" / "eve")
    with pytest.warns(PeopleWarning, match="ann and eve look like one person"):
        run(tmp_path / "in", surrogate)


def test_killed_and_started_again_gives_the_same_files(
    folder: Path, surrogate: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(folder, surrogate)
    out = folder.parent / "out"
    whole = files(out)
    fit, save = OPOM.fit, protect.save_photo
    for learned, written in ((1, 0), (9, 0), (9, 5)):
        shutil.rmtree(out)
        done = {"fit": 0, "save": 0}

        def counted(kind: str, limit: int, work: object, done: dict[str, int] = done) -> object:
            def call(*args: object, **options: object) -> object:
                if done[kind] == limit:
                    raise KeyboardInterrupt
                done[kind] += 1
                return work(*args, **options)  # type: ignore[operator]

            return call

        with monkeypatch.context() as patch:
            patch.setattr(OPOM, "fit", counted("fit", learned, fit))
            patch.setattr(protect, "save_photo", counted("save", written, save))
            with pytest.raises(KeyboardInterrupt):
                run(folder, surrogate)
        assert len(list(out.rglob("*.png"))) == written
        with monkeypatch.context() as patch:  # the masks that were learned are not learned again
            patch.setattr(OPOM, "fit", counted("fit", 2, fit))
            patch.setattr(protect, "save_photo", counted("save", 14, save))
            run(folder, surrogate)
        assert files(out) == whole
    with monkeypatch.context() as patch:
        patch.setattr(OPOM, "fit", None)
        patch.setattr(protect, "save_photo", None)
        run(folder, surrogate)


def test_a_photo_whose_exif_cannot_be_kept_is_said_and_the_rest_done(folder: Path, surrogate: Recognizer) -> None:
    turned = picture(blobs(0)[1]).transpose(Image.Transpose.ROTATE_90)
    turned.save(folder / "ann" / "odd.jpg", quality=95, exif=ODD_EXIF)
    report = run(folder, surrogate, keep_exif=True)
    assert report.skipped == 1
    note = report.table.set_index("photo").loc["odd.jpg", "note"]
    assert "cannot be written" in note
    assert "leave it out" in note


def test_jpeg_is_measured_as_it_was_saved(folder: Path, surrogate: Recognizer) -> None:
    report = run(folder, surrogate, quality=60)
    copies = list((folder.parent / "out" / "photos").rglob("*"))
    assert {p.suffix for p in copies if p.is_file()} == {".jpg"}
    assert (report.table["coarse_after"] != report.table["coarse_lossless"]).all()
    assert "JPEG of quality 60" in (folder.parent / "out" / "report.html").read_text()


def test_a_protected_photo_is_not_protected_twice_unless_forced(folder: Path, surrogate: Recognizer, tmp_path: Path) -> None:
    run(folder, surrogate)
    again = tmp_path / "again" / "in"
    shutil.copytree(tmp_path / "out" / "photos", again)
    with pytest.raises(PeopleError, match="protected already"):
        run(again, surrogate)
    assert run(again, surrogate, force=True).skipped == 0


def test_nothing_that_is_not_ours_is_overwritten(folder: Path, surrogate: Recognizer, tmp_path: Path) -> None:
    mine = tmp_path / "out" / "photos" / "ann" / "0.png"
    mine.parent.mkdir(parents=True)
    shutil.copy(folder / "bob" / "1.png", mine)
    (tmp_path / "out" / "photos" / "bob").symlink_to(folder / "bob")
    before = files(folder), mine.read_bytes()
    report = run(folder, surrogate)
    assert (files(folder), mine.read_bytes()) == before
    notes = report.table.set_index(["person", "photo"])["note"]
    assert "is there already and no protected photo" in notes["ann", "0.png"]
    assert "symbolic link" in notes["bob", "1.png"]
    assert report.skipped == 7
    for name, content in (("report.csv", "my tax report"), ("report.html", "<html>mine</html>")):
        (theirs := tmp_path / "theirs").mkdir(exist_ok=True)
        (theirs / name).write_text(content)
        with pytest.raises(OpomError, match=rf"{name} is there already and no report of ours"):
            protect_folder(folder, theirs, method=OPOM(surrogate), threshold=THRESHOLD, find=find)
        (theirs / name).unlink()
    for bad in (folder, folder / "new", folder.parent):
        with pytest.raises(OpomError, match="must not lie in one another"):
            protect_folder(folder, bad, method=OPOM(surrogate), threshold=THRESHOLD, find=find)
    with pytest.raises(OpomError, match=r"0\.png.* cannot take the results: .* is a file; name another folder"):
        protect_folder(folder, mine / "out", method=OPOM(surrogate), threshold=THRESHOLD, find=find)


def test_a_folder_that_cannot_be_written_to_is_named_first(
    folder: Path, surrogate: Recognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # chmod would not stop root
    with pytest.raises(OpomError, match=r"out cannot take the results: .* cannot be written to; name another folder"):
        run(folder, surrogate, find=None)
    assert not (tmp_path / "out").exists()


# As a camera should not write it: turned by 90 degrees, and with a width, which nobody needs, below zero.
ODD_EXIF = b"Exif\0\0" + struct.pack("<2sHLH HHLL HHLl L", b"II", 42, 8, 2, 0x0112, 3, 1, 6, 0x0100, 9, 1, -5, 0)
NASTY = "<img src=x onerror=alert(1)>\n\"'é\udcff"


def test_names_cannot_inject_html(folder: Path, surrogate: Recognizer, tmp_path: Path) -> None:
    (folder / "bob").rename(folder / NASTY)
    (folder / NASTY / "1.png").rename(folder / NASTY / f"{NASTY}.png")
    (folder / NASTY / "<b>.png").write_text("no image")
    report = run(folder, surrogate)
    assert report.skipped == 1
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<img src=x" not in html
    assert "<b>.png" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert (tmp_path / "out" / "photos" / NASTY / f"{NASTY}.png").is_file()
    run(folder, surrogate)  # what such names were kept under is found again


def test_what_was_kept_and_is_damaged_is_made_again(
    folder: Path, surrogate: Recognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opom_edu.protect.dlib_finder", lambda upsample: find)
    (folder / "bob").rename(folder / ("b" * 245))
    run(folder, surrogate, find=None)
    whole = files(tmp_path / "out")
    kept = [*(tmp_path / "out" / "masks").iterdir(), *(tmp_path / "out" / "faces").iterdir()]
    assert len(kept) == 2 + 13
    for file in kept:
        file.write_bytes(b"")
    run(folder, surrogate, find=None)
    assert files(tmp_path / "out") == whole


def test_everything_that_can_be_wrong_in_a_folder_is_said_and_the_rest_done(
    folder: Path, surrogate: Recognizer, tmp_path: Path
) -> None:
    ann = folder / "ann"
    (ann / "empty.jpg").write_bytes(b"")
    (ann / "cut.png").write_bytes((ann / "1.png").read_bytes()[:500])
    picture().save(ann / "landscape.png")
    (ann / "deeper").mkdir()
    (ann / ".hidden").write_text("x")
    shutil.copy(ann / "1.png", tmp_path / "elsewhere.png")
    (ann / "link.png").symlink_to(tmp_path / "elsewhere.png")
    (folder / "people").symlink_to(tmp_path)
    (folder / "void").mkdir()
    (ann / "loop.png").symlink_to(ann / "loop.png")
    picture(blobs(0)[1]).transpose(Image.Transpose.ROTATE_90).save(ann / "odd.jpg", quality=95, exif=ODD_EXIF)
    (folder / "loose.png").write_bytes((ann / "1.png").read_bytes())
    picture(blobs(0)[1]).save(ann / "1.jpg", quality=95)  # the same name as a PNG
    report = run(folder, surrogate)
    notes = report.table[report.table["status"] == "skipped"].set_index("photo")["note"]
    for name, says in {
        "empty.jpg": "the file is empty",
        "cut.png": "cannot be read",
        "landscape.png": "no face was found",
        "deeper": "is not a file",
        "link.png": "leads out of the folder",
        "people": "leads out of the folder",
        "loop.png": "leads out of the folder, or nowhere",
        "void": "without photos",
        "loose.png": "outside of the people's folders",
    }.items():
        assert says in notes[name]
    assert len(notes) == 9
    for name in ("1.png", "1.png.png", "odd.png"):
        assert (tmp_path / "out" / "photos" / "ann" / name).is_file()


def test_an_empty_folder_and_a_link_do_not_spoil_an_album(folder: Path, surrogate: Recognizer, tmp_path: Path) -> None:
    (folder / "ann" / "@eaDir").mkdir()
    (folder / "ann" / "elsewhere").symlink_to(folder / "bob")
    report = run(folder / "ann", surrogate)
    notes = report.table[report.table["status"] == "skipped"].set_index("photo")["note"]
    assert list(notes.index) == ["@eaDir", "elsewhere"]
    assert (report.table["status"] == "protected").sum() == 7


def test_fifty_faces_one_of_20_pixels_and_one_cut_by_the_border(surrogate: Recognizer, tmp_path: Path) -> None:
    """Ann in the middle; a face of her album of 20 pixels; half of one; strangers in all other places."""
    faces = blobs(0, 10)
    pixels = np.asarray(picture(faces[0])).copy()
    small, cut = similarity(20, 0, (350, 190)), similarity(100, 0, (0, 20))
    for face, matrix in ((faces[1], small), (faces[2], cut)):
        crop = (face * 255).round().byte().permute(1, 2, 0).numpy()
        back = inverse(matrix)
        there = cv2.warpAffine(np.ones_like(crop), back, (360, 200), flags=0) > 0
        pixels = np.where(there, warp(crop, back, (360, 200)), pixels)
    places = [PLACES[0], small, cut, *(similarity(30, 0, (200 + 3 * i, 50)) for i in range(47))]

    def fifty(seen: Pixels) -> Array:
        return np.array([moved(ARCFACE, inverse(matrix)) for matrix in (places if seen[190, 350, 0] != 200 else PLACES[:1])])

    (tmp_path / "in").mkdir()
    Image.fromarray(pixels).save(tmp_path / "in" / "fifty.png")
    for i, face in enumerate(faces[3:]):
        picture(face).save(tmp_path / "in" / f"{i}.png")
    rows = run(tmp_path / "in", surrogate, find=fifty).table.set_index("photo").loc[["fifty.png"]]
    row = rows.iloc[0]
    assert (row["status"], row["strangers"]) == ("protected", 50 - len(rows))
    assert len(rows) == 2  # the small face is hers, too
    assert "a face of 20 pixels, too small for much of a mask" in row["note"]
    laid = read_photo(tmp_path / "out" / "photos" / "in" / "fifty.png").pixels
    assert 0 < np.abs(laid.astype(int) - pixels).max() <= 8


@pytest.mark.parametrize("count", [1, 3])
def test_few_photos_work_with_a_warning(tmp_path: Path, surrogate: Recognizer, count: int) -> None:
    (tmp_path / "in").mkdir()
    for i, face in enumerate(blobs(0)[:count]):
        picture(face).save(tmp_path / "in" / f"{i}.png")
    with pytest.warns(PeopleWarning, match=f"in: {count} photos to learn from are few"):
        report = run(tmp_path / "in", surrogate)
    assert len(list((tmp_path / "out" / "photos" / "in").iterdir())) == count
    assert report.table["coarse_before"].isna().all() == (count == 1)


def test_an_unreadable_folder_is_said(folder: Path, surrogate: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = Path.iterdir

    def refuse(path: Path) -> object:
        if path.name == "bob":
            raise PermissionError("Permission denied")
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    report = run(folder, surrogate)
    assert "Permission denied" in report.table.set_index("photo").loc["bob", "note"]
    assert set(report.table["person"]) == {"ann", "bob"}


def test_what_cannot_be_done_is_named(folder: Path, surrogate: Recognizer, tmp_path: Path) -> None:
    (tmp_path / "void").mkdir()
    with pytest.raises(PeopleError, match="no photo to learn from"):
        run(tmp_path / "void", surrogate)
    with pytest.raises(PeopleError, match="is not a folder"):
        run(tmp_path / "nowhere", surrogate)
    with pytest.raises(ValueError, match="no threshold for coarse on real faces"):
        run(folder, surrogate, threshold=None)
    for bad in ({"quality": 101}, {"learn": 0}, {"threshold": 2}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            run(folder, surrogate, **bad)


def test_one_photo_by_hand(folder: Path, surrogate: Recognizer) -> None:
    faces = {name: blobs(seed) for seed, name in enumerate(("ann", "bob"))}
    masks = {name: OPOM(surrogate, steps=7).fit(images) for name, images in faces.items()}
    centers = {name: surrogate.embed(images).mean(0) for name, images in faces.items()}
    photo = read_photo(folder / "ann" / "bob, ann.png")
    laid, names = protect_photo(photo, masks, centers, surrogate=surrogate, threshold=THRESHOLD, find=find)
    assert names == ["bob", "ann"]
    assert 0 < np.abs(laid.astype(int) - photo.pixels).max() <= 8


def command(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, ["protect", *map(str, arguments)])


def test_the_command_says_what_was_done_and_what_was_skipped(
    folder: Path, surrogate: Recognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opom_edu.recognizers.load_recognizer", lambda name, **_: surrogate)
    monkeypatch.setattr("opom_edu.protect.dlib_finder", lambda upsample: find)
    options = (folder, "--surrogate", "coarse", "--targets", "none", "--threshold", THRESHOLD, "--steps", 7)
    result = command(*options, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "coarse (white box): similarity" in result.output
    assert len(list((tmp_path / "out" / "faces").iterdir())) == 13
    (folder / "ann" / "x.png").write_text("no")
    result = command(*options, "--out", tmp_path / "out", "--jpeg", 80)
    assert result.exit_code == 1
    assert "skipped ann/x.png" in result.output.replace("\n", " ")
    assert command(*options, "--out", folder).exit_code == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilefacenet", "dlib"])
def test_thresholds_are_those_of_real_pairs(real: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(real / "models"))
    people = load_people(f"folder:{real / 'faces'}", train=10, test=30)
    own = list(Gallery.of(load_recognizer(name), people).own.values())
    impostor = torch.cat([(one @ other.T).flatten() for i, one in enumerate(own) for other in own[:i]])
    assert len(impostor) == 59_400
    assert threshold_at(impostor, 1e-3) == pytest.approx(protect.THRESHOLDS[name][0], abs=1e-3)
