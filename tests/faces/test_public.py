"""Public faces: small stand-ins in the layouts of LFW, Olivetti and the OPOM release; the real ones are never fetched."""

import io
import tarfile
from pathlib import Path
from urllib.error import URLError

import joblib
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from opom_edu.errors import MaskError, PeopleError
from opom_edu.faces import load_people
from opom_edu.masks import released_masks
from tests.conftest import make_people, smooth_noise

ARCFACE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])
SHIFT = 69  # where the stand-in's face lies in a photo of 250 pixels


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPOM_EDU_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def in_the_middle(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """A finder that sees a face in the middle and one above it, and none in a black photo."""
    faces = np.stack([ARCFACE + np.array([SHIFT, 0]), ARCFACE + SHIFT])
    return faces if pixels.any() else faces[:0]


def save(image: Tensor, path: Path, frame: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.pad(
        (image.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8), [(frame, frame), (frame, frame), (0, 0)]
    )
    Image.fromarray(pixels).save(path, quality=100, subsampling=0)


@pytest.fixture
def lfw(tmp_path: Path) -> Path:
    root = tmp_path / "sklearn" / "lfw_home" / "lfw_funneled"
    for name, person in make_people(3, photos=5).items():
        for i, image in enumerate(person.test if name == "person 2" else torch.cat([person.train, person.test])):
            save(image, root / name.replace(" ", "_") / f"{i:04}.jpg", SHIFT)
    for i, image in enumerate(smooth_noise(3, torch.Generator().manual_seed(9))):
        save(image if i else 0 * image, root / f"Stranger_{i}" / "0001.jpg", SHIFT)
    (root / "README").write_text("a file among the folders")
    return tmp_path / "sklearn"


def test_lfw_is_aligned_once(lfw: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opom_edu.faces.public.finder_of", lambda: (in_the_middle, None))
    options = {"train": 2, "test": 3, "data_home": lfw}
    people = load_people("lfw", **options)
    assert list(people) == ["person 0", "person 1"]  # the third has one photo alone
    assert len(people.distractors) == 3  # the third's and two strangers'; the black photo shows no face
    expected = make_people(2, photos=5)["person 1"]
    assert (people["person 1"].train - expected.train[:2]).abs().max() < 0.1
    assert len(list(cache.rglob("*.png"))) == 13
    monkeypatch.setattr("opom_edu.faces.public.finder_of", lambda: (lambda pixels: in_the_middle(0 * pixels), None))
    again = load_people("lfw", distractors=1, **options)
    assert torch.equal(again["person 0"].test, people["person 0"].test)
    moved = load_people("lfw", finder=lambda pixels: in_the_middle(pixels) + 3, **options)  # no crops of another finder
    assert not torch.equal(moved["person 0"].test, people["person 0"].test)
    save(make_people(3, photos=5)["person 2"].test[0], lfw / "lfw_home/lfw_funneled/person_0/0002.jpg", SHIFT)
    changed = load_people("lfw", **options, finder=in_the_middle)
    assert not torch.equal(changed["person 0"].test, people["person 0"].test)


def test_olivetti_leaves_out_what_shows_no_face(tmp_path: Path) -> None:
    images = np.zeros((400, 4096), np.float32)
    images[1:20] = np.random.default_rng(0).random((19, 4096), dtype=np.float32)
    joblib.dump(images, tmp_path / "olivetti_py3.pkz")
    people = load_people("olivetti", train=3, data_home=tmp_path, finder=in_the_middle)
    assert {name: len(person.test) for name, person in people.items()} == {"subject 1": 6, "subject 2": 7}
    assert people.report[:2] == ("subject 1: no face found in 1 of 10 photos", "subject 3: no face found in 10 of 10 photos")
    assert torch.equal(people["subject 2"].train[:, 0], people["subject 2"].train[:, 2])  # gray


@pytest.mark.filterwarnings("ignore:Retry downloading")
@pytest.mark.parametrize(("source", "place"), [("lfw", "lfw_funneled"), ("olivetti", "olivetti_py3.pkz")])
def test_without_a_network_one_is_told_what_to_put_where(
    source: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_arguments: object, **_options: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr("sklearn.datasets._base.urlretrieve", offline)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with pytest.raises(
        PeopleError, match=rf"{tmp_path}.*{place} is not there and cannot be fetched.*no route.*put it there"
    ):
        load_people(source, data_home=tmp_path, finder=in_the_middle)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    lists: dict[str, list[str]] = {"privacy_train_v3_4": [], "privacy_test_v3_3": []}
    for index, person in enumerate(make_people(3, photos=7).values()):
        for part, lines in zip((person.train, person.test), lists.values(), strict=True):
            for i, image in enumerate(part):
                name = f"m.0{index}/{len(part)}_{i}.png"
                save(image, tmp_path / name)
                lines.append(name)
    save(smooth_noise(1, torch.Generator().manual_seed(9))[0], tmp_path / "others" / "1.png")
    lists["common_distractor"] = ["0 others/1.png"]  # MegaFace's lists number their lines
    (tmp_path / "list").mkdir()
    for name, lines in lists.items():
        (tmp_path / "list" / f"{name}.lst").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_the_release_is_read_by_its_lists(release: Path) -> None:
    people = load_people(f"opom:{release}")
    assert list(people) == ["id0", "id1", "id2"]
    assert {(len(person.train), len(person.test)) for person in people.values()} == {(4, 3)}
    expected = make_people(3, photos=7)["person 1"]
    torch.testing.assert_close(people["id1"].test, expected.test, atol=0.5 / 255 + 1e-6, rtol=0)
    assert len(people.distractors) == 1
    few = load_people(f"opom:{release}", people=2, train=3)
    assert [(name, len(person.train)) for name, person in few.items()] == [("id0", 3), ("id1", 3)]


def test_a_broken_release_names_the_file(release: Path) -> None:
    (release / "m.01" / "3_0.png").write_bytes(b"")
    with pytest.raises(PeopleError, match=r"m\.01/3_0\.png"):
        load_people(f"opom:{release}")
    with (release / "list" / "privacy_test_v3_3.lst").open("a") as file:
        file.write("m.00/3_0.png\n")
    with pytest.raises(PeopleError, match=r"privacy_test_v3_3\.lst must have 3 lines per person.*10"):
        load_people(f"opom:{release}")
    (release / "list" / "privacy_train_v3_4.lst").unlink()
    with pytest.raises(PeopleError, match=r"holds no list privacy_train_.*put the OPOM release"):
        load_people(f"opom:{release}")


def test_the_releases_masks_are_in_gray_levels(tmp_path: Path) -> None:
    levels = np.random.default_rng(0).uniform(-8, 8, (3, 112, 112)).astype(np.float32)
    np.save(tmp_path / "mask_id0.npy", levels)
    np.save(tmp_path / "mask_id1.npy", levels[None])
    masks = released_masks(tmp_path, ["id0", "id1"])
    assert masks["id0"].eps == 8 / 255
    torch.testing.assert_close(masks["id1"].delta * 255, torch.from_numpy(levels))
    np.save(tmp_path / "mask_id2.npy", levels[0])
    with pytest.raises(MaskError, match=r"mask_id2\.npy"):
        released_masks(tmp_path, ["id0", "id1", "id2"])
    np.save(tmp_path / "mask_id2.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(MaskError, match=r"mask_id2\.npy"):
        released_masks(tmp_path, ["id0", "id1", "id2"])


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_half_an_archive_is_named_and_its_half_folder_is_not_taken(tmp_path: Path, share: float) -> None:
    home = tmp_path / "lfw_home"
    home.mkdir()
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for number in range(12):
            photo = io.BytesIO()
            noise = np.random.default_rng(number).integers(0, 255, (60, 60, 3), np.uint8)
            Image.fromarray(noise).save(photo, "JPEG")
            entry = tarfile.TarInfo(f"lfw_funneled/P_{number // 4}/P_{number}.jpg")
            entry.size = len(photo.getvalue())
            archive.addfile(entry, io.BytesIO(photo.getvalue()))
    for name in ("pairsDevTrain.txt", "pairsDevTest.txt", "pairs.txt"):
        (home / name).write_text("1\n")
    (home / "lfw-funneled.tgz").write_bytes(data.getvalue()[: int(share * len(data.getvalue()))])
    for _ in range(2):
        with pytest.raises(PeopleError, match=r"lfw-funneled\.tgz is damaged and cannot be unpacked .* fetch it again"):
            load_people("lfw", data_home=tmp_path, train=1, test=2)
        assert not (home / "lfw_funneled").exists()


@pytest.mark.parametrize(
    ("coding", "name"),
    [
        ("utf-8", "Jo Doe"),
        ("utf-8-sig", "id 1"),
        ("utf-16", "Jürgen"),
        ("utf-16-be", "Ada"),
        ("cp1252", "Jürgen"),
        ("utf-8", "Łódź"),
    ],
)
def test_lists_may_be_written_on_other_machines(tmp_path: Path, coding: str, name: str) -> None:
    for who in (name, "other"):
        for number in range(4):
            save(torch.rand(3, 112, 112), tmp_path / who / f"photo {number}.png")
    for part, pair in (("train", (0, 1)), ("test", (2, 3))):
        text = "".join(f"{who}/photo {number}.png\r\n" for who in (name, "other") for number in pair)
        data = ("\ufeff" * (coding == "utf-16-be") + text).encode(coding)
        (tmp_path / f"privacy_{part}_v3_2.lst").write_bytes(data)
    (tmp_path / "distractor.lst").write_text(f"0 some words {name}/photo 0.png\n", encoding="utf-8")
    people = load_people(f"opom:{tmp_path}")
    assert [len(person.test) for person in people.values()] == [2, 2]
    assert len(people.distractors) == 1
