"""A video in, a protected one and an honest report out: one mask per person for all frames."""

from __future__ import annotations

import warnings
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from opom_edu.errors import OpomError, PeopleError, PeopleWarning, PhotoError, VideoError
from opom_edu.evaluation.matching import centers_of, who_is_who
from opom_edu.faces import SIZE, load_people
from opom_edu.faces.aligned import Faces
from opom_edu.faces.finder import Finder, dlib_finder, refined
from opom_edu.faces.folders import list_photos, shown
from opom_edu.faces.images import from_pixels
from opom_edu.faces.photos import Array, Pixels, alignment, lay_in, read_photo, warp
from opom_edu.faces.tracking import WINDOW, Follower, Track, Tracker, shimmer, smoothed
from opom_edu.faces.video import SUFFIXES, Video, return_frames
from opom_edu.files import check_folder, remove_unfinished, replacing, unfinished
from opom_edu.masks import Mask, Method
from opom_edu.protect.photo_report import check_ours
from opom_edu.protect.photos import OnProgress, counted, learn_masks
from opom_edu.protect.video_report import COLUMNS, CSV, SEEN, Probe, VideoReport, measure, write_report
from opom_edu.recognizers import Recognizer
from opom_edu.recognizers.thresholds import threshold_of

POOL = 60  # crops of a person that are kept to choose from, however long the video is
BRIEF = 3  # crops, one from every tenth frame, below which nobody can be learned from the video
GALLERY = 10  # clean faces of a person that the report compares with


@dataclass(frozen=True, eq=False)
class Album:
    """Faces of one person: ``crops (N, 3, 112, 112)``, ``embeddings (N, D)``, and the number of the frame that each is from,
    minus infinity for photos."""

    crops: Tensor
    embeddings: Tensor
    frames: Array

    @property
    def center(self) -> Tensor:
        """The mean direction ``(D,)``."""
        return functional.normalize(self.embeddings.mean(0), dim=0)

    def take(self, count: int, among: Sequence[int]) -> Album:
        """Up to ``count`` of those at some places, evenly spread."""
        places = [among[int(i)] for i in np.linspace(0, len(among) - 1, min(count, len(among)))]
        return Album(self.crops[places], self.embeddings[places], self.frames[places])

    def gallery(self, chosen: Sequence[int], rate: float) -> tuple[Tensor, Array]:
        """Clean faces for the report, none of the ``chosen`` if there are others, and their times in s."""
        others = [place for place in range(len(self.crops)) if place not in chosen] or chosen
        kept = self.take(GALLERY, others)
        return kept.crops, kept.frames / rate


