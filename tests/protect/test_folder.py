"""Folders as people have them, protected: what is written, who gets which mask, and what is said about it."""

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner, Result

from opom_edu import cli, load_people, load_recognizer
from opom_edu.errors import PeopleError, PeopleWarning
from opom_edu.evaluation import Gallery, threshold_at
from opom_edu.faces.photos import read_photo
from opom_edu.masks import OPOM
from opom_edu.protect import photos, protect_photo
from opom_edu.recognizers import Recognizer
from opom_edu.recognizers.thresholds import THRESHOLDS
from opom_edu.recognizers.zoo import WEIGHTS_VARIABLE
from tests.protect.albums import STRANGER, THRESHOLD, blobs, files, find, picture, run


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
    picture(blobs(STRANGER)[1], blobs(STRANGER + 1)[1]).save(folder / "ann" / "others.png")
    report = run(folder, surrogate)
    rows = report.table.set_index("photo")
    assert rows.loc["pair.png", "strangers"] == 1
    assert rows.loc["others.png", "status"] == "skipped"
    assert re.match(r"2 faces, nobody who gets a mask .* 0\.60\); -?0\.\d\d like ann", rows.loc["others.png", "note"])
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
    fit, save = OPOM.fit, photos.save_photo
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
            patch.setattr(photos, "save_photo", counted("save", written, save))
            with pytest.raises(KeyboardInterrupt):
                run(folder, surrogate)
        assert len(list(out.rglob("*.png"))) == written
        with monkeypatch.context() as patch:  # the masks that were learned are not learned again
            patch.setattr(OPOM, "fit", counted("fit", 2, fit))
            patch.setattr(photos, "save_photo", counted("save", 14, save))
            run(folder, surrogate)
        assert files(out) == whole
    with monkeypatch.context() as patch:
        patch.setattr(OPOM, "fit", None)
        patch.setattr(photos, "save_photo", None)
        run(folder, surrogate)


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
    monkeypatch.setattr("opom_edu.recognizers.zoo.load_recognizer", lambda name, **_: surrogate)
    monkeypatch.setattr("opom_edu.protect.photos.finder_of", lambda name: (find, None))
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
    assert threshold_at(impostor, 1e-3) == pytest.approx(THRESHOLDS[name][0], abs=1e-3)
