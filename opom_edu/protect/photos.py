"""A folder of ordinary photos in, protected copies at full resolution and an honest report out."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from opom_edu import __version__
from opom_edu.errors import MaskError, OpomError, PeopleError, PeopleWarning, PhotoError
from opom_edu.evaluation.matching import centers_of, most_diverse, who_is_who
from opom_edu.faces.aligned import Faces
from opom_edu.faces.finder import Finder, dlib_finder
from opom_edu.faces.folders import list_photos, shown
from opom_edu.faces.images import SIZE
from opom_edu.faces.photos import GPS, MARK, Array, Photo, Pixels, lay_in, read_photo, save_photo
from opom_edu.files import check_folder, remove_unfinished, replacing, sha256
from opom_edu.masks import Mask, Method
from opom_edu.protect.photo_report import COLUMNS, CSV, Report, check_ours, measure, write_report
from opom_edu.protect.shots import Row, Shot
from opom_edu.recognizers import Recognizer
from opom_edu.recognizers.thresholds import THRESHOLDS, threshold_of

SMALL = 40  # pixels of a face's crop in the photo
LONGEST = 200  # bytes of a person's name that a file can bear; file systems allow 255, suffix included
FEW = 5  # photos to learn from, below which a mask is known to be weaker
OnProgress = Callable[[str, float], None]
T = TypeVar("T")


def protect_photo(
    photo: Photo, masks: Mapping[str, Mask], centers: Mapping[str, Tensor], *, surrogate: Recognizer,
    threshold: float, find: Finder | None = None,
) -> tuple[Pixels, list[str | None]]:  # fmt: skip
    """The photo's pixels ``(H, W, 3)`` with everybody's mask laid over their face, and who was seen, None for strangers.

    Args:
        photo: from :func:`opom_edu.faces.photos.read_photo`; ``save_photo`` writes the result.
        masks: by name.
        centers: by name, a unit embedding ``(D,)`` of the person on the surrogate, such as the mean of some photos'.
        threshold: similarity above which a face is a person's.
        find: where the faces are; by default :func:`opom_edu.faces.finder.dlib_finder`.
    """
    faces = Faces.of(photo.pixels, (find or dlib_finder())(photo.pixels))
    names = who_is_who(surrogate.embed(faces.crops), centers, threshold)
    return _laid(photo, faces.matrices, names, masks), names


def _laid(photo: Photo, matrices: Array, names: Sequence[str | None], masks: Mapping[str, Mask]) -> Pixels:
    known = [(matrix, masks[name]) for matrix, name in zip(matrices, names, strict=True) if name is not None]
    changes = [(matrix, mask.delta.permute(1, 2, 0).numpy()) for matrix, mask in known]
    return lay_in(photo.pixels, changes, eps=max((mask.eps for _, mask in known), default=0.0), gray=photo.gray)


def protect_folder(
    photos: str | Path, out: str | Path, *, method: Method, recognizers: Sequence[Recognizer] = (), learn: int = 10,
    threshold: float | None = None, quality: int | None = None, keep_exif: bool = False, force: bool = False,
    upsample: int = 1, find: Finder | None = None, on_progress: OnProgress | None = None,
) -> Report:  # fmt: skip
    """Learn each person's mask and write protected copies of all photos; stopped at any time, the same call goes on.

    Args:
        photos: a folder of one person's photos, or of one sub-folder per person. Nothing in it is ever written to.
        out: takes ``photos/PERSON/NAME.png``, ``masks/PERSON.safetensors``, ``report.html``, ``report.csv`` and, in
            ``faces``, where faces were found.
        method: how masks are learned, and on which surrogate: it also tells who is who.
        recognizers: on which the report measures, besides the surrogate.
        learn: photos per person to learn from at the most, the most diverse ones.
        threshold: similarity on the surrogate above which a face is a person's; by default that of ``THRESHOLDS``.
        quality: write JPEG of this quality, 1 to 100, instead of PNG.
        keep_exif: keep camera data and place in the copies.
        force: also take photos that are protected already.
        upsample: see :func:`opom_edu.faces.finder.dlib_finder`.
        find: another finder of faces.
        on_progress: called with what is being done and the share of it that is done.

    Raises:
        PeopleError: if there is no person with a photo to learn from.
        OpomError: if ``out`` lies in ``photos`` or the other way round, cannot be written to, or holds a report of others.
        ValueError: for invalid arguments, or without a threshold for this surrogate.
    """
    source, out = Path(photos).expanduser().resolve(), Path(out).expanduser().resolve()
    tell, bar = on_progress or (lambda what, share: None), threshold_of(method.surrogate, threshold)
    if learn < 1 or (quality is not None and not 1 <= quality <= 100):
        raise ValueError(f"learn must be at least 1 and quality within 1 and 100, got {learn} and {quality}")
    if not source.is_dir():
        raise PeopleError(f"{photos} is not a folder; give one of photos, or with a sub-folder of photos per person")
    if source.is_relative_to(out) or out.is_relative_to(source):
        raise PhotoError(f"the copies cannot go to {out}: it and {source} must not lie in one another; name another folder")
    check_folder(out)
    check_ours(out, CSV, COLUMNS[:3])
    remove_unfinished(out)
    search = _remembering(find or dlib_finder(upsample=upsample), None if find else f"dlib-{upsample}", out / "faces")
    suffix = ".png" if quality is None else ".jpg"
    files, refused = list_photos(source)
    rows = [skip(*what) for what in refused]
    shots: list[Shot] = []
    for owner, path, target in counted(files, len(files), "looking for faces", tell):
        with _said(rows, owner, path):
            shots.append(_look(owner, path, out / "photos" / owner / (target + suffix), method.surrogate, search, force))
    shots = _named(shots, bar, rows)
    if not shots:
        raise PeopleError(f"{source} holds no photo to learn from: " + "; ".join(str(row["note"]) for row in rows[:3]))
    masks, learned = _masks(shots, method, learn, out / "masks", tell)
    kept = []
    for shot in counted(shots, len(shots), "protecting", tell):
        with _said(rows, shot.owner, shot.path):
            kept.append((shot, *_write(shot, masks, quality, keep_exif)))
    tell("measuring", 0)
    report = measure(kept, learned, [method.surrogate, *recognizers], THRESHOLDS, rows, method.eps, quality is not None)
    write_report(report, out, masks=masks, method=method, quality=quality, keep_exif=keep_exif, threshold=bar)
    return report


def counted(items: Iterable[T], count: int, what: str, tell: OnProgress) -> Iterator[T]:
    """The ``items``, ``count`` of them, telling before each ``what`` is done and which share of it."""
    for number, item in enumerate(items):
        tell(what, number / count)
        yield item


@contextmanager
def _said(rows: list[Row], person: str, path: Path) -> Iterator[None]:
    """What goes wrong with a photo joins ``rows``, and the rest goes on."""
    try:
        yield
    except (OpomError, OSError) as error:
        rows.append(skip(person, path, error))


def skip(person: str, path: Path, why: object) -> Row:
    """The row of a photo without a protected copy."""
    return {"person": shown(person), "photo": shown(path.name), "status": "skipped", "note": shown(str(why))}


def _remembering(find: Finder, key: str | None, folder: Path) -> Callable[[Pixels, str], Array]:
    """``find``, with what it found kept in ``folder`` by the photo's checksum."""

    def search(pixels: Pixels, digest: str) -> Array:
        file = folder / f"{digest}-{key}.json"
        if key is not None and file.is_file():
            with suppress(ValueError, TypeError):  # a damaged file is as good as none
                return np.array(json.loads(file.read_text()), float).reshape(-1, 5, 2)
        landmarks = find(pixels)
        if key is not None:
            with replacing(file) as temporary:
                temporary.write_text(json.dumps(landmarks.tolist()))
        return landmarks

    return search