class Shots:
    """Up to ``POOL`` crops of one track, evenly spread, and the frames that they are from.

    In one block of memory: small pictures left lying among a video's large frames would let the heap grow with its length.
    """

    def __init__(self) -> None:
        self.frames: list[int] = []
        self.crops = np.empty((POOL, SIZE, SIZE, 3), np.uint8)

    def add(self, frame: int, crop: Pixels) -> None:
        if len(self.frames) == POOL:
            del self.frames[1::2]
            self.crops[: POOL // 2] = self.crops[::2].copy()
        self.crops[len(self.frames)] = crop
        self.frames.append(frame)


@dataclass(frozen=True, eq=False)
class Role:
    """One appearance of a person, from frame ``first`` on: alignments ``(T, 2, 3)`` as found and as steadied."""

    name: str
    first: int
    found: Array
    steady: Array


class Cast:
    """Who is in a video: the people ``known`` by name from photos, or without them whoever appears for long enough.

    Attributes:
        albums: by name, up to ``POOL`` of the faces seen.
        tracks: each with the name of its person, None for a stranger.
    """

    def __init__(self, surrogate: Recognizer, threshold: float, known: Mapping[str, Album] | None) -> None:
        self._surrogate, self._threshold, self._known = surrogate, threshold, known
        self.albums: dict[str, Album] = {}
        self.tracks: list[tuple[Track, str | None]] = []

    def join(self, track: Track, shots: Shots) -> None:
        """Decide, by the mean embedding of some of its crops, whose a track is. Nobody is in two places at once, but for
        somebody who is known and like nobody else: in a split screen, or a mirror."""
        crops = from_pixels(list(shots.crops[: len(shots.frames)]))
        seen = Album(crops, self._surrogate.embed(crops).cpu(), np.array(shots.frames, float))
        busy = {name for other, name in self.tracks if other.first < track.end and track.first < other.end}
        people = self.albums if self._known is None else self._known
        centers = {name: album.center for name, album in people.items() if name not in busy}
        name = who_is_who(seen.center[None], centers, self._threshold)[0]
        if name is None and self._known is not None:
            everybody = {name: album.center for name, album in self._known.items()}
            name = who_is_who(seen.center[None], everybody, self._threshold)[0]
        if name is None and self._known is None:
            name = f"person {len(self.albums) + 1}"
        self.tracks.append((track, name))
        if name is not None:
            both = [self.albums[name], seen] if name in self.albums else [seen]
            frames = np.concatenate([one.frames for one in both])
            joined = Album(torch.cat([one.crops for one in both]), torch.cat([one.embeddings for one in both]), frames)
            self.albums[name] = joined.take(POOL, range(len(frames)))

    def finish(self) -> None:
        """Make strangers of those seen too briefly to learn from."""
        brief = {name for name, album in self.albums.items() if self._known is None and len(album.crops) < BRIEF}
        self.albums = {name: self.albums[name] for name in sorted(set(self.albums) - brief)}
        self.tracks = [(track, None if name in brief else name) for track, name in self.tracks]


def protect_video(
    video: str | Path, out: str | Path, *, method: Method, photos: str | Path | None = None,
    recognizers: Sequence[Recognizer] = (), learn: int = 10, threshold: float | None = None, crf: int = 18, every: int = 10,
    window: int = WINDOW, measured: int = 300, upsample: int = 1, distractors: Tensor | None = None, force: bool = False,
    find: Finder | None = None, follow: Follower = refined, on_progress: OnProgress | None = None,
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
        upsample, find: see :func:`opom_edu.protect.protect_folder`.
        distractors: faces ``(M, 3, 112, 112)`` of others, by default 500 synthetic ones.
        force: also take a video that is protected already.
        follow: where a face is, from a frame and its alignment in the one before.
        on_progress: called with what is being done and the share of it that is done.

    Raises:
        VideoError: if ``video`` cannot be used or nobody is found in it, or ``out`` cannot be written.
        PeopleError: if ``photos`` holds nobody to learn from.
        ValueError: for invalid arguments, or without a threshold for this surrogate.
    """
    bar, tell = threshold_of(method.surrogate, threshold), on_progress or (lambda what, share: None)
    if not 0 <= crf <= 51 or learn < 1 or measured < 0:
        raise ValueError(f"crf must be within 0 and 51, learn at least 1, measured not negative: {crf}, {learn}, {measured}")
    source, out = Video(Path(video).expanduser()), Path(out).expanduser()
    _check(source, out, force)
    return_frames()
    beside = out.with_name(f"{out.name}_report")
    check_ours(beside, CSV, COLUMNS)
    remove_unfinished(out)
    remove_unfinished(beside)
    find = find or dlib_finder(upsample=upsample)
    known = None if photos is None else _people(Path(photos).expanduser(), method.surrogate, bar, find)
    cast = Cast(method.surrogate, bar, known)
    frames, gray = _watch(source, Tracker(find, follow, every=every), cast, tell)
    if not cast.albums:
        seen = f"{len(cast.tracks)} appearances of strangers" if cast.tracks else "no face (small ones need upsample=2)"
        raise VideoError(f"there is nobody to protect in {source.path}: {seen} in its {frames} frames")
    albums = {name: seen if known is None else known[name] for name, seen in cast.albums.items()}
    pairs = {name: (album.crops, album.embeddings) for name, album in albums.items()}
    learned = learn_masks(pairs, method, learn, beside / "masks", tell)
    masks = {name: mask for name, (mask, _) in learned.items()}
    roles = [_role(track, name, window) for track, name in cast.tracks if name]
    faces = sum(len(role.found) for role in roles)
    (beside / "report.html").unlink(missing_ok=True)  # that of an older copy
    rate = float(source.rate)
    probes = _probes(roles, -(-faces // measured), rate) if measured else []
    with replacing(out) as temporary:
        made = _protected(source, roles, masks, gray, probes)
        source.copy(temporary, counted(made, frames, "protecting", tell), crf=crf)
    _look_again(Video(out), probes, "after")
    if probes:
        with unfinished(out) as plain:  # what the codec alone does to the frames
            source.copy(plain, counted(source.frames(), frames, "compressing without masks", tell), crf=crf)
            _look_again(Video(plain), probes, "compressed")
    tell("measuring", 0)
    galleries = {name: album.gallery(learned[name][1], rate) for name, album in albums.items()}
    for probe in probes:
        probe.learned = probe.frame in albums[probe.person].frames[learned[probe.person][1]]
    crowd = load_people("synthetic", count=8, distractors=500).distractors if distractors is None else distractors
    table, summary = measure(probes, galleries, crowd, [method.surrogate, *recognizers], method.eps, frames / rate)
    facts = _facts(cast, roles, masks) | {"frames": frames, "notes": source.notes, "crf": crf, "distractors": len(crowd)}
    report = VideoReport(table, summary, facts | {"photos": known is not None})
    return write_report(report, beside, (source.path.name, out.name), masks, method)


def _facts(cast: Cast, roles: Sequence[Role], names: Iterable[str]) -> dict[str, Any]:
    return {
        "faces": sum(len(role.found) for role in roles), "strangers": sum(name is None for _, name in cast.tracks),
        "people": {shown(name): sum(role.name == name for role in roles) for name in names},
        "trembling": max(shimmer(role.found) for role in roles), "steadied": max(shimmer(role.steady) for role in roles),
    }  # fmt: skip


def _check(source: Video, out: Path, force: bool) -> None:
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


def _people(folder: Path, surrogate: Recognizer, threshold: float, find: Finder) -> dict[str, Album]:
    """By name, the faces in each person's photos that are theirs."""
    if not folder.is_dir():
        raise PeopleError(f"{folder} is not a folder; give one of photos, or with a sub-folder of photos per person")
    files, refused = list_photos(folder)
    crops: dict[str, list[Tensor]] = {}
    left = [(path, why) for _, path, why in refused]
    for owner, path, _ in files:
        try:
            photo = read_photo(path)
            if photo.mark:
                raise PhotoError("it is protected: the report could not compare with clean faces")
            if not len(marks := find(photo.pixels)):
                raise PhotoError("no face was found")
            crops.setdefault(owner, []).append(Faces.of(photo.pixels, marks).crops)
        except (OpomError, OSError) as error:
            left.append((path, str(error)))
    embeddings = {owner: [surrogate.embed(group).cpu() for group in groups] for owner, groups in crops.items()}
    people = {}
    for owner, center in centers_of(embeddings, threshold).items():
        best = [int((own @ center).argmax()) for own in embeddings[owner]]
        own = [i for i, face in enumerate(best) if float(embeddings[owner][i][face] @ center) > threshold]
        kept, seen = (torch.stack([groups[owner][i][best[i]] for i in own]) for groups in (crops, embeddings))
        people[owner] = Album(kept, seen, np.full(len(own), -np.inf))
        if others := len(best) - len(own):
            left.append((folder / owner, f"{others} photos show others than most do"))
    for path, why in left:
        warnings.warn(f"{shown(path.name)} is not learned from: {shown(why)}", PeopleWarning, stacklevel=3)
    if not people:
        raise PeopleError(f"{folder} holds no photo with a face to learn from")
    return people


def _watch(source: Video, tracker: Tracker, cast: Cast, tell: OnProgress) -> tuple[int, bool]:
    """Follow everybody through the video; how many frames it has, and whether it is gray."""
    shots: defaultdict[Track, Shots] = defaultdict(Shots)
    number, gray = -1, True
    for number, (pts, pixels) in enumerate(source.frames()):
        tell("following faces", min(1.0, source.time(pts) / source.seconds) if source.seconds else 0.0)
        if tracker.see(pixels):
            gray = gray and bool((pixels == pixels[..., :1]).all())
            for track in tracker.now:
                shots[track].add(number, warp(pixels, alignment(track.landmarks[-1]), (SIZE, SIZE)))
        while tracker.done:
            cast.join(track := tracker.done.pop(), shots.pop(track))
    tracker.finish()
    for track in tracker.done:
        cast.join(track, shots[track])
    cast.finish()
    return number + 1, gray


def _role(track: Track, name: str, window: int) -> Role:
    marks = np.array(track.landmarks)
    return Role(name, track.first, np.array([alignment(points) for points in marks]), smoothed(marks, window))


def _probes(roles: Sequence[Role], step: int, rate: float) -> list[Probe]:
    """The faces of every ``step``-th frame, in order, cut out by the alignments as found: a recognizer steadies nothing."""
    places = [
        (number, role)
        for role in roles
        for number in range(-(-role.first // step) * step, role.first + len(role.found), step)
    ]
    places.sort(key=lambda place: place[0])
    blank = np.zeros((len(places), len(SEEN), SIZE, SIZE, 3), np.uint8)  # one block, for the reason that Shots names
    return [
        Probe(number, number / rate, role.name, role.found[number - role.first], dict(zip(SEEN, pictures, strict=True)))
        for (number, role), pictures in zip(places, blank, strict=True)
    ]


def _protected(
    source: Video, roles: Sequence[Role], masks: Mapping[str, Mask], gray: bool, probes: Sequence[Probe]
) -> Iterator[tuple[int, Pixels]]:
    """The frames with everybody's mask laid in; the probes see each before and after."""
    changes = {name: mask.delta.permute(1, 2, 0).numpy() for name, mask in masks.items()}
    eps = max(mask.eps for mask in masks.values())
    waiting = deque(probes)
    for number, (pts, pixels) in enumerate(source.frames()):
        here = [(role, number - role.first) for role in roles if role.first <= number < role.first + len(role.found)]
        laid = lay_in(pixels, [(r.steady[i], changes[r.name]) for r, i in here], eps=eps, gray=gray) if here else pixels
        while waiting and waiting[0].frame == number:
            waiting[0].see("before", pixels)
            waiting.popleft().see("lossless", laid)
        yield pts, laid


def _look_again(copy: Video, probes: Sequence[Probe], stage: str) -> None:
    """Fill in the probes' faces as a file gives them back."""
    waiting = deque(probes)
    for number, (_, pixels) in enumerate(copy.frames() if waiting else ()):
        while waiting and waiting[0].frame == number:
            waiting.popleft().see(stage, pixels)
