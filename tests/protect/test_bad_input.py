"""What can be wrong with a folder is said, and the rest done; nothing that is not ours is touched, nothing lost."""

import shutil
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from opom_edu.errors import OpomError, PeopleError, PeopleWarning
from opom_edu.faces.photos import ARCFACE, Array, Pixels, inverse, moved, read_photo, warp
from opom_edu.masks import OPOM
from opom_edu.protect import protect_folder
from opom_edu.recognizers import Recognizer
from tests.faces.test_photos import similarity
from tests.protect.albums import PLACES, THRESHOLD, blobs, files, find, picture, run

# As a camera should not write it: turned by 90 degrees, and with a width, which nobody needs, below zero.
ODD_EXIF = b"Exif\0\0" + struct.pack("<2sHLH HHLL HHLl L", b"II", 42, 8, 2, 0x0112, 3, 1, 6, 0x0100, 9, 1, -5, 0)
NASTY = "<img src=x onerror=alert(1)>\n\"'é\udcff"


def test_an_odd_exif_tag_is_left_out_and_the_photo_done(folder: Path, surrogate: Recognizer, tmp_path: Path) -> None:
    turned = picture(blobs(0)[1]).transpose(Image.Transpose.ROTATE_90)
    turned.save(folder / "ann" / "odd.jpg", quality=95, exif=ODD_EXIF)
    report = run(folder, surrogate, keep_exif=True)
    assert report.skipped == 0
    assert set(read_photo(tmp_path / "out" / "photos" / "ann" / "odd.png").exif) == {0x0131}


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
    for name, content in (("report.csv", "person,salary\n"), ("report.html", "<html>mine</html>")):
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
    monkeypatch.setattr("opom_edu.protect.photos.finder_of", lambda name: (find, None))
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
