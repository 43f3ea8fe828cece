"""A folder of ordinary photos in, protected copies at full resolution and an honest report out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from opom_edu import __version__
from opom_edu.errors import PhotoError
from opom_edu.evaluation.matching import who_is_who
from opom_edu.faces.aligned import Faces
from opom_edu.faces.finder import Finder, finder_of
from opom_edu.faces.photos import MARK, Array, Photo, Pixels, lay_in, read_photo, save_photo
from opom_edu.files import alone, check_folder, remove_unfinished
from opom_edu.masks import OPOM, Mask, Method
from opom_edu.protect.album import LEAST, by_face, by_folder, with_somebody
from opom_edu.protect.groups import GROUPS, read_groups, write_groups
from opom_edu.protect.learned import FEW, learn_masks
from opom_edu.protect.measures import PHOTO_COLUMNS, Report, measure_photos
from opom_edu.protect.photo_report import PHOTO_TABLE, check_ours, write_photo_report
from opom_edu.protect.shots import OnProgress, Shot, counted, faces_by_name, look_at, remembering, said
from opom_edu.recognizers import Recognizer
from opom_edu.recognizers.thresholds import threshold_of


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
        find: where the faces are; by default MTCNN, see :func:`opom_edu.faces.finder.finder_of`.

    Example:
        >>> photo = read_photo(folder / "photos" / "Ada" / "0.png")
        >>> centers = {"Ada": torch.nn.functional.normalize(surrogate.embed(ada.train).mean(0), dim=0)}
        >>> pixels, names = protect_photo(photo, masks, centers, surrogate=surrogate, threshold=0.2, find=find)
        >>> pixels.shape, names
        ((112, 112, 3), ['Ada'])
    """
    faces = Faces.of(photo.pixels, (find or finder_of()[0])(photo.pixels))
    names = who_is_who(surrogate.embed(faces.crops), centers, threshold)
    return _laid(photo, faces.matrices, names, masks), names


def _laid(photo: Photo, matrices: Array, names: Sequence[str | None], masks: Mapping[str, Mask]) -> Pixels:
    known = [(matrix, masks[name]) for matrix, name in zip(matrices, names, strict=True) if name is not None]
    changes = [(matrix, mask.delta.permute(1, 2, 0).numpy()) for matrix, mask in known]
    return lay_in(photo.pixels, changes, eps=max((mask.eps for _, mask in known), default=0.0), gray=photo.gray)


