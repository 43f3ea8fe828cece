"""Photos on their way to a protected copy: looked at, and known by whom they show."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from opom_edu.errors import OpomError, PeopleError, PeopleWarning, PhotoError
from opom_edu.evaluation.matching import centers_of, most_diverse, who_is_who
from opom_edu.faces.aligned import Faces
from opom_edu.faces.finder import Finder
from opom_edu.faces.folders import list_photos, shown
from opom_edu.faces.images import SIZE
from opom_edu.faces.photos import GPS, Array, Pixels, read_photo
from opom_edu.files import Store, sha256
from opom_edu.masks import Mask, Method
from opom_edu.recognizers import Recognizer

SMALL = 40  # pixels of a face's crop in the photo
NAME_BYTES = 200  # bytes of a person's name that a file can bear; file systems allow 255, suffix included
FEW = 5  # photos to learn from, below which a mask is known to be weaker
Row = dict[str, Any]  # of a report's table
OnProgress = Callable[[str, float], None]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Shot:
    """A photo of a person's folder that could be read, and who is in it.

    Attributes:
        owner: the name of the person's folder.
        path: the file.
        stem: what the copy is called, without a suffix.
        digest: the file's SHA-256.
        faces: all F that were found, at least one.
        embeddings: ``(F, D)`` on the surrogate.
        note: what to know about the photo.
        names: of each face, None for a stranger.

    Example:
        >>> (shot, *_), rows = look_at(folder / "photos", surrogate, lambda pixels, _: find(pixels), 0.2, lambda *_: None)
        >>> shot.owner, shot.path.name, shot.embeddings.shape, shot.names
        ('Ada', '0.png', torch.Size([1, 128]), ['Ada'])
    """

    owner: str
    path: Path
    stem: str
    digest: str
    faces: Faces
    embeddings: Tensor
    note: str
    names: list[str | None] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Sightings:
    """Faces of one person, N of them.

    Attributes:
        crops: ``(N, 3, 112, 112)`` in [0, 1].
        embeddings: ``(N, D)`` of unit norm, on the surrogate.
        origins: ``(N,)``, where each is from: a photo's checksum, or the number of a video's frame.

    Example:
        >>> seen = Sightings(torch.rand(9, 3, 112, 112), torch.eye(9), np.arange(9))
        >>> seen.take(3, range(9)).origins, round(float(seen.center[0]), 3)
        (array([0, 4, 8]), 0.333)
        >>> len(seen.joined(seen).crops)
        18
    """

    crops: Tensor
    embeddings: Tensor
    origins: NDArray[Any]

    @property
    def center(self) -> Tensor:
        """The mean direction ``(D,)``, of unit norm."""
        return functional.normalize(self.embeddings.mean(0), dim=0)

    def take(self, count: int, among: Sequence[int]) -> Sightings:
        """Up to ``count`` of those at the places ``among``, evenly spread."""
        places = [among[int(i)] for i in np.linspace(0, len(among) - 1, min(count, len(among)))]
        return Sightings(self.crops[places], self.embeddings[places], self.origins[places])

    def joined(self, other: Sightings) -> Sightings:
        """These faces, then the other's."""
        crops, embeddings = torch.cat([self.crops, other.crops]), torch.cat([self.embeddings, other.embeddings])
        return Sightings(crops, embeddings, np.concatenate([self.origins, other.origins]))