def _look(
    owner: str, path: Path, target: Path, surrogate: Recognizer, search: Callable[[Pixels, str], Array], force: bool
) -> Shot:
    photo = read_photo(path)
    if photo.mark and not force:
        raise PhotoError("it is protected already; to lay another mask over it, force it")
    digest = sha256(path)
    landmarks = search(photo.pixels, digest)
    if not len(landmarks):
        raise PhotoError("no face was found; small ones need upsample=2 (--upsample 2); profiles and dark glasses hide some")
    faces = Faces.of(photo.pixels, landmarks)
    notes = [*photo.changes, *(["it held a place (GPS)"] if GPS in photo.exif else [])]
    sides = [SIZE / float(np.hypot(*matrix[:, 0])) for matrix in faces.matrices]
    if min(sides) < SMALL:
        notes.append(f"a face of {min(sides):.0f} pixels, too small for much of a mask")
    return Shot(owner, path, target, digest, faces, surrogate.embed(faces.crops).cpu(), "; ".join(notes))


def _named(shots: Sequence[Shot], threshold: float, rows: list[Row]) -> list[Shot]:
    """The shots with somebody whose folder was given, their names filled in; the others join ``rows``."""
    owners = dict.fromkeys(shot.owner for shot in shots)
    groups = {owner: [shot.embeddings for shot in shots if shot.owner == owner] for owner in owners}
    centers = centers_of(groups, threshold)
    named = []
    for shot in shots:
        names = who_is_who(shot.embeddings, centers, threshold)
        if any(names):
            named.append(replace(shot, names=names))
        else:
            best = float((shot.embeddings @ centers[shot.owner]).max())
            strangers = f"{len(names)} faces, nobody's among the folders' people"
            why = f"{strangers}: similarity {best:.2f} to {shot.owner}, the threshold is {threshold:.2f}"
            rows.append(skip(shot.owner, shot.path, why) | {"strangers": len(names)})
    return named


