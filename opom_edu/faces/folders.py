"""People from a folder of photos: one sub-folder per person, images sorted by name."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from opom_edu.errors import OpomError, PeopleError, PeopleWarning
from opom_edu.faces.images import SIZE, as_floats
from opom_edu.faces.people import People, Person
from opom_edu.faces.photos import read_photo

OUTSIDE = "is a symbolic link that leads out of the folder, or nowhere"
SHOWN = 20  # remarks in the warning; People.report has them all


def people_from_folder(path: str | Path, *, train: int = 10, test: int | None = None) -> People:
    """People from ``path``, a folder with one sub-folder of aligned 112x112 crops per person.

    Images are taken in the order of their names: the first ``train`` of each person to learn from, the next ``test`` (by
    default all that remain) to evaluate on. Gray and other kinds of images become 8-bit RGB, alpha is dropped, and images
    of another size are center-cropped to a square and resized. What was skipped or changed is in ``People.report``, and one
    :class:`PeopleWarning` says it.

    Args:
        path: the folder.
        train: photos per person to learn from, at least 1.
        test: photos per person to evaluate on, at least 2.

    Raises:
        PeopleError: if the folder is missing, or fewer than two people have ``train + 2`` readable images (a test image
            is searched for among the person's other test images, so there must be two).

    Example:
        >>> from opom_edu.faces.images import as_bytes
        >>> for name, person in people.items():
        ...     (folder / "crops" / name).mkdir(parents=True)
        ...     for number, crop in enumerate(person.train):
        ...         Image.fromarray(as_bytes(crop)).save(folder / "crops" / name / f"{number}.png")
        >>> people_from_folder(folder / "crops", train=6)["Ada"]
        Person('Ada', 6 training and 4 test photos)
    """
    root = Path(path).expanduser()
    if train < 1 or (test is not None and test < 2):
        raise PeopleError(f"train must be at least 1 and test at least 2, got train={train} and test={test}")
    if not root.is_dir():
        raise PeopleError(f"{root} is not a folder; give one that holds a sub-folder of images per person")
    report: list[str] = []
    people = []
    for folder in sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith(".")):
        images = _read_folder(folder, report, limit=None if test is None else train + test)
        if len(images) < train + 2:
            report.append(
                f"{shown(folder.name)}: skipped, {len(images)} usable images where train={train} needs {train + 2}"
            )
            continue
        stack = torch.stack(images)
        people.append(Person(shown(folder.name), stack[:train], stack[train:]))
    if report:
        more = [f"and {len(report) - SHOWN} more, see People.report"] if len(report) > SHOWN else []
        lines = (f"{len(report)} remarks while reading {root}:", *report[:SHOWN], *more)
        warnings.warn("\n  ".join(lines), PeopleWarning, stacklevel=3)
    if len(people) < 2:
        found = "one person" if people else "nobody"
        hint = (
            "photos must lie in one sub-folder per person" if any(p.is_file() for p in root.iterdir()) else "or lower train"
        )
        raise PeopleError(
            f"{root} holds {found} with the {train + 2} usable images that train={train} and two to test need; "
            f"at least two people need that many, {hint}"
        )
    return People(people, report=report)


def _read_folder(folder: Path, report: list[str], limit: int | None) -> list[Tensor]:
    images: list[Tensor] = []
    for file in sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")):
        if len(images) == limit:
            break
        where = shown(f"{folder.name}/{file.name}")
        try:
            image, changes = read_crop(file, name="it")
        except OpomError as error:
            report.append(f"{where}: skipped, {error}")
            continue
        report += [f"{where}: {change}" for change in changes]
        images.append(image)
    return images


def read_crop(file: Path, *, name: str = "") -> tuple[Tensor, list[str]]:
    """An image file as ``(3, 112, 112)`` float32 RGB in [0, 1], and what had to be changed for it.

    Args:
        file, name: see :func:`opom_edu.faces.photos.read_photo`, which reads it.

    Raises:
        PhotoError, MissingExtraError: see :func:`opom_edu.faces.photos.read_photo`.

    Example:
        >>> crop, changes = read_crop(folder / "photos" / "Ada" / "0.png")
        >>> crop.shape, changes
        (torch.Size([3, 112, 112]), [])
    """
    photo = read_photo(file, name=name)
    changes, image = list(photo.changes), Image.fromarray(photo.pixels)
    if photo.mode != "RGB":
        changes.append(f"converted from {photo.mode} to RGB")
    if image.size != (SIZE, SIZE):
        width, height = image.size
        changes.append(f"resized from {width}x{height} to {SIZE}x{SIZE}; is it an aligned crop?")
        image = ImageOps.fit(image, (SIZE, SIZE), Image.Resampling.BICUBIC)
    return as_floats(np.array(image)).contiguous(), changes


def list_photos(source: Path) -> tuple[list[tuple[str, Path, str]], list[tuple[str, Path, str]]]:
    """Every file in ``source``, a folder of one person's photos or of a sub-folder per person.

    Returns:
        Person, file and a name without suffix that no other file of the person has; then person, file and reason of all that
        cannot be a photo of a person. Links that lead out of ``source`` are among these, and folders without files, which
        do not make a folder of photos one of people.

    Raises:
        OSError: if ``source`` cannot be listed.

    Example:
        >>> found, refused = list_photos(folder / "photos")
        >>> [(person, file.name, name) for person, file, name in found], refused
        ([('Ada', '0.png', '0'), ('Ada', '1.png', '1'), ('Ada', '2.png', '2')], [])
    """
    top, people, refused = _entries(source), dict[Path, list[Path]](), list[tuple[str, Path, str]]()
    for folder in (path for path in top if path.is_dir()):
        try:
            inside = _entries(folder)
        except OSError as error:
            refused.append((folder.name, folder, f"cannot be read: {error}"))
            continue
        if not _within(folder, source):
            refused.append((folder.name, folder, OUTSIDE))
        elif not any(path.is_file() for path in inside):
            refused.append((folder.name, folder, "is a folder without photos"))
        else:
            people[folder] = inside
    loose = [path for path in top if not path.is_dir()]
    refused += [("", path, "lies outside of the people's folders") for path in loose if people]
    found = []
    for folder, inside in (people or {source: loose}).items():
        used: set[str] = set()
        for path in inside:
            if not _within(path, source):
                refused.append((folder.name, path, OUTSIDE))
            elif not path.is_file():
                refused.append((folder.name, path, "is not a file; photos lie directly in a person's folder"))
            else:
                name = path.stem
                while name.casefold() in used:  # a.jpg beside a.png
                    name += path.suffix or "_"
                used.add(name.casefold())
                found.append((folder.name, path, name))
    return found, refused


def _within(path: Path, source: Path) -> bool:
    try:
        return path.resolve().is_relative_to(source.resolve())
    except (OSError, RuntimeError):  # a link that leads to itself
        return False


def _entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def shown(name: str | Path) -> str:
    """A file's name as text, also where its bytes are none.

    Example:
        >>> shown(Path("ann/a.jpg")), shown("a\\udcff")
        ('ann/a.jpg', 'a�')
    """
    return os.fsencode(str(name)).decode("utf-8", "replace")
