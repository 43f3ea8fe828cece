"""Who is in a video: faces followed from frame to frame, and known by name from photos or by how long they appear."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from opom_edu.errors import OpomError, PeopleError, PeopleWarning, PhotoError
from opom_edu.evaluation.matching import centers_of, who_is_who
from opom_edu.faces import SIZE
from opom_edu.faces.aligned import Faces
from opom_edu.faces.finder import Finder
from opom_edu.faces.folders import list_photos, shown
from opom_edu.faces.images import from_pixels
from opom_edu.faces.photos import Array, Pixels, alignment, read_photo, warp
from opom_edu.faces.tracking import Track, Tracker, smoothed
from opom_edu.faces.video import Video
from opom_edu.protect.shots import OnProgress
from opom_edu.recognizers import Recognizer

POOL = 60  # crops of a person that are kept to choose from, however long the video is
BRIEF = 3  # crops, one from every tenth frame, below which nobody can be learned from the video
GALLERY = 10  # clean faces of a person that the report compares with


@dataclass(frozen=True, eq=False)
class Sightings:
    """Faces of one person: ``crops (N, 3, 112, 112)``, ``embeddings (N, D)``, and the number of the frame that each is from,
    minus infinity for photos."""

    crops: Tensor
    embeddings: Tensor
    frames: Array

    @property
    def center(self) -> Tensor:
        """The mean direction ``(D,)``."""
        return functional.normalize(self.embeddings.mean(0), dim=0)

    def take(self, count: int, among: Sequence[int]) -> Sightings:
        """Up to ``count`` of those at some places, evenly spread."""
        places = [among[int(i)] for i in np.linspace(0, len(among) - 1, min(count, len(among)))]
        return Sightings(self.crops[places], self.embeddings[places], self.frames[places])

    def gallery(self, chosen: Sequence[int], rate: float) -> tuple[Tensor, Array]:
        """Clean faces for the report, none of the ``chosen`` if there are others, and their times in s."""
        others = [place for place in range(len(self.crops)) if place not in chosen] or chosen
        kept = self.take(GALLERY, others)
        return kept.crops, kept.frames / rate


class TrackCrops:
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
        seen: by name, up to ``POOL`` of the faces seen.
        tracks: each with the name of its person, None for a stranger.
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
        centers = {name: sightings.center for name, sightings in people.items() if name not in busy}
        name = who_is_who(here.center[None], centers, self._threshold)[0]
        if name is None and self._known is not None:
            everybody = {name: sightings.center for name, sightings in self._known.items()}
            name = who_is_who(here.center[None], everybody, self._threshold)[0]
        if name is None and self._known is None:
            name = f"person {len(self.seen) + 1}"
        self.tracks.append((track, name))
        if name is not None:
            both = [self.seen[name], here] if name in self.seen else [here]
            frames = np.concatenate([one.frames for one in both])
            joined = Sightings(torch.cat([one.crops for one in both]), torch.cat([one.embeddings for one in both]), frames)
            self.seen[name] = joined.take(POOL, range(len(frames)))

    def finish(self) -> None:
        """Make strangers of those seen too briefly to learn from."""
        brief = {name for name, sightings in self.seen.items() if self._known is None and len(sightings.crops) < BRIEF}
        self.seen = {name: self.seen[name] for name in sorted(set(self.seen) - brief)}
        self.tracks = [(track, None if name in brief else name) for track, name in self.tracks]


def watch(source: Video, tracker: Tracker, cast: Cast, tell: OnProgress) -> tuple[int, bool]:
    """Follow everybody through the video; how many frames it has, and whether it is gray."""
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
    marks = np.array(track.landmarks)
    return Role(name, track.first, np.array([alignment(points) for points in marks]), smoothed(marks, window))


def people_in(folder: Path, surrogate: Recognizer, threshold: float, find: Finder) -> dict[str, Sightings]:
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
        people[owner] = Sightings(kept, seen, np.full(len(own), -np.inf))
        if others := len(best) - len(own):
            left.append((folder / owner, f"{others} photos show others than most do"))
    for path, why in left:
        warnings.warn(f"{shown(path.name)} is not learned from: {shown(why)}", PeopleWarning, stacklevel=3)
    if not people:
        raise PeopleError(f"{folder} holds no photo with a face to learn from")
    return people
