"""Photos on their way to a protected copy, and the faces in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from opom_edu.errors import OpomError, PeopleError, PhotoError
from opom_edu.faces.aligned import Faces
from opom_edu.faces.finder import Finder
from opom_edu.faces.folders import list_photos, shown
from opom_edu.faces.images import SIZE
from opom_edu.faces.metadata import GPS
from opom_edu.faces.photos import Array, Pixels, read_photo
from opom_edu.files import Store, sha256
from opom_edu.recognizers import Recognizer

SMALL = 40  # pixels of a face's crop in the photo
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
        names: of each face, None for a stranger; empty until :mod:`opom_edu.protect.album` fills them in.

    Example:
        >>> (shot, *_), rows = look_at(folder / "photos", surrogate, lambda pixels, _: find(pixels), lambda *_: None)
        >>> shot.owner, shot.path.name, shot.embeddings.shape, shot.names
        ('Ada', '0.png', torch.Size([1, 128]), [])
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
    source: Path, surrogate: Recognizer, find: Callable[[Pixels, str], Array], tell: OnProgress, *, force: bool = False
) -> tuple[list[Shot], list[Row]]:
    """The photos of a folder in which faces were found, as yet without names, and a row on each of the others.

    Args:
        source: of one person's photos, or of a sub-folder per person.
        surrogate: it embeds the faces.
        find: where faces are in a photo's pixels, of which it also gets the file's checksum: see :func:`remembering`.
        tell: called with what is being done and the share of it that is done.
        force: also take photos that are protected already.

    Raises:
        PeopleError: if it is no folder, or no face was found in any photo.

    Example:
        >>> shots, rows = look_at(folder / "photos", surrogate, lambda pixels, _: find(pixels), lambda *_: None)
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
    if not shots:
        raise PeopleError(f"{source} holds no photo to learn from: " + "; ".join(str(row["note"]) for row in rows[:3]))
    return shots, rows


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


def faces_by_name(shots: Sequence[Shot]) -> dict[str, Sightings]:
    """Each person's faces, one of each photo that shows them, by sorted name; the origins are the photos' checksums.

    Example:
        >>> shots, rows = look_at(folder / "photos", surrogate, lambda pixels, _: find(pixels), lambda *_: None)
        >>> for shot in shots:
        ...     shot.names.append("Ada")
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
