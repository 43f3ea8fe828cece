"""Whose faces are in a folder's photos: by the person whose folder it is, or by which faces are alike. It names nobody."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from opom_edu.errors import PeopleError, PeopleWarning
from opom_edu.evaluation.matching import centers_of, who_is_who
from opom_edu.faces.folders import shown
from opom_edu.protect.shots import Row, Shot, skip

LEAST = 3  # photos that show a face before it counts as somebody's who recurs
APART = 4.0  # distance of two faces of one photo: twice what two embeddings can have, so that they are taken for two people
Groups = Mapping[tuple[str, int], str]  # from a photo's path in the folder and the number of a face in it, to a name or ""


def by_folder(shots: Sequence[Shot], source: Path, threshold: float) -> list[Shot]:
    """The shots with the names of the people whose folders were given.

    A face that is alone in a photo of somebody's own sub-folder is theirs, unless it is like another folder's person.
    Among several faces, and in a folder without sub-folders, similarity decides. A :class:`PeopleWarning` says if faces
    recur that are nobody's.

    Args:
        shots: of all photos, without names.
        source: the folder.
        threshold: cosine on the surrogate above which a face is a person's.

    Example:
        >>> from opom_edu.protect.shots import look_at
        >>> shots, _ = look_at(folder / "photos", surrogate, lambda pixels, _: find(pixels), lambda *_: None)
        >>> [shot.names for shot in by_folder(shots, folder / "photos", 0.99)]
        [['Ada'], ['Ada'], ['Ada']]
    """
    owners = dict.fromkeys(shot.owner for shot in shots)
    centers = centers_of({owner: [shot.embeddings for shot in shots if shot.owner == owner] for owner in owners}, threshold)
    named = []
    for shot in shots:
        names, note = who_is_who(shot.embeddings, centers, threshold), shot.note
        if not any(names):
            alike = f"{float((shot.embeddings @ centers[shot.owner]).max()):.2f} like {shown(shot.owner)}"
            if len(names) == 1 and shot.path.parent != source:
                names, alike = [shot.owner], f"{alike}, taken for theirs as the only face"
            note = "; ".join(filter(None, [note, alike]))
        named.append(replace(shot, names=names, note=note))
    sizes = _recurring(named, threshold)
    if sizes:
        others = f"{len(sizes)} other {'person recurs' if len(sizes) == 1 else 'people recur'}"
        told = f"in {source}, {others} (in {', '.join(map(str, sizes))} photos) and get no mask"
        warnings.warn(f"{told}; --everyone (everyone=True) gives each one a mask", PeopleWarning, stacklevel=3)
    return named


def by_face(
    shots: Sequence[Shot], source: Path, threshold: float, *, least: int = LEAST, strangers: bool = False,
    groups: Groups | None = None,
) -> list[Shot]:  # fmt: skip
    """The shots with names made up for whoever recurs: "person 1" is in most photos.

    Faces are clustered by the mean cosine of two groups (average linkage); no two faces of a photo are one person's.

    Args:
        shots: of all photos, without names.
        source: the folder.
        threshold: mean cosine on the surrogate down to which two groups are one person's.
        least: photos that must show a face.
        strangers: also name those who are in fewer: "stranger 1".
        groups: what somebody corrected, see :func:`opom_edu.protect.groups.read_groups`; the other faces join these names,
            or are clustered.

    Raises:
        ValueError: if ``least`` is below 1.

    Example:
        >>> from opom_edu.protect.shots import look_at
        >>> shots, _ = look_at(folder / "photos", surrogate, lambda pixels, _: find(pixels), lambda *_: None)
        >>> [shot.names for shot in by_face(shots, folder / "photos", 0.1)]
        [['person 1'], ['person 1'], ['person 1']]
    """
    if least < 1:
        raise ValueError(f"least must be at least 1, got {least}")
    faces = [(photo, face) for photo, shot in enumerate(shots) for face in range(len(shot.embeddings))]
    embeddings, photos = torch.cat([shot.embeddings for shot in shots]), np.array([photo for photo, _ in faces])
    given = [(groups or {}).get((key_of(shots[photo], source), face + 1)) for photo, face in faces]
    names: list[str | None] = [name or None for name in given]
    free = np.array([name is None for name in given])  # an empty name is a stranger's, by decision
    _join(names, free, embeddings, photos, threshold)
    fresh = (name for number in count(1) if (name := f"person {number}") not in given)
    for group in _groups(names, free, embeddings, photos, threshold):
        if len(group) >= least:
            _name(names, group, next(fresh))
    _join(names, free, embeddings, photos, threshold)
    if strangers:
        for number, group in enumerate(_groups(names, free, embeddings, photos, threshold), 1):
            _name(names, group, f"stranger {number}")
    return [replace(shot, names=[names[i] for i in np.flatnonzero(photos == photo)]) for photo, shot in enumerate(shots)]


def with_somebody(shots: Sequence[Shot], rows: list[Row], threshold: float) -> list[Shot]:
    """The shots that show somebody who has a name; a row on each of the others joins ``rows``.

    Raises:
        PeopleError: if there are none.

    Example:
        >>> from opom_edu.protect.shots import look_at
        >>> shots, rows = look_at(folder / "photos", surrogate, lambda pixels, _: find(pixels), lambda *_: None)
        >>> len(with_somebody([replace(shots[0], names=["Ada"]), replace(shots[1], names=[None])], rows, 0.3))
        1
        >>> rows[0]["note"]
        '1 face, nobody who gets a mask (it would take a similarity of 0.30)'
    """
    for shot in shots:
        if not any(shot.names):
            faces = "1 face" if len(shot.names) == 1 else f"{len(shot.names)} faces"
            why = f"{faces}, nobody who gets a mask (it would take a similarity of {threshold:.2f})"
            why = "; ".join(filter(None, [why, shot.note]))
            rows.append(skip(shot.owner, shot.path, why) | {"strangers": len(shot.names)})
    if not any(any(shot.names) for shot in shots):
        reasons = "; ".join(str(row["note"]) for row in rows[:3])
        remedy = "give each person a sub-folder, or take everyone: --everyone --least 1"
        raise PeopleError(f"there is no photo to learn from: {reasons}; {remedy}")
    return [shot for shot in shots if any(shot.names)]


def key_of(shot: Shot, source: Path) -> str:
    """The photo's path in the folder, as text.

    Example:
        >>> from opom_edu.protect.shots import look_at
        >>> shots, _ = look_at(folder / "photos", surrogate, lambda pixels, _: find(pixels), lambda *_: None)
        >>> key_of(shots[0], folder / "photos")
        'Ada/0.png'
    """
    return shown(shot.path.relative_to(source).as_posix())


def _recurring(shots: Sequence[Shot], threshold: float) -> list[int]:
    """In how many photos each one is who has no name and is in ``LEAST`` or more, the most first."""
    left = [(photo, row) for photo, shot in enumerate(shots) for row, name in zip(shot.embeddings, shot.names, strict=True)
            if name is None]  # fmt: skip
    if len(left) < LEAST:
        return []
    labels = _clustered(torch.stack([row for _, row in left]), np.array([photo for photo, _ in left]), threshold)
    return sorted((size for size in Counter(labels.tolist()).values() if size >= LEAST), reverse=True)


def _clustered(embeddings: Tensor, photos: NDArray[np.int64], threshold: float) -> NDArray[np.int64]:
    """A label for each face ``(N, D)`` of the photos ``(N,)``."""
    from sklearn.cluster import AgglomerativeClustering

    if len(embeddings) < 2:
        return np.zeros(len(embeddings), np.int64)
    distances = (1 - embeddings @ embeddings.T).double().clamp(min=0).numpy()
    distances[photos[:, None] == photos] = APART
    np.fill_diagonal(distances, 0)
    made = AgglomerativeClustering(None, metric="precomputed", linkage="average", distance_threshold=1 - threshold)
    return np.asarray(made.fit_predict(distances), np.int64)


def _groups(
    names: Sequence[str | None], free: NDArray[np.bool_], embeddings: Tensor, photos: NDArray[np.int64], threshold: float
) -> list[NDArray[np.int64]]:
    """Places of the free faces without a name, by whom they show, the largest group first."""
    left = np.flatnonzero(free & np.array([name is None for name in names]))
    labels = _clustered(embeddings[left], photos[left], threshold) if len(left) else left
    return sorted((left[labels == label] for label in np.unique(labels)), key=lambda group: (-len(group), group[0]))


def _name(names: list[str | None], places: NDArray[np.int64], name: str) -> None:
    for place in places:
        names[place] = name


def _join(
    names: list[str | None], free: NDArray[np.bool_], embeddings: Tensor, photos: NDArray[np.int64], threshold: float
) -> None:
    """Give free faces without a name that of the person whom they are like: in a mirror, or after a correction."""
    known = dict.fromkeys(filter(None, names))
    places = {name: [place for place, other in enumerate(names) if other == name] for name in known}
    centers = {name: functional.normalize(embeddings[own].mean(0), dim=0) for name, own in places.items()}
    for photo in np.unique(photos):
        left = [place for place in np.flatnonzero(photos == photo) if free[place] and names[place] is None]
        for place, name in zip(left, who_is_who(embeddings[np.array(left, int)], centers, threshold), strict=True):
            names[place] = name
