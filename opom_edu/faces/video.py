"""Videos in and out, a frame at a time, and faces followed over time. Geometry only."""

from __future__ import annotations

import contextlib
import ctypes
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from opom_edu.errors import MissingExtraError, VideoError
from opom_edu.faces.finder import Finder
from opom_edu.faces.images import SIZE
from opom_edu.faces.photos import MARK, Array, Pixels, alignment, moved, warp

# From a frame and the alignment ``(2, 3)`` of a face in the frame beside it, to the face's landmarks ``(5, 2)``.
Follower = Callable[[Pixels, Array], Array]

SUFFIXES = (".mp4", ".mov", ".mkv")  # of what is written: containers that hold H.264 and an upright picture's time stamps
SCAN = 1280  # pixels of the longer side of what faces are looked for in
ALIKE = 0.6  # correlation of a face with itself a frame later, above 0.9 as a rule; lower, and it is another or none
PATIENCE = 3  # searches in a row that may miss a face before it is given up: the detector knows no profiles
WINDOW = 9  # frames, about a third of a second


def return_frames() -> None:
    """Have the C library give blocks of a megabyte and more, such as frames, back to the system as soon as they are free.

    Within the heap, the little that is kept of each frame comes to lie between them and lets it grow with the video. This is
    for the whole process, and costs little; other C libraries than glibc are left as they are.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(-3, 2**20)  # M_MMAP_THRESHOLD in malloc.h


class Video:
    """A video file, to be read as often as wanted and never held whole in memory.

    Attributes:
        path: of the file.
        rate: frames per second, on average.
        seconds: how long the file says it is; 0 if it does not.
        mark: whether :meth:`copy` wrote it.
        notes: what was wrong with it, after :meth:`frames` came to its end.

    Raises:
        VideoError: if the file is no video, or holds no moving picture.
        MissingExtraError: without the package av.
    """

    def __init__(self, path: str | Path) -> None:
        self.path, self.notes = Path(path), list[str]()
        with self._open() as container:
            stream = self._stream(container)
            self.rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
            self.time_base = Fraction(stream.time_base or 1 / self.rate)
            length = stream.duration * self.time_base if stream.duration else (container.duration or 0) / Fraction(10**6)
            self.seconds = float(length)
            remarks = [text for name, text in container.metadata.items() if name.lower() == "comment"]
            self.mark = any(text.startswith(MARK) for text in remarks)
            context = stream.codec_context
            self.look = {name: getattr(context, name) for name in ("colorspace", "color_primaries", "color_trc")}

    def _open(self) -> Any:
        try:
            import av
        except ImportError as error:
            raise MissingExtraError("av", "video") from error
        try:
            return av.open(str(self.path), metadata_errors="replace")
        except (av.FFmpegError, OSError) as error:
            raise VideoError(f"{self.path} cannot be read as a video: {error}; is it whole, and a video?") from error

    def _stream(self, container: Any) -> Any:
        from av.stream import Disposition

        moving = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
        if not moving or not moving[0].codec_context:
            raise VideoError(f"{self.path} holds no moving picture; is it sound alone?")
        return moving[0]

    def frames(self) -> Iterator[tuple[int, Pixels]]:
        """Each frame's time in ``time_base`` and its pixels ``(H, W, 3)``, RGB, turned upright.

        What cannot be decoded is left out and told in ``notes``.

        Raises:
            VideoError: if there is no frame at all, or one of another size than those before.
        """
        from av import FFmpegError

        broken, last, size = 0, None, None
        with self._open() as container:
            stream = self._stream(container)
            stream.thread_type = "AUTO"
            packets = container.demux(stream)
            while True:
                try:
                    packet = next(packets)
                    decoded = packet.decode()
                except StopIteration:
                    break
                except FFmpegError:
                    broken += 1
                    continue
                for frame in decoded:
                    if last is None and stream.sample_aspect_ratio:  # a pixel's width by its height, for :meth:`copy`
                        pixel = Fraction(stream.sample_aspect_ratio)
                        self.look["sample_aspect_ratio"] = pixel if frame.rotation % 180 == 0 else 1 / pixel
                    pixels = np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)
                    size = size or pixels.shape
                    if pixels.shape != size:
                        sizes = " to ".join(f"{width}x{height}" for height, width, _ in (size, pixels.shape))
                        raise VideoError(
                            f"{self.path} changes from {sizes} after {self.time(last or 0):.1f} s; cut it there"
                        )
                    start = -1 if last is None else last
                    wanted = frame.pts if frame.pts is not None else start + round(1 / self.rate / self.time_base)
                    last = max(wanted, start + 1) if last is not None else wanted  # no two frames at one time
                    yield last, np.ascontiguousarray(pixels)
        if last is None:
            raise VideoError(f"{self.path} holds not one frame that can be decoded")
        end = self.time(last)
        self.notes = [f"{broken} parts of it could not be decoded and are left out"] if broken else []
        if end + 1 + 2 / self.rate < self.seconds:
            self.notes.append(f"it is cut off: {end:.1f} of {self.seconds:.1f} s could be read")

    def time(self, pts: int) -> float:
        """A frame's time in seconds."""
        return float(pts * self.time_base)

    def copy(self, path: str | Path, frames: Iterable[tuple[int, Pixels]], *, crf: int = 18) -> None:
        """Write ``frames`` as H.264 with this video's sound, its packets as they are. Other streams and metadata (place,
        camera) are left out.

        Args:
            path: a file .mp4, .mov or .mkv.
            frames: as from :meth:`frames`, all of one size.
            crf: x264's constant rate factor, 0 (lossless but for the color space) to 51; 18 looks like the original.

        Raises:
            VideoError: if the sound does not fit into this kind of file.
        """
        with self._open() as source:
            sound = [stream for stream in source.streams.audio if stream.codec_context]
            write_video(path, frames, rate=self.rate, time_base=self.time_base, crf=crf, look=self.look, mark=MARK,
                        sound=(sound, source))  # fmt: skip


