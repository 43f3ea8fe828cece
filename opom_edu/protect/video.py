"""A video in, a protected one and an honest report out: one mask per person for all frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from opom_edu.errors import VideoError
from opom_edu.faces import SIZE, load_people
from opom_edu.faces.finder import Finder, Follower, finder_of
from opom_edu.faces.folders import shown
from opom_edu.faces.photos import Pixels, lay_in
from opom_edu.faces.tracking import WINDOW, Tracker, shimmer
from opom_edu.faces.video import SUFFIXES, Video, return_frames
from opom_edu.files import alone, check_folder, remove_unfinished, replacing, unfinished
from opom_edu.masks import Mask, Method
from opom_edu.protect.cast import Cast, Role, gallery_of, people_in, role_of, watch
from opom_edu.protect.learned import learn_masks
from opom_edu.protect.photo_report import check_ours
from opom_edu.protect.shots import OnProgress, counted
from opom_edu.protect.video_report import (
    SEEN,
    VIDEO_COLUMNS,
    VIDEO_TABLE,
    Probe,
    VideoReport,
    measure_video,
    write_video_report,
)
from opom_edu.recognizers import Recognizer
from opom_edu.recognizers.thresholds import threshold_of

LOOKED_AT = 10  # frames of a clip in which faces are looked for at the least
Frames = Iterator[tuple[int, Pixels]]  # of each, its time in the video's units, and its pixels (H, W, 3)


def protect_video(
    video: str | Path, out: str | Path, *, method: Method, photos: str | Path | None = None,
    recognizers: Sequence[Recognizer] = (), learn: int = 10, threshold: float | None = None, crf: int = 18, every: int = 10,
    window: int = WINDOW, measured: int = 300, finder: str = "mtcnn", distractors: Tensor | None = None, force: bool = False,
    find: Finder | None = None, follow: Follower | None = None, on_progress: OnProgress | None = None,
) -> VideoReport:  # fmt: skip
    """Learn each person's mask, lay it over their face in every frame, and measure what it does, also after H.264.

    The video is read twice, a frame at a time: to follow faces and choose what to learn from, and to write the copy. What
    can be decoded of a damaged one is protected; the report's ``notes`` tell what is missing.

    Args:
        video: the file, which is never written to.
        out: a file .mp4, .mov or .mkv. Beside it, the folder ``OUT.mp4_report`` takes ``report.html``, ``frames.csv`` and
            the masks.
        method: how masks are learned, and on which surrogate: it also tells who is who.
        photos: a folder of one person's photos, or of a sub-folder per person, to learn from; only these people are then
            protected. By default everybody is, from their own frames.
        recognizers: on which the report measures, besides the surrogate.
        learn: faces per person to learn from at the most, the most diverse ones.
        threshold: similarity on the surrogate above which two faces are one person's; by default that of
            :data:`opom_edu.recognizers.thresholds.THRESHOLDS`.
        crf: x264's constant rate factor, 0 to 51; more is smaller and worse.
        every: faces are looked for in every so many frames, and followed between.
        window: frames over which alignments are steadied; 1 for not at all.
        measured: faces to measure at the most, about, from frames evenly spread; 0 for none.
        finder, find: see :func:`opom_edu.protect.protect_folder`.
        distractors: faces ``(M, 3, 112, 112)`` of others, by default 500 synthetic ones.
        force: also take a video that is protected already.
        follow: where a face is, from a frame and its alignment in the one before; by default the finder's own.
        on_progress: called with what is being done and the share of it that is done.

    Raises:
        VideoError: if ``video`` cannot be used or nobody is found in it, or ``out`` cannot be written.
        PeopleError: if ``photos`` holds nobody to learn from.
        ValueError: for invalid arguments, or without a threshold for this surrogate.

    Example:
        >>> protect_video("clip.mp4", "copy.mp4", method=OPOM(surrogate), threshold=0.3, crf=99)
        Traceback (most recent call last):
            ...
        ValueError: crf must be within 0 and 51, learn at least 1, measured not negative: 99, 10, 300
    """
    bar, tell = threshold_of(method.surrogate, threshold), on_progress or (lambda what, share: None)
    if not 0 <= crf <= 51 or learn < 1 or measured < 0:
        raise ValueError(f"crf must be within 0 and 51, learn at least 1, measured not negative: {crf}, {learn}, {measured}")
    source, out = Video(Path(video).expanduser()), Path(out).expanduser()
    with alone(out):
        beside = _prepared(source, out, force)
        return_frames()
        finders = finder_of(finder) if find is None or follow is None else (find, follow)
        find, follow = find or finders[0], follow or finders[1]
        known = None if photos is None else people_in(Path(photos).expanduser(), method.surrogate, bar, find, tell)
        cast, every = Cast(method.surrogate, bar, known), _often(source, every)
        frames, gray = watch(source, Tracker(find, follow, every=every), cast, tell)
        if not cast.seen:
            brief = f"{len(cast.tracks)} appearances of strangers, or too brief ones for every={every}"
            seen = brief if cast.tracks else "no face"
            raise VideoError(f"there is nobody to protect in {source.path}: {seen} in its {frames} frames")
        people = {name: seen if known is None else known[name] for name, seen in cast.seen.items()}
        learned = learn_masks(people, method, learn, beside / "masks", tell)
        masks = {name: mask for name, (mask, _) in learned.items()}
        roles = [role_of(track, name, window) for track, name in cast.tracks if name]
        (beside / "report.html").unlink(missing_ok=True)  # that of an older copy
        rate, faces = float(source.rate), sum(len(role.found) for role in roles)
        probes = _probes(roles, -(-faces // measured), rate) if measured else []
        _write(source, out, roles, masks, gray, probes, frames, crf, tell)
        tell("measuring", 0)
        galleries = {name: gallery_of(seen, learned[name][1], rate) for name, seen in people.items()}
        for probe in probes:
            probe.learned = probe.frame in people[probe.person].origins[learned[probe.person][1]]
        crowd = load_people("synthetic", count=8, distractors=500).distractors if distractors is None else distractors
        table, summary = measure_video(probes, galleries, crowd, [method.surrogate, *recognizers], method.eps, frames / rate)
        facts = {
            "faces": faces, "strangers": sum(name is None for _, name in cast.tracks), "photos": known is not None,
            "people": {shown(name): sum(role.name == name for role in roles) for name in masks},
            "trembling": max(shimmer(role.found) for role in roles), "steadied": max(shimmer(role.steady) for role in roles),
            "frames": frames, "notes": source.notes, "remarks": source.remarks, "crf": crf, "distractors": len(crowd),
        }  # fmt: skip
        return write_video_report(VideoReport(table, summary, facts), beside, (source.path.name, out.name), masks, method)


def _often(source: Video, every: int) -> int:
    """``every``, or less where a clip is so short that too few frames would be looked at to learn from."""
    frames = round(source.seconds * source.rate)
    return max(1, min(every, frames // LOOKED_AT)) if frames and every > 1 else every


def _prepared(source: Video, out: Path, force: bool) -> Path:
    """The folder of the report, once it is sure that the copy and the report may be written."""
    if source.mark and not force:
        raise VideoError(f"{source.path} is protected already; to lay another mask over it, force it")
    if out.suffix.lower() not in SUFFIXES:
        raise VideoError(f"{out} must be a file {', '.join(SUFFIXES)}")
    check_folder(out.parent)
    if out.exists():
        try:
            ours = not out.samefile(source.path) and Video(out).mark
        except VideoError:
            ours = False
        if not ours:
            raise VideoError(f"{out} is there already and no protected video; name another file or move it away")
    beside = out.with_name(f"{out.name}_report")
    check_ours(beside, VIDEO_TABLE, VIDEO_COLUMNS)
    remove_unfinished(out)
    remove_unfinished(beside)
    return beside


def _write(
    source: Video, out: Path, roles: Sequence[Role], masks: Mapping[str, Mask], gray: bool, probes: Sequence[Probe],
    frames: int, crf: int, tell: OnProgress,
) -> None:  # fmt: skip
    """Write the protected copy; fill in the probes' faces at every stage."""
    with replacing(out) as temporary:
        before = _seen(source.frames(), probes, "before")
        laid = _seen(_protected(before, roles, masks, gray), probes, "lossless")
        source.copy(temporary, counted(laid, frames, "protecting", tell), crf=crf)
    if probes:
        deque(_seen(Video(out).frames(), probes, "after"), maxlen=0)
        with unfinished(out) as plain:  # what the codec alone does to the frames
            source.copy(plain, counted(source.frames(), frames, "compressing without masks", tell), crf=crf)
            deque(_seen(Video(plain).frames(), probes, "compressed"), maxlen=0)


