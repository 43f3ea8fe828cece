"""Public faces: Labeled Faces in the Wild and Olivetti by scikit-learn's fetchers, and the layout of the OPOM release.

They are photos of real people, fetched by whoever wants to use them; none of them is part of this project.
"""

from __future__ import annotations

import codecs
import hashlib
import pickle
import shutil
import tarfile
import zlib
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from opom_edu.errors import PeopleError, PhotoError
from opom_edu.faces.finder import Finder, finder_of
from opom_edu.faces.folders import read_crop
from opom_edu.faces.images import SIZE, from_pixels
from opom_edu.faces.people import People, Person
from opom_edu.faces.photos import Pixels, alignment, read_photo, warp
from opom_edu.files import Store, people_cache


def people_from_lfw(
    *, people: int = 50, train: int = 10, test: int = 10, distractors: int = 500, data_home: str | Path | None = None,
    finder: Finder | None = None,
) -> People:  # fmt: skip
    """Labeled Faces in the Wild (Huang et al. 2007), aligned by ``finder``, or by MTCNN once, and kept as files.

    Args:
        people: at most so many of those with ``train + test`` photos in which a face is found, by name.
        train, test: photos per person to learn from, and to evaluate on.
        distractors: photos of so many of those with a single photo.
        data_home: where scikit-learn keeps the data, 200 MB; by default ``~/scikit_learn_data``.
        finder: another finder of faces, whose crops are not kept.

    Raises:
        PeopleError: if the data is not there and cannot be fetched, saying what to put where, or holds too few people.

    Example:
        >>> from opom_edu.faces.images import as_bytes
        >>> for name, person in people.items():  # in place of the data, which this example does not fetch
        ...     (place := folder / "lfw_home" / "lfw_funneled" / name).mkdir(parents=True)
        ...     for number, crop in enumerate(person.train):
        ...         Image.fromarray(as_bytes(crop)).save(place / f"{number}.jpg")
        >>> people_from_lfw(people=2, train=3, test=2, data_home=folder, finder=find)["Ada"]
        Person('Ada', 3 training and 2 test photos)
    """
    from sklearn.datasets import fetch_lfw_people, get_data_home

    root = Path(get_data_home(data_home)) / "lfw_home" / "lfw_funneled"
    archive = root.with_name("lfw-funneled.tgz")  # gone once it is unpacked whole
    if archive.exists() or not root.is_dir():  # fetched alone, and read below: all at once would fill the memory
        shutil.rmtree(root, ignore_errors=True)  # of an earlier try, half unpacked
        _fetched(root, archive, lambda: fetch_lfw_people(data_home=data_home, min_faces_per_person=200))
    found: list[Person] = []
    others: list[Tensor] = []
    for folder in sorted(folder for folder in root.iterdir() if folder.is_dir()):
        name, files = folder.name, sorted(folder.glob("*.jpg"))
        crops = (crop for file in files for crop in _crop(f"lfw/{name}/{file.stem}", read_photo(file).pixels, finder))
        if len(files) >= train + test and len(found) < people:
            images = list(islice(crops, train + test))
            if len(images) == train + test:
                found.append(_person(name.replace("_", " "), images, train))
        elif len(files) == 1 and len(others) < distractors:
            others += crops
    return _people(root, found, others)


def people_from_olivetti(
    *, train: int = 5, test: int | None = None, data_home: str | Path | None = None, finder: Finder | None = None
) -> People:
    """The Olivetti faces (AT&T Laboratories Cambridge): 40 people, 10 gray photos of 64x64 pixels each, aligned and kept.

    Photos in which ``finder`` (default MTCNN) finds no face are left out; see ``People.report``.

    Args:
        train, test: photos per person to learn from, and to evaluate on, by default the rest.
        data_home, finder: see :func:`people_from_lfw`.

    Raises:
        PeopleError: see :func:`people_from_lfw`.

    Example:
        >>> import joblib
        >>> pixels = np.ones((400, 64 * 64), np.float32)  # in place of the data, which this example does not fetch
        >>> _ = joblib.dump(pixels, folder / "olivetti_py3.pkz")
        >>> people_from_olivetti(data_home=folder, finder=find)["subject 40"]
        Person('subject 40', 5 training and 5 test photos)
    """
    from sklearn.datasets import fetch_olivetti_faces, get_data_home

    place = Path(get_data_home(data_home)) / "olivetti_py3.pkz"
    faces = _fetched(place, place, lambda: fetch_olivetti_faces(data_home=data_home))
    found, report = [], []
    for label in np.unique(faces.target):
        name, photos = f"subject {label + 1}", faces.images[faces.target == label]
        images = [crop for i, photo in enumerate(photos) for crop in _crop(f"olivetti/{name}/{i}", _framed(photo), finder)]
        if len(images) < len(photos):
            report.append(f"{name}: no face found in {len(photos) - len(images)} of {len(photos)} photos")
        images = images[: None if test is None else train + test]
        if len(images) >= train + 2:
            found.append(_person(name, images, train))
    return _people(place, found, report=report)