def _masks(
    shots: Sequence[Shot], method: Method, count: int, folder: Path, tell: OnProgress
) -> tuple[dict[str, Mask], dict[str, set[str]]]:
    """Everybody's mask, and the checksums of the photos it was learned from."""
    people = sorted({name for shot in shots for name in shot.names if name})
    own = {name: [(shot, shot.names.index(name)) for shot in shots if name in shot.names] for name in people}
    faces = {
        name: (torch.stack([shot.faces.crops[i] for shot, i in theirs]), torch.stack([s.embeddings[i] for s, i in theirs]))
        for name, theirs in own.items()
    }
    found = learn_masks(faces, method, count, folder, tell)
    learned = {name: {own[name][i][0].digest for i in chosen} for name, (_, chosen) in found.items()}
    return {name: mask for name, (mask, _) in found.items()}, learned


def learn_masks(
    people: Mapping[str, tuple[Tensor, Tensor]], method: Method, count: int, folder: Path, tell: OnProgress
) -> dict[str, tuple[Mask, list[int]]]:
    """By name, a mask from the ``count`` most diverse of somebody's crops, and which these are.

    Masks are kept in ``folder``, and taken from there if they were learned from the same crops in the same way.

    Args:
        people: by name, crops ``(N, 3, 112, 112)`` and their unit embeddings ``(N, D)``.
    """
    found = {}
    for number, (name, (crops, embeddings)) in enumerate(people.items()):
        tell(f"learning the mask of {shown(name)}", number / len(people))
        chosen = most_diverse(embeddings, functional.normalize(embeddings.mean(0), dim=0), count)
        if len(chosen) < FEW:
            few = f"{len(chosen)} photos to learn from are few; ten of different light and pose protect better"
            warnings.warn(f"{shown(name)}: {few}", PeopleWarning, stacklevel=3)
        learned_from = hashlib.sha256(crops[chosen].numpy().tobytes()).hexdigest()
        recipe = json.loads(json.dumps({**method.recipe(), "learned_from": learned_from}))
        path, mask = folder / f"{_written(name)}.safetensors", None
        with suppress(MaskError):  # none there, or a damaged one, which is as good as none
            mask = Mask.load(path)
        if mask is None or mask.eps != method.eps or mask.recipe != recipe:
            mask = replace(method.fit(crops[chosen]), recipe=recipe)
            mask.save(path)
        found[name] = mask, chosen
    return found


def _written(name: str) -> str:
    """A name that a file can have with any suffix: a hash where it is too long, or its bytes are no text."""
    encoded = os.fsencode(name)
    return name if len(encoded) < LONGEST and shown(name) == name else hashlib.sha256(encoded).hexdigest()


def _write(shot: Shot, masks: Mapping[str, Mask], quality: int | None, keep_exif: bool) -> tuple[Tensor, Tensor]:
    """Write the protected copy, unless the same is there; the crops of its faces before and after it was saved."""
    if shot.target.resolve() != shot.target:
        raise PhotoError(f"{shot.target} leads elsewhere by a symbolic link; remove the link")
    photo = read_photo(shot.path)
    pixels = _laid(photo, shot.faces.matrices, shot.names, masks)
    laid = Faces.seen(pixels, shot.faces.matrices).crops
    fingerprint = hashlib.sha256(pixels.tobytes() + f"{quality} {keep_exif} {__version__}".encode()).hexdigest()[:16]
    there = read_photo(shot.target) if shot.target.exists() else None
    if there is not None and not there.mark:
        raise PhotoError(f"{shot.target} is there already and no protected photo; move it away")
    if there is None or there.mark != f"{MARK} {fingerprint}":
        save_photo(photo, pixels, shot.target, quality=quality, mark=fingerprint, keep_exif=keep_exif)
        there = read_photo(shot.target)
    return laid, Faces.seen(there.pixels, shot.faces.matrices).crops
