"""Folders of photos as people really have them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from opom_edu.errors import PeopleError, PeopleWarning
from opom_edu.faces import People, Person, load_people, photos
from tests.conftest import make_people


def save(path: Path, pixels: np.ndarray | None = None, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if pixels is None:
        pixels = np.random.default_rng(len(path.name)).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, **options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two people with five photos each."""
    for person in ("anna", "bert"):
        for i in range(5):
            save(tmp_path / person / f"{i}.png", np.full((112, 112, 3), 10 * i, np.uint8))
    return tmp_path


def load(folder: Path, train: int = 2) -> People:
    return load_people(f"folder:{folder}", train=train)


def test_images_are_taken_by_name_and_kept_to_the_pixel(folder: Path) -> None:
    people = load(folder)
    assert list(people) == ["anna", "bert"]
    assert people["anna"].train.shape == (2, 3, 112, 112)
    torch.testing.assert_close(people["anna"].test[:, 0, 0, 0] * 255, torch.tensor([20.0, 30.0, 40.0]))
    assert len(people.distractors) == 0
    assert people.report == ()


def test_test_photos_can_be_limited(folder: Path) -> None:
    assert len(load_people(f"folder:{folder}", train=2, test=2)["anna"].test) == 2


def truncated(path: Path) -> None:
    save(path)
    path.write_bytes(path.read_bytes()[:600])


BAD = {
    "not an image": lambda path: path.write_text("hello"),
    "zero bytes": lambda path: path.write_bytes(b""),
    "truncated": truncated,
    "floats": lambda path: save(path, np.full((112, 112), 0.5, np.float32), format="TIFF"),
    "huge": lambda path: save(path, np.zeros((300, 400, 3), np.uint8)),
}


@pytest.mark.parametrize("kind", BAD)
def test_an_unreadable_file_is_reported_and_the_rest_is_done(
    folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photos, "MAX_PIXELS", 100_000)
    BAD[kind](folder / "anna" / "3a.png")
    with pytest.warns(PeopleWarning, match=r"anna/3a.png: skipped, it cannot be read: "):
        people = load(folder)
    assert len(people["anna"].test) == 3
    assert len(people.report) == 1


CHANGED = {
    "gray": (np.full((112, 112), 7, np.uint8), "converted from L to RGB"),
    "16 bit": (np.full((112, 112), 7 * 257, np.uint16), "reduced from 16 to 8 bit"),
    "alpha": (np.full((112, 112, 4), 7, np.uint8), "converted from RGBA to RGB"),
    "another size": (np.full((200, 140, 3), 7, np.uint8), "resized from 140x200"),
}


@pytest.mark.parametrize("kind", CHANGED)
def test_other_kinds_of_images_become_rgb_and_it_is_said(folder: Path, kind: str) -> None:
    pixels, says = CHANGED[kind]
    save(folder / "anna" / "4a.png", pixels)
    with pytest.warns(PeopleWarning, match=says):
        people = load(folder)
    torch.testing.assert_close(people["anna"].test[-1] * 255, torch.full((3, 112, 112), 7.0))


def test_a_photo_lying_on_its_side_is_turned(folder: Path) -> None:
    pixels = np.zeros((112, 112, 3), np.uint8)
    pixels[:20] = 255  # bright at the top of the stored image, which the tag says is its right
    exif = Image.Exif()
    exif[0x0112] = 6
    save(folder / "anna" / "4a.png", pixels, exif=exif)
    turned = load(folder)["anna"].test[-1]
    assert turned[:, :, -15:].min() == 1
    assert turned[:, :, :90].max() == 0


def test_hidden_files_are_passed_over(folder: Path) -> None:
    (folder / "anna" / ".DS_Store").write_text("x")
    (folder / ".cache").mkdir()
    assert load(folder).report == ()


def test_a_person_with_too_few_photos_is_reported(folder: Path) -> None:
    save(folder / "carl" / "0.png")
    with pytest.warns(PeopleWarning, match="carl: skipped, 1 usable images where train=2 needs 4"):
        assert list(load(folder)) == ["anna", "bert"]


def test_what_cannot_be_used_is_named(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = tmp_path_factory.mktemp("empty")
    with pytest.raises(PeopleError, match="holds nobody"):
        load(empty)
    with pytest.raises(PeopleError, match="not a folder"):
        load(empty / "missing")
    with pytest.raises(PeopleError, match="folder:PATH"):
        load_people("celebrities")
    with pytest.raises(PeopleError, match="folder:PATH"):
        load_people("folder:")
    with pytest.raises(PeopleError, match="train must be at least 1"):
        load(folder, train=0)
    with pytest.raises(PeopleError, match=f"did you mean folder:{folder}"):
        load_people(folder)
    save(empty / "0.png")
    with pytest.raises(PeopleError, match="one sub-folder per person"):
        load(empty)
    for file in (folder / "bert").iterdir():
        file.unlink()
    with pytest.warns(PeopleWarning, match="bert"), pytest.raises(PeopleError, match="holds one person"):
        load(folder)


def test_people_are_a_mapping_in_order() -> None:
    people = make_people(3)
    assert list(people) == ["person 0", "person 1", "person 2"]
    assert all(isinstance(person, Person) for person in people.values())
    with pytest.raises(KeyError, match="person 0, person 1"):
        people["nobody"]
    with pytest.raises(PeopleError, match="same name"):
        People([people["person 0"], people["person 0"]])
    with pytest.raises(PeopleError, match="no people"):
        People([])
    with pytest.raises(ValueError, match="test images of x"):
        Person("x", people["person 0"].train, people["person 0"].test * 2)