def look_at(
    source: Path, surrogate: Recognizer, find: Callable[[Pixels, str], Array], threshold: float, tell: OnProgress, *,
    force: bool = False,
) -> tuple[list[Shot], list[Row]]:  # fmt: skip
    """The photos of a folder that show somebody whose folder it is, and a row on each of the others.

    Args:
        source: of one person's photos, or of a sub-folder per person.
        find: where faces are in a photo's pixels, of which it also gets the file's checksum: see :func:`remembering`.
        threshold: similarity on the surrogate above which a face is a person's.
        tell: called with what is being done and the share of it that is done.
        force: also take photos that are protected already.

    Raises:
        PeopleError: if it is no folder, or there is no photo with a face of somebody.

    Example:
        >>> shots, rows = look_at(folder / "photos", surrogate, lambda pixels, _: find(pixels), 0.2, lambda *_: None)
        >>> len(shots), rows
        (3, [])
    """
    if not source.is_dir():
        raise PeopleError(f"{source} is not a folder; give one of photos, or with a sub-folder of photos per person")
    files, refused = list_photos(source)
    rows, shots = [skip(*what) for what in refused], list[Shot]()
    for owner, path, stem in counted(files, len(files), "looking for faces", tell):
        with said(rows, owner, path):
            shots.append(_look(owner, path, stem, surrogate, find, force))
    if not (named := list(_named(shots, threshold, rows))):
        raise PeopleError(f"{source} holds no photo to learn from: " + "; ".join(str(row["note"]) for row in rows[:3]))
    return named, rows


def counted(items: Iterable[T], count: int, what: str, tell: OnProgress) -> Iterator[T]:
    """The ``items``, ``count`` of them, telling before each ``what`` is done and which share of it.

    Example:
        >>> list(counted("ab", 2, "spelling", lambda what, share: print(what, share)))
        spelling 0.0
        spelling 0.5
        ['a', 'b']
    """
    for number, item in enumerate(items):
        tell(what, number / count)
        yield item


@contextmanager
def said(rows: list[Row], person: str, path: Path) -> Iterator[None]:
    """What goes wrong with a photo joins ``rows``, and the rest goes on.

    Example:
        >>> rows = []
        >>> with said(rows, "ann", Path("a.jpg")):
        ...     raise PhotoError("no face was found")
        >>> rows[0]["note"]
        'no face was found'
    """
    try:
        yield
    except (OpomError, OSError) as error:
        rows.append(skip(person, path, error))


def skip(person: str, path: Path, why: object) -> Row:
    """The row of a photo without a protected copy.

    Example:
        >>> skip("ann", Path("ann/a.jpg"), "no face was found")
        {'person': 'ann', 'photo': 'a.jpg', 'status': 'skipped', 'note': 'no face was found'}
    """
    return {"person": shown(person), "photo": shown(path.name), "status": "skipped", "note": shown(str(why))}


def remembering(find: Finder, key: str | None, folder: Path) -> Callable[[Pixels, str], Array]:
    """``find``, with what it found kept in ``folder`` by the photo's checksum; without a ``key`` nothing is kept.

    Example:
        >>> search = remembering(lambda pixels: np.ones((1, 5, 2)), None, Path("faces"))
        >>> search(np.zeros((9, 9, 3), np.uint8), "checksum").shape
        (1, 5, 2)
    """
    if key is None:
        return lambda pixels, digest: find(pixels)
    kept = Store(folder, _read_landmarks, lambda file, marks: file.write_text(json.dumps(marks.tolist())))
    return lambda pixels, digest: kept.get_or_make(f"{digest}-{key}.json", lambda: find(pixels))


def _read_landmarks(file: Path) -> Array:
    return np.array(json.loads(file.read_text()), float).reshape(-1, 5, 2)


def _look(
    owner: str, path: Path, stem: str, surrogate: Recognizer, find: Callable[[Pixels, str], Array], force: bool
) -> Shot:
    photo = read_photo(path)
    if photo.mark and not force:
        raise PhotoError("it is protected already; give the original, or, for a mask over the mask, force it")
    digest = sha256(path)
    landmarks = find(photo.pixels, digest)
    if not len(landmarks):
        raise PhotoError("no face was found; those below 1/50 of the photo's longer side, and backs of heads, are not")
    faces = Faces.of(photo.pixels, landmarks)
    notes = [*photo.changes, *(["it held a place (GPS)"] if GPS in photo.exif else [])]
    sides = [SIZE / float(np.hypot(*matrix[:, 0])) for matrix in faces.matrices]
    if min(sides) < SMALL:
        notes.append(f"a face of {min(sides):.0f} pixels, too small for much of a mask")
    return Shot(owner, path, stem, digest, faces, surrogate.embed(faces.crops).cpu(), "; ".join(notes))


