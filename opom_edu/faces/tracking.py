"""Faces followed over the time of a video, and their alignment steadied. Geometry only."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from opom_edu.faces.finder import Finder, Follower
from opom_edu.faces.images import SIZE
from opom_edu.faces.photos import Array, Pixels, alignment, inverse, moved, warp

FRAME_SIDE = 1280  # pixels of the longer side of what faces are looked for in
ALIKE = 0.6  # correlation of a face with itself a frame later, above 0.9 as a rule; lower, and it is another or none
MISSES = 3  # searches in a row that may miss a face before it is given up: a finder may not know profiles
WINDOW = 9  # frames, about a third of a second


@dataclass(eq=False)
class Track:
    """A face in successive frames.

    Attributes:
        first: number of its first frame.
        landmarks: ``(5, 2)`` in the frame's pixels, one per frame: some 200 bytes, all that is kept of a frame.
        found: numbers of the frames where the detector found it; in the others it was followed.
        looks: the face as it was last seen, ``(56, 56)`` gray.

    Example:
        >>> track = Track(first=10, landmarks=deque([find(None)[0]] * 5), found=[10])
        >>> track.end, track.near(find(None)[0] + 3, 12), track.near(find(None)[0] + 300, 12)
        (15, True, False)
    """

    first: int
    landmarks: deque[Array]
    found: list[int]
    looks: Any = field(default=None, repr=False)

    @property
    def end(self) -> int:
        """Number of the first frame after it."""
        return self.first + len(self.landmarks)

    def near(self, marks: Array, frame: int) -> bool:
        """Whether it was within half a face of these landmarks ``(5, 2)`` in frame ``frame``."""
        if not self.first <= frame < self.end:
            return False
        own = self.landmarks[frame - self.first]
        return bool(np.hypot(*(own.mean(0) - marks.mean(0))) * np.hypot(*alignment(own)[:, 0]) < SIZE / 2)


class Tracker:
    """Finds faces in every ``every``-th frame, follows them in those between, and back to where they came into view.

    Args:
        find: where faces are in a frame.
        follow: where a face is, given its alignment in the frame before or after.
        every: frames from one search to the next, at least 1.

    Attributes:
        now: the tracks in the last frame seen.
        done: those that have ended, until they are taken away.

    Raises:
        ValueError: if ``every`` is below 1.

    Example:
        >>> frame = (ada.train[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)
        >>> tracker = Tracker(find, lambda pixels, matrix: find(pixels)[0], every=2)
        >>> [tracker.see(frame) for _ in range(3)], len(tracker.now)
        ([True, False, True], 1)
        >>> tracker.finish()
        >>> tracker.done[0].end
        3
    """

    def __init__(self, find: Finder, follow: Follower, *, every: int = 10) -> None:
        if every < 1:
            raise ValueError(f"every must be at least 1, got {every}")
        self.now, self.done = list[Track](), list[Track]()
        self._find, self._follow, self._every, self._frame = find, follow, every, -1
        self._recent: deque[tuple[Pixels, float]] = deque(maxlen=every)
        self._ended: deque[Track] = deque(maxlen=8)

    def see(self, pixels: Pixels) -> bool:
        """Take in the next frame ``(H, W, 3)``, uint8 RGB; whether faces were looked for in it."""
        self._frame += 1
        share = min(1.0, FRAME_SIDE / max(pixels.shape))
        small = cv2.resize(pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA) if share < 1 else pixels
        self._recent.append((small, share))
        lost = [track for track in self.now if not self._step(track, small, share, 1)]
        for track in lost:
            self._end(track)
        if self._frame % self._every and not lost:
            return False
        for marks in self._find(small) / share:
            near = [track for track in self.now if track.near(marks, self._frame)]
            if near:
                near[0].found.append(self._frame)
                near[0].landmarks[-1] = marks
            else:
                self._start(marks)
        for track in [track for track in self.now if self._frame - track.found[-1] >= MISSES * self._every]:
            self._end(track)
        return True

    def finish(self) -> None:
        """End all tracks: the video is over."""
        for track in list(self.now):
            self._end(track)

    def _end(self, track: Track) -> None:
        self.now.remove(track)
        self.done.append(track)
        self._ended.append(track)

    def _start(self, marks: Array) -> None:
        track = Track(self._frame, deque([marks]), [self._frame])
        last = track.looks = _looks(self._recent[-1][0], marks * self._recent[-1][1])
        for small, share in list(self._recent)[-2::-1]:
            if not self._step(track, small, share, -1) or self._known(track):
                break
        while self._known(track):
            track.landmarks.popleft()
            track.first += 1
        track.looks = last
        self.now.append(track)

    def _known(self, track: Track) -> bool:
        """Whether another track is where this one begins."""
        return any(other.near(track.landmarks[0], track.first) for other in (*self.now, *self._ended))

    def _step(self, track: Track, small: Pixels, share: float, way: int) -> bool:
        """Follow a face into the next frame (``way`` 1) or the one before its first (-1); whether it is still the same."""
        marks = self._follow(small, alignment(track.landmarks[-1 if way > 0 else 0] * share))
        looks = _looks(small, marks)
        if float(cv2.matchTemplate(looks, track.looks, cv2.TM_CCOEFF_NORMED)[0, 0]) < ALIKE:
            return False
        track.looks = looks
        if way > 0:
            track.landmarks.append(marks / share)
        else:
            track.landmarks.appendleft(marks / share)
            track.first -= 1
        return True


def _looks(small: Pixels, marks: Array) -> Any:
    """The face in gray at half the size of a crop, to see whether it is still the same."""
    return cv2.cvtColor(warp(small, alignment(marks) / 2, (SIZE // 2, SIZE // 2)), cv2.COLOR_RGB2GRAY)


def smoothed(landmarks: Array, window: int = WINDOW) -> Array:
    """Alignments ``(T, 2, 3)`` of a face's landmarks over time ``(T, 5, 2)``, steadied.

    A parabola through the ``window`` frames around each (Savitzky and Golay 1964) follows a head that speeds up or slows
    down, and not the landmarks' own trembling, which would make the mask shimmer. 1 steadies nothing.

    Example:
        >>> smoothed(np.stack([find(None)[0] + i for i in range(12)])).shape
        (12, 2, 3)
    """
    from scipy.signal import savgol_filter

    length = min(window, len(landmarks) - 1 + len(landmarks) % 2)
    steady = savgol_filter(landmarks, length, 2, axis=0) if length > 3 else landmarks
    return np.array([alignment(marks) for marks in steady])


def shimmer(matrices: Array) -> float:
    """How much alignments ``(T, 2, 3)`` tremble, in pixels of the crop.

    The root mean square of how far the crop's corners are from halfway between where they were a frame before and will be a
    frame later; 0 for fewer than three frames.

    Example:
        >>> still = np.tile(np.eye(2, 3), (5, 1, 1))
        >>> shaken = still.copy()
        >>> shaken[2, 0, 2] = 1
        >>> shimmer(still), round(shimmer(shaken), 2)
        (0.0, 0.71)
    """
    if len(matrices) < 3:
        return 0.0
    corners = np.array([[0, 0], [SIZE, 0], [0, SIZE], [SIZE, SIZE]], float)
    jumps = []
    for before, now, after in zip(matrices, matrices[1:], matrices[2:], strict=False):
        beside = [moved(moved(corners, inverse(matrix)), now) for matrix in (before, after)]
        jumps.append(np.mean(beside, axis=0) - corners)
    return float(np.sqrt(2 * np.mean(np.square(jumps))))