def write_video(
    path: str | Path, frames: Iterable[tuple[int, Pixels]], *, rate: Fraction | int, time_base: Fraction | None = None,
    crf: int = 18, look: dict[str, Any] | None = None, mark: str = "", sound: tuple[list[Any], Any] = ([], None),
) -> None:  # fmt: skip
    """Write frames ``(time in time_base, (H, W, 3))`` as H.264; ``time_base`` is 1 / ``rate`` unless given.

    The same frames give the same file where their width is a multiple of 128; at others, what x264 makes of them may differ
    by a few bytes from one time to the next.

    ``look`` are attributes of PyAV's codec context, such as colors. ``sound`` are streams of an open PyAV container, whose
    packets are copied. For the rest see :meth:`Video.copy`.
    """
    try:
        import av
    except ImportError as error:
        raise MissingExtraError("av", "video") from error
    time_base = time_base or Fraction(1, rate)
    with av.open(str(path), "w") as target:
        target.metadata["comment"] = mark
        picture: Any = target.add_stream("libx264", rate=Fraction(rate), options={"crf": str(crf), "preset": "veryfast"})
        with _fitting(path):
            copies = {stream.index: target.add_stream_from_template(stream) for stream in sound[0]}
        waiting = _packets(sound[1], sound[0])
        held = next(waiting, None)
        for pts, pixels in frames:
            if not picture.codec_context.is_open:
                height, width = pixels.shape[:2]
                picture.width, picture.height = width, height
                picture.pix_fmt = "yuv444p" if height % 2 or width % 2 else "yuv420p"
                picture.codec_context.time_base = time_base
                for name, value in (look or {}).items():
                    setattr(picture.codec_context, name, value)
                with _fitting(path):  # the container's head, in which the sound is told
                    target.start_encoding()
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame = frame.reformat(format=picture.pix_fmt, dst_colorspace=(look or {}).get("colorspace"))
            frame.pts, frame.time_base = pts, time_base
            for packet in picture.encode(frame):
                target.mux(packet)
            while held is not None and held.pts * held.time_base <= pts * time_base:
                held = _mux(target, held, copies, waiting)
        for packet in picture.encode():
            target.mux(packet)
        while held is not None:
            held = _mux(target, held, copies, waiting)


