"""Videos in and out, a frame at a time."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from opom_edu.errors import VideoError, import_extra
from opom_edu.faces.photos import MARK, Pixels

SUFFIXES = (".mp4", ".mov", ".mkv")  # of what is written: containers that hold H.264 and an upright picture's time stamps


def return_frames() -> None:
    """Have the C library give blocks of a megabyte and more, such as frames, back to the system as soon as they are free.

    Within the heap, the little that is kept of each frame comes to lie between them and lets it grow with the video. This is
    for the whole process, and costs little; other C libraries than glibc are left as they are.

    Example:
        >>> return_frames()
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

    Example:
        >>> write_video(folder / "gray.mp4", ((i, np.full((48, 64, 3), 128, np.uint8)) for i in range(5)), rate=25)
        >>> video = Video(folder / "gray.mp4")
        >>> len(list(video.frames())), float(video.rate), video.seconds, video.mark
        (5, 25.0, 0.2, False)
        >>> video.copy(folder / "copy.mp4", video.frames())
        >>> Video(folder / "copy.mp4").mark
        True
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
        av = import_extra("av", "video")
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
    """Write frames as H.264.

    The same frames give the same file where their width is a multiple of 128; at others, what x264 makes of them may differ
    by a few bytes from one time to the next.

    Args:
        path, crf: see :meth:`Video.copy`.
        frames: of each its time in ``time_base`` and its pixels ``(H, W, 3)``, uint8 RGB.
        rate: frames per second.
        time_base: unit of the times in s; by default 1 / ``rate``.
        look: attributes of PyAV's codec context, such as colors.
        mark: what the file's comment says.
        sound: streams of an open PyAV container, whose packets are copied, and the container.

    Raises:
        VideoError: if the sound does not fit into this kind of file.
        MissingExtraError: without the package av.

    Example:
        >>> write_video(folder / "two.mp4", enumerate(np.zeros((2, 32, 32, 3), np.uint8)), rate=2)
        >>> Video(folder / "two.mp4").seconds
        1.0
    """
    av = import_extra("av", "video")
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