def _probes(roles: Sequence[Role], step: int, rate: float) -> list[Probe]:
    """The faces of every ``step``-th frame, in order, cut out by the alignments as found: a recognizer steadies nothing."""
    places = [
        (number, role)
        for role in roles
        for number in range(-(-role.first // step) * step, role.first + len(role.found), step)
    ]
    places.sort(key=lambda place: place[0])
    blank = np.zeros((len(places), len(SEEN), SIZE, SIZE, 3), np.uint8)  # one block, for the reason that TrackCrops names
    return [
        Probe(number, number / rate, role.name, role.found[number - role.first], dict(zip(SEEN, pictures, strict=True)))
        for (number, role), pictures in zip(places, blank, strict=True)
    ]


def _protected(frames: Frames, roles: Sequence[Role], masks: Mapping[str, Mask], gray: bool) -> Frames:
    """The frames with everybody's mask laid in."""
    changes = {name: mask.delta.permute(1, 2, 0).numpy() for name, mask in masks.items()}
    eps = max(mask.eps for mask in masks.values())
    for number, (pts, pixels) in enumerate(frames):
        here = [(role, number - role.first) for role in roles if role.first <= number < role.first + len(role.found)]
        laid = lay_in(pixels, [(r.steady[i], changes[r.name]) for r, i in here], eps=eps, gray=gray) if here else pixels
        yield pts, laid


def _seen(frames: Frames, probes: Sequence[Probe], stage: str) -> Frames:
    """The frames as they are, while the probes take their faces out of them."""
    waiting = deque(probes)
    for number, (pts, pixels) in enumerate(frames):
        while waiting and waiting[0].frame == number:
            waiting.popleft().see(stage, pixels)
        yield pts, pixels