@contextlib.contextmanager
def _fitting(path: str | Path) -> Iterator[None]:
    from av import FFmpegError

    try:
        yield
    except (FFmpegError, ValueError) as error:
        raise VideoError(f"the sound of this video does not fit into {Path(path).suffix}; write .mkv ({error})") from error


def _packets(container: Any, streams: list[Any]) -> Iterator[Any]:
    """The sound's packets, as far as they can be read."""
    from av import FFmpegError

    try:
        yield from (packet for packet in (container.demux(streams) if streams else ()) if packet.pts is not None)
    except FFmpegError:
        return


def _mux(target: Any, packet: Any, copies: dict[int, Any], waiting: Iterator[Any]) -> Any:
    packet.stream = copies[packet.stream.index]
    target.mux(packet)
    return next(waiting, None)


@dataclass(eq=False)
class Track:
    """A face in successive frames.

    Attributes:
        first: number of its first frame.
        landmarks: ``(5, 2)`` in the frame's pixels, one per frame: some 200 bytes, all that is kept of a frame.
        found: numbers of the frames where the detector found it; in the others it was followed.
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
        """Whether it was within half a face of these landmarks in a frame."""
        if not self.first <= frame < self.end:
            return False
        own = self.landmarks[frame - self.first]
        return bool(np.hypot(*(own.mean(0) - marks.mean(0))) * np.hypot(*alignment(own)[:, 0]) < SIZE / 2)


class Tracker:
    """Finds faces in every ``every``-th frame, follows them in those between, and back to where they came into view.

    Args:
        find: where faces are in a frame.
        follow: where a face is, given its alignment in the frame before or after.

    Attributes:
        now: the tracks in the last frame seen; ``done``: those that have ended, until they are taken away.
    """

    def __init__(self, find: Finder, follow: Follower, *, every: int = 10) -> None:
        if every < 1:
            raise ValueError(f"every must be at least 1, got {every}")
        self.now, self.done = list[Track](), list[Track]()
        self._find, self._follow, self._every, self._frame = find, follow, every, -1
        self._recent: deque[tuple[Pixels, float]] = deque(maxlen=every)
        self._ended: deque[Track] = deque(maxlen=8)

    def see(self, pixels: Pixels) -> bool:
        """Take in the next frame; whether faces were looked for in it."""
        self._frame += 1
        share = min(1.0, SCAN / max(pixels.shape))
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
        for track in [track for track in self.now if self._frame - track.found[-1] >= PATIENCE * self._every]:
            self._end(track)
        return True

    def finish(self) -> None:
        """End all tracks."""
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
            if not self._step(track, small, share, -1) or any(
                other.near(track.landmarks[0], track.first) for other in (*self.now, *self._ended)
            ):
                break
        while any(other.near(track.landmarks[0], track.first) for other in (*self.now, *self._ended)):
            track.landmarks.popleft()
            track.first += 1
        track.looks = last
        self.now.append(track)

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
    """
    from scipy.signal import savgol_filter

    length = min(window, len(landmarks) - 1 + len(landmarks) % 2)
    steady = savgol_filter(landmarks, length, 2, axis=0) if length > 3 else landmarks
    return np.array([alignment(marks) for marks in steady])


def shimmer(matrices: Array) -> float:
    """How much alignments ``(T, 2, 3)`` tremble: root mean square, in pixels of the crop, of how far the crop's corners are
    from halfway between where they were a frame before and will be a frame later."""
    if len(matrices) < 3:
        return 0.0
    corners = np.array([[0, 0], [SIZE, 0], [0, SIZE], [SIZE, SIZE]], float)
    before, now, after = (matrices[i : len(matrices) - 2 + i] for i in range(3))
    places = [
        (moved(moved(corners, cv2.invertAffineTransform(m)), n), moved(moved(corners, cv2.invertAffineTransform(o)), n))
        for m, n, o in zip(before, now, after, strict=True)
    ]
    return float(np.sqrt(np.mean([((one + other) / 2 - corners) ** 2 for one, other in places]) * 2))