def people_from_opom(path: str | Path, *, people: int | None = None, train: int | None = None) -> People:
    """The layout of the OPOM release (Zhong and Deng 2022): aligned 112x112 crops, and lists of their paths below ``path``.

    The lists lie in ``path`` or its folder ``list``: ``privacy_train_*_K.lst`` (as ``privacy_train_v3_10.lst``) with K
    lines per person, ``privacy_test_*_N.lst`` with N lines per person in the same order, and, if there is one, a
    ``*distractor*.lst``, whose lines end in a path. The first person is called "id0", as their mask is ``mask_id0.npy``.

    Args:
        people, train: only so many of them, and of each one's photos to learn from; by default all.

    Raises:
        PeopleError: if a list or an image is missing or cannot be read, naming it.

    Example:
        >>> (release := folder / "release").mkdir()
        >>> for part in ("train", "test"):  # two people, two photos of each
        ...     _ = (release / f"privacy_{part}_v1_2.lst").write_text("../photos/Ada/0.png\\n../photos/Ada/1.png\\n" * 2)
        >>> people_from_opom(release)["id1"]
        Person('id1', 2 training and 2 test photos)
    """
    root = Path(path).expanduser()
    trains, tests = (_list(root, f"privacy_{part}_*_*.lst") for part in ("train", "test"))
    count = min(len(trains), len(tests))
    if len(trains) != len(tests):
        raise PeopleError(f"the lists in {root} are of {len(trains)} people to learn from, but {len(tests)} to test on")
    chosen = range(count if people is None else min(people, count))
    found = [Person(f"id{i}", _images(root, trains[i][:train]), _images(root, tests[i])) for i in chosen]
    strangers = [line for lines in _list(root, "*distractor*.lst", needed=False) for line in lines]
    return _people(root, found, list(_images(root, strangers)) if strangers else [])


def _list(root: Path, pattern: str, *, needed: bool = True) -> list[list[str]]:
    """The paths in a list file, by person: so many at a time as its name ends in, or one."""
    files = sorted([*root.glob(pattern), *root.glob(f"list/{pattern}")])
    if not files and needed:
        raise PeopleError(f"{root} holds no list {pattern}; put the OPOM release's lists and images there")
    if not files:
        return []
    lines = [_path(root, line.strip()) for line in _text(files[0]).splitlines() if line.strip()]
    last = files[0].stem.rpartition("_")[2]
    each = int(last) if needed and last.isdecimal() and int(last) else 1
    if len(lines) % each:
        raise PeopleError(f"{files[0]} must have {each} lines per person, as its name says, got {len(lines)} lines")
    return [lines[i : i + each] for i in range(0, len(lines), each)]


def _text(file: Path) -> str:
    """A list as text: UTF-8 or UTF-16 with their marks, UTF-8 without, or what Windows writes in Western Europe."""
    data = file.read_bytes()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _path(root: Path, line: str) -> str:
    """The path that a line ends in, which may have spaces: the longest end of it that is there, or its last word."""
    words = line.split()
    ends = (line.split(None, count)[-1] for count in range(len(words)))
    return next((end for end in ends if (root / end).is_file()), words[-1])


def _images(root: Path, names: list[str]) -> Tensor:
    try:
        return torch.stack([read_crop(root / name)[0] for name in names])
    except PhotoError as error:
        raise PeopleError(f"a list in {root} names what cannot be used: {error}") from error


def _fetched(place: Path, archive: Path, fetch: Callable[[], Any]) -> Any:
    try:
        return fetch()
    except (EOFError, tarfile.TarError, zlib.error, pickle.UnpicklingError) as error:  # half of it came
        if place.is_dir():
            shutil.rmtree(place, ignore_errors=True)
        raise PeopleError(f"{archive} is damaged and cannot be unpacked ({error}); remove it and fetch it again") from error
    except OSError as error:  # no network, no room
        raise PeopleError(
            f"{place} is not there and cannot be fetched ({error}); put it there from a machine with a network, "
            "where scikit-learn's fetcher leaves it (https://scikit-learn.org/stable/datasets/real_world.html)"
        ) from error


def _crop(key: str, pixels: Pixels, find: Finder | None) -> list[Tensor]:
    """The aligned crop of the face next to the photo's middle; none without a face. What MTCNN, the default, has
    found in these pixels is kept in the user's cache, by ``key`` and their checksum."""
    kept = Store(people_cache(), lambda file: read_photo(file).pixels, lambda file, crop: Image.fromarray(crop).save(file))
    name = f"mtcnn/{key}-{hashlib.sha256(pixels.tobytes()).hexdigest()[:16]}.png"
    crop = kept.get(name) if find is None else None
    if crop is None:
        faces = (find or finder_of()[0])(pixels)
        if not len(faces):
            return []
        middle = np.array(pixels.shape[1::-1]) / 2
        nearest = min(faces, key=lambda marks: float(np.linalg.norm(marks.mean(0) - middle)))
        crop = np.asarray(warp(pixels, alignment(nearest), (SIZE, SIZE)))
        if find is None:
            kept.try_put(name, crop)
    return [from_pixels([crop])[0]]


def _framed(photo: NDArray[np.float32]) -> Pixels:
    """A gray photo in [0, 1] four times as large, with more around it: its frame cuts off what a detector looks for."""
    large = cv2.resize(photo, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    levels = (large * 255).round().clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(cv2.copyMakeBorder(levels, 64, 64, 64, 64, cv2.BORDER_REPLICATE), cv2.COLOR_GRAY2RGB))


def _person(name: str, images: list[Tensor], train: int) -> Person:
    return Person(name, torch.stack(images[:train]), torch.stack(images[train:]))


def _people(place: Path, found: list[Person], others: Sequence[Tensor] = (), report: Sequence[str] = ()) -> People:
    if len(found) < 2:
        raise PeopleError(f"{place} holds {len(found)} people with enough photos in which a face is found; two are needed")
    return People(found, torch.stack(list(others)) if others else None, report)