def protect_folder(
    photos: str | Path, out: str | Path, *, method: Method, recognizers: Sequence[Recognizer] = (), learn: int = 10,
    threshold: float | None = None, quality: int | None = None, keep_exif: bool = False, force: bool = False,
    finder: str = "mtcnn", find: Finder | None = None, everyone: bool = False, least: int = LEAST, strangers: bool = False,
    crowd: Tensor | None = None, on_progress: OnProgress | None = None,
) -> Report:  # fmt: skip
    """Learn each person's mask and write protected copies of all photos; stopped at any time, the same call goes on.

    Args:
        photos: a folder of one person's photos, or of one sub-folder per person; with ``everyone``, of anybody's. Nothing in
            it is ever written to.
        out: takes ``photos/PERSON/NAME.png``, ``masks/PERSON.safetensors``, ``report.html``, ``report.csv`` and, in
            ``faces``, where faces were found; with ``everyone`` also ``groups.csv``, which one may correct for the next run.
        method: how masks are learned, and on which surrogate: it also tells who is who. If it has ``dispersal``, the report
            has masks without it beside.
        recognizers: on which the report measures, besides the surrogate.
        learn: photos per person to learn from at the most, the most diverse ones.
        threshold: similarity on the surrogate above which a face is a person's; by default that of ``THRESHOLDS``.
        quality: write JPEG of this quality, 1 to 100, instead of PNG.
        keep_exif: keep camera data and place in the copies.
        force: also take photos that are protected already.
        finder: what finds faces, "mtcnn" or "dlib": see :func:`opom_edu.faces.finder.finder_of`.
        find: another finder of faces.
        everyone: give everybody who recurs a mask, told apart by their faces alone.
        least: photos that must show somebody who recurs.
        strangers: give those who are in fewer a mask, too.
        crowd: strangers ``(M, 3, 112, 112)`` in the report's searches, besides those in the photos.
        on_progress: called with what is being done and the share of it that is done.

    Raises:
        PeopleError: if there is no person with a photo to learn from.
        OpomError: if ``out`` lies in ``photos`` or the other way round, cannot be written to, or holds a report of others.
        ValueError: for invalid arguments, or without a threshold for this surrogate.

    Example:
        >>> import warnings
        >>> method = OPOM(surrogate, steps=2)
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")  # three photos are few
        ...     report = protect_folder(folder / "photos", folder / "out", method=method, threshold=0.2, find=find)
        >>> report.table["status"].tolist()
        ['protected', 'protected', 'protected']
    """
    source, out = Path(photos).expanduser().resolve(), Path(out).expanduser().resolve()
    tell, bar = on_progress or (lambda what, share: None), threshold_of(method.surrogate, threshold)
    if learn < 1 or (quality is not None and not 1 <= quality <= 100):
        raise ValueError(f"learn must be at least 1 and quality within 1 and 100, got {learn} and {quality}")
    if source.is_relative_to(out) or out.is_relative_to(source):
        raise PhotoError(f"the copies cannot go to {out}: it and {source} must not lie in one another; name another folder")
    check_folder(out)
    check_ours(out, PHOTO_TABLE, PHOTO_COLUMNS[:3])
    with alone(out):
        remove_unfinished(out)
        search = remembering(find or finder_of(finder)[0], None if find else finder, out / "faces")
        seen, rows = look_at(source, method.surrogate, search, tell, force=force)
        if everyone:
            groups = read_groups(out / GROUPS, seen, source)
            seen = by_face(seen, source, bar, least=least, strangers=strangers, groups=groups)
            write_groups(out / GROUPS, seen, source, corrected=bool(groups))
        else:
            seen = by_folder(seen, source, bar)
        shots = with_somebody(seen, rows, bar)
        people = faces_by_name(shots)
        few = 0 if strangers else FEW  # a passer-by is in few photos as a rule
        found = learn_masks(people, method, learn, out / "masks", tell, few=few)
        masks, plain = {name: mask for name, (mask, _) in found.items()}, None
        if isinstance(method, OPOM) and method.dispersal:
            beside = learn_masks(people, replace(method, dispersal=0.0), learn, out / "masks" / "plain", tell, few=0)
            plain = {name: mask for name, (mask, _) in beside.items()}
        kept = []
        for shot in counted(shots, len(shots), "protecting", tell):
            with said(rows, shot.owner, shot.path):
                kept.append(_write(shot, out / "photos" / shot.owner, masks, quality, keep_exif))
        tell("measuring", 0)
        learned = {name: set(people[name].origins[chosen]) for name, (_, chosen) in found.items()}
        report = measure_photos(
            kept, learned, method.surrogate, recognizers, rows, method.eps, lossy=quality is not None, plain=plain,
            seen=seen, crowd=crowd,
        )  # fmt: skip
        write_photo_report(report, out, masks=masks, method=method, quality=quality, keep_exif=keep_exif, threshold=bar)
    return report


def _write(
    shot: Shot, folder: Path, masks: Mapping[str, Mask], quality: int | None, keep_exif: bool
) -> tuple[Shot, Tensor, Tensor]:
    """Write the protected copy, unless the same is there; the shot, and the crops of its faces before and after saving."""
    target = folder / (shot.stem + (".png" if quality is None else ".jpg"))
    if target.resolve() != target:
        raise PhotoError(f"{target} leads elsewhere by a symbolic link; remove the link")
    photo = read_photo(shot.path)
    pixels = _laid(photo, shot.faces.matrices, shot.names, masks)
    laid = Faces.seen(pixels, shot.faces.matrices).crops
    fingerprint = hashlib.sha256(pixels.tobytes() + f"{quality} {keep_exif} {__version__}".encode()).hexdigest()[:16]
    there = read_photo(target) if target.exists() else None
    if there is not None and not there.mark:
        raise PhotoError(f"{target} is there already and no protected photo; move it away")
    if there is None or there.mark != f"{MARK} {fingerprint}":
        save_photo(photo, pixels, target, quality=quality, mark=fingerprint, keep_exif=keep_exif)
        there = read_photo(target)
    if quality is not None:
        shot = replace(shot, note="; ".join(filter(None, [shot.note, *photo.lost_in_jpeg()])))
    return shot, laid, Faces.seen(there.pixels, shot.faces.matrices).crops