def _named(shots: Sequence[Shot], threshold: float, rows: list[Row]) -> Iterator[Shot]:
    """The shots with somebody whose folder was given, their names filled in; the others join ``rows``."""
    owners = dict.fromkeys(shot.owner for shot in shots)
    groups = {owner: [shot.embeddings for shot in shots if shot.owner == owner] for owner in owners}
    centers = centers_of(groups, threshold)
    for shot in shots:
        names = who_is_who(shot.embeddings, centers, threshold)
        if any(names):
            yield replace(shot, names=names)
        else:
            best = float((shot.embeddings @ centers[shot.owner]).max())
            strangers = f"{len(names)} faces, nobody's among the folders' people"
            why = f"{strangers}: similarity {best:.2f} to {shot.owner}, the threshold is {threshold:.2f}"
            rows.append(skip(shot.owner, shot.path, why) | {"strangers": len(names)})


def faces_by_name(shots: Sequence[Shot]) -> dict[str, Sightings]:
    """Each person's faces, one of each photo that shows them, by sorted name; the origins are the photos' checksums.

    Example:
        >>> shots, rows = look_at(folder / "photos", surrogate, lambda pixels, _: find(pixels), 0.2, lambda *_: None)
        >>> faces_by_name(shots)["Ada"].crops.shape
        torch.Size([3, 3, 112, 112])
    """
    found = {}
    for name in sorted({name for shot in shots for name in shot.names if name}):
        own = [(shot, shot.names.index(name)) for shot in shots if name in shot.names]
        crops = torch.stack([shot.faces.crops[face] for shot, face in own])
        embeddings = torch.stack([shot.embeddings[face] for shot, face in own])
        found[name] = Sightings(crops, embeddings, np.array([shot.digest for shot, _ in own]))
    return found


def learn_masks(
    people: Mapping[str, Sightings], method: Method, count: int, folder: Path, tell: OnProgress
) -> dict[str, tuple[Mask, list[int]]]:
    """By name, a mask from the ``count`` most diverse of somebody's crops, and which these are.

    Masks are kept in ``folder``, and taken from there if they were learned from the same crops in the same way. Few crops
    are a :class:`~opom_edu.errors.PeopleWarning`.

    Args:
        people: by name, the faces to choose from.
        method: how masks are learned.
        count: faces to learn from at the most, at least 1.
        folder: made when the first mask is kept.
        tell: called with what is being done and the share of it that is done.

    Raises:
        OpomError: if a mask cannot be written.

    Example:
        >>> seen = Sightings(ada.train, surrogate.embed(ada.train), np.arange(10))
        >>> found = learn_masks({"Ada": seen}, OPOM(surrogate, steps=1), 5, folder / "learned", lambda *_: None)
        >>> mask, chosen = found["Ada"]
        >>> mask.delta.shape, len(chosen), (folder / "learned" / "Ada.safetensors").is_file()
        (torch.Size([3, 112, 112]), 5, True)
    """
    found, kept = {}, Store(folder, Mask.load, lambda file, mask: mask.save(file))
    for number, (name, seen) in enumerate(people.items()):
        tell(f"learning the mask of {shown(name)}", number / len(people))
        chosen = most_diverse(seen.embeddings, seen.center, count)
        if len(chosen) < FEW:
            few = f"{len(chosen)} photos to learn from are few; ten of different light and pose protect better"
            warnings.warn(f"{shown(name)}: {few}", PeopleWarning, stacklevel=3)
        learned_from = hashlib.sha256(seen.crops[chosen].numpy().tobytes()).hexdigest()
        recipe = json.loads(json.dumps({**method.recipe(), "learned_from": learned_from}))
        mask = kept.get(file := f"{_written(name)}.safetensors")
        if mask is None or mask.eps != method.eps or mask.recipe != recipe:
            kept.put(file, mask := replace(method.fit(seen.crops[chosen]), recipe=recipe))
        found[name] = mask, chosen
    return found


def _written(name: str) -> str:
    """A name that a file can have with any suffix: a hash where it is too long, or its bytes are no text."""
    encoded = os.fsencode(name)
    return name if len(encoded) < NAME_BYTES and shown(name) == name else hashlib.sha256(encoded).hexdigest()
