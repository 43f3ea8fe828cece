"""Who is in a video: faces followed from frame to frame, and known by name from photos or by how long they appear."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from torch import Tensor

from opom_edu.errors import PeopleWarning
from opom_edu.evaluation.matching import who_is_who
from opom_edu.faces import SIZE
from opom_edu.faces.finder import Finder
from opom_edu.faces.images import from_pixels
from opom_edu.faces.photos import Array, Pixels, alignment, warp
from opom_edu.faces.tracking import Track, Tracker, smoothed
from opom_edu.faces.video import Video
from opom_edu.protect.album import by_folder, with_somebody
from opom_edu.protect.shots import OnProgress, Sightings, faces_by_name, look_at
from opom_edu.recognizers import Recognizer

POOL = 60  # crops of a person that are kept to choose from, however long the video is
BRIEF = 3  # crops, one from every tenth frame, below which nobody can be learned from the video
GALLERY = 10  # clean faces of a person that the report compares with


class TrackCrops:
    """Up to ``POOL`` crops of one track, from its first frame to its last, the later ones closer together.

    In one block of memory: small pictures left lying among a video's large frames would let the heap grow with its length.

    Attributes:
        frames: numbers of the frames.
        crops: ``(POOL, 112, 112, 3)`` uint8 RGB; the first ``len(frames)`` are filled in.

    Example:
        >>> kept = TrackCrops()
        >>> for frame in range(100):
        ...     kept.add(frame, np.full((112, 112, 3), frame, np.uint8))
        >>> len(kept.frames), kept.frames[:3], kept.crops[1, 0, 0].tolist()
        (40, [0, 4, 8], [4, 4, 4])
    """

    def __init__(self) -> None:
        self.frames: list[int] = []
        self.crops = np.empty((POOL, SIZE, SIZE, 3), np.uint8)

    def add(self, frame: int, crop: Pixels) -> None:
        """Take in the crop ``(112, 112, 3)`` of a frame; if there is no room, first drop every second of those here."""
        if len(self.frames) == POOL:
            del self.frames[1::2]
            self.crops[: POOL // 2] = self.crops[::2].copy()
        self.crops[len(self.frames)] = crop
        self.frames.append(frame)


@dataclass(frozen=True, eq=False)
class Role:
    """One appearance of a person, in T frames.

    Attributes:
        name: the person's.
        first: number of the first frame.
        found: alignments ``(T, 2, 3)`` from the frames to the crops, as found.
        steady: the same, steadied.

    Example:
        >>> from collections import deque
        >>> role_of(Track(7, deque([find(None)[0]] * 5), [7]), "Ada", window=3).steady.shape
        (5, 2, 3)
    """

    name: str
    first: int
    found: Array
    steady: Array


class Cast:
    """Who is in a video: the people ``known`` by name from photos, or without them whoever appears for long enough.

    Args:
        surrogate: it tells who is who.
        threshold: cosine on the surrogate above which two faces are one person's.
        known: by name, the faces of the people in the photos; None to take whoever appears.

    Attributes:
        seen: by name, up to ``POOL`` of the faces seen.
        tracks: each with the name of its person, None for a stranger.

    Example:
        >>> from collections import deque
        >>> crops = TrackCrops()
        >>> for frame in range(5):
        ...     crops.add(frame, np.full((112, 112, 3), 128, np.uint8))
        >>> cast = Cast(surrogate, 0.3, known=None)
        >>> cast.join(Track(0, deque([find(None)[0]] * 5), [0]), crops)
        >>> cast.finish()
        >>> list(cast.seen), cast.tracks[0][1]
        (['person 1'], 'person 1')
    """

    def __init__(self, surrogate: Recognizer, threshold: float, known: Mapping[str, Sightings] | None) -> None:
        self._surrogate, self._threshold, self._known = surrogate, threshold, known
        self.seen: dict[str, Sightings] = {}
        self.tracks: list[tuple[Track, str | None]] = []

    def join(self, track: Track, shots: TrackCrops) -> None:
        """Decide, by the mean embedding of some of its crops, whose a track is. Nobody is in two places at once, but for
        somebody who is known and like nobody else: in a split screen, or a mirror."""
        crops = from_pixels(list(shots.crops[: len(shots.frames)]))
        here = Sightings(crops, self._surrogate.embed(crops).cpu(), np.array(shots.frames, float))
        busy = {name for other, name in self.tracks if other.first < track.end and track.first < other.end}
        people = self.seen if self._known is None else self._known
        name = self._who(here, {name: seen for name, seen in people.items() if name not in busy})
        if name is None:
            name = f"person {len(self.seen) + 1}" if self._known is None else self._who(here, self._known)
        self.tracks.append((track, name))
        if name is not None:
            joined = self.seen[name].joined(here) if name in self.seen else here
            self.seen[name] = joined.take(POOL, range(len(joined.crops)))

    def _who(self, here: Sightings, people: Mapping[str, Sightings]) -> str | None:
        centers = {name: seen.center for name, seen in people.items()}
        return who_is_who(here.center[None], centers, self._threshold)[0]

    def finish(self) -> None:
        """Make strangers of those seen too briefly to learn from."""
        brief = {name for name, seen in self.seen.items() if self._known is None and len(seen.crops) < BRIEF}
        self.seen = {name: self.seen[name] for name in sorted(set(self.seen) - brief)}
        self.tracks = [(track, None if name in brief else name) for track, name in self.tracks]


def watch(source: Video, tracker: Tracker, cast: Cast, tell: OnProgress) -> tuple[int, bool]:
    """Follow everybody through the video.

    Args:
        source: the video.
        tracker: finds and follows faces.
        cast: takes in each track as it ends.
        tell: called with what is being done and the share of it that is done.

    Returns:
        How many frames there are, and whether all in which faces were looked for are gray.

    Raises:
        VideoError: if there is no frame, or one of another size than those before.

    Example:
        >>> from opom_edu.faces.video import write_video
        >>> write_video(folder / "nobody.mp4", enumerate(np.full((4, 64, 64, 3), 90, np.uint8)), rate=25)
        >>> nobody = Tracker(lambda pixels: np.empty((0, 5, 2)), lambda pixels, matrix: find(pixels)[0])
        >>> watch(Video(folder / "nobody.mp4"), nobody, Cast(surrogate, 0.3, None), lambda what, share: None)
        (4, True)
    """
    seen: defaultdict[Track, TrackCrops] = defaultdict(TrackCrops)
    number, gray = -1, True
    for number, (pts, pixels) in enumerate(source.frames()):
        tell("following faces", min(1.0, source.time(pts) / source.seconds) if source.seconds else 0.0)
        if tracker.see(pixels):
            gray = gray and bool((pixels == pixels[..., :1]).all())
            for track in tracker.now:
                seen[track].add(number, warp(pixels, alignment(track.landmarks[-1]), (SIZE, SIZE)))
        while tracker.done:
            cast.join(track := tracker.done.pop(), seen.pop(track))
    tracker.finish()
    for track in tracker.done:
        cast.join(track, seen[track])
    cast.finish()
    return number + 1, gray


def role_of(track: Track, name: str, window: int) -> Role:
    """The appearance of a person that a track is, its alignments steadied over ``window`` frames.

    Example:
        >>> from collections import deque
        >>> role = role_of(Track(7, deque([find(None)[0]] * 5), [7]), "Ada", window=3)
        >>> role.name, role.first, role.found.shape
        ('Ada', 7, (5, 2, 3))
    """
    marks = np.array(track.landmarks)
    return Role(name, track.first, np.array([alignment(points) for points in marks]), smoothed(marks, window))


def people_in(folder: Path, surrogate: Recognizer, threshold: float, find: Finder, tell: OnProgress) -> dict[str, Sightings]:
    """By name, the faces in a folder's photos of the people whose folder it is; a warning names each photo without one.

    Args:
        folder: of one person's photos, or of a sub-folder per person.
        surrogate: it tells who is who.
        threshold: cosine on the surrogate above which a face is a person's.
        find: where the faces are in a photo.
        tell: called with what is being done and the share of it that is done.

    Raises:
        PeopleError: if it is no folder, or there is no photo with a face of somebody.

    Example:
        >>> seen = people_in(folder / "photos", surrogate, 0.2, find, lambda what, share: None)
        >>> seen["Ada"].crops.shape, seen["Ada"].origins.tolist()
        (torch.Size([3, 3, 112, 112]), [-inf, -inf, -inf])
    """
    seen, rows = look_at(folder, surrogate, lambda pixels, digest: find(pixels), tell)
    shots = with_somebody(by_folder(seen, folder, threshold), rows, threshold)
    for row in rows:
        warnings.warn(f"{row['photo']} is not learned from: {row['note']}", PeopleWarning, stacklevel=3)
    return {name: replace(seen, origins=np.full(len(seen.crops), -np.inf)) for name, seen in faces_by_name(shots).items()}


def gallery_of(seen: Sightings, learned: Sequence[int], rate: float) -> tuple[Tensor, Array]:
    """Up to ten clean faces ``(G, 3, 112, 112)`` for the report to compare with, and their times ``(G,)`` in s.

    Args:
        seen: the person's faces, with the numbers of their frames; minus infinity for photos.
        learned: places of those that the mask was learned from; they count only if there are no others.
        rate: frames per second.

    Example:
        >>> seen = Sightings(torch.rand(3, 3, 112, 112), torch.rand(3, 8), np.array([0.0, 30.0, 60.0]))
        >>> gallery_of(seen, [0], rate=30)[1]
        array([1., 2.])
    """
    others = [place for place in range(len(seen.crops)) if place not in learned] or learned
    kept = seen.take(GALLERY, others)
    return kept.crops, kept.origins / rate
