"""Videos in and out, a frame at a time."""

from __future__ import annotations

import contextlib
import ctypes
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from opom_edu.errors import VideoError, import_extra
from opom_edu.faces.photos import MARK, Pixels
from opom_edu.faces.video_out import Sound
from opom_edu.faces.video_out import write_video as write_video

RGB, BT709, HDR = 0, 1, (16, 18)  # FFmpeg's numbers of color matrices, and of the transfers PQ and HLG
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
        remarks: what a copy will not have.
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
            self.start = max(Fraction(0), Fraction(container.start_time or 0) / 10**6)
            self.last_stays = Fraction(0)  # seconds of the last frame, known once frames() came to its end
            context = stream.codec_context
            self.look = {name: getattr(context, name) for name in ("colorspace", "color_primaries", "color_trc")}
            if self.look["colorspace"] == RGB:  # H.264 in 4:2:0 has no such matrix
                self.look["colorspace"] = BT709
            self.remarks = _lost(container, stream)

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
        """Each frame's time in ``time_base``, from 0 on, and its pixels ``(H, W, 3)``, RGB, upright as players show them.

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
                    pixels = _upright(frame)
                    size = size or pixels.shape
                    if pixels.shape != size:
                        sizes = " to ".join(f"{width}x{height}" for height, width, _ in (size, pixels.shape))
                        raise VideoError(
                            f"{self.path} changes from {sizes} after {self.time(last or 0):.1f} s; cut it there"
                        )
                    before = -1 if last is None else last
                    wanted = before + round(1 / self.rate / self.time_base)
                    if frame.pts is not None:
                        wanted = frame.pts - round(self.start / self.time_base)
                    last = max(wanted, before + 1) if last is not None else wanted  # no two frames at one time
                    self.last_stays = (frame.duration or 0) * self.time_base
                    yield last, np.ascontiguousarray(pixels)
        if last is None:
            raise VideoError(f"{self.path} holds not one frame that can be decoded")
        end = self.time(last)
        self.notes = [f"{broken} parts of it could not be decoded and are left out"] if broken else []
        if end + 1 + max(2 / self.rate, self.last_stays) < self.seconds:
            self.notes.append(f"it is cut off: {end:.1f} of {self.seconds:.1f} s could be read")

    def time(self, pts: int) -> float:
        """A frame's time in seconds."""
        return float(pts * self.time_base)

    def copy(self, path: str | Path, frames: Iterable[tuple[int, Pixels]], *, crf: int = 18) -> None:
        """Write ``frames`` as H.264 with this video's sound, its packets as they are, and its chapters. Other streams and
        metadata (place, camera) are left out.

        Args:
            path: a file .mp4, .mov or .mkv.
            frames: as from :meth:`frames`, all of one size.
            crf: x264's constant rate factor, 0 (lossless but for the color space) to 51; 18 looks like the original.

        Raises:
            VideoError: if the sound does not fit into this kind of file.
        """
        with self._open() as source:
            sound = Sound(source, [stream for stream in source.streams.audio if stream.codec_context], self.start)
            write_video(
                path, frames, rate=self.rate, time_base=self.time_base, crf=crf, look=self.look, mark=MARK, sound=sound,
                last_stays=lambda: self.last_stays,
            )  # fmt: skip


def _upright(frame: Any) -> Pixels:
    """The pixels as players show them: turned or mirrored as the file's display matrix says."""
    pixels: Pixels = frame.to_ndarray(format="rgb24")
    stored = next((bytes(data) for data in frame.side_data if data.type.name == "DISPLAYMATRIX"), None)
    if stored is None:
        return pixels
    a, b, _, c, d = struct.unpack("<5i", stored[:20])  # a point (x, y) is shown at (a x + c y, b x + d y)
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
    return pixels.transpose(1, 0, 2)[:: -1 if b < 0 else 1, :: -1 if c < 0 else 1]


def _lost(container: Any, stream: Any) -> list[str]:
    """What a copy of this stream will not have, one remark each."""
    remarks = []
    bits = max((part.bits for part in stream.format.components), default=8) if stream.format else 8
    if bits > 8:
        kind = f"{bits} to 8 bit" + (", and HDR may show bands" if int(stream.codec_context.color_trc) in HDR else "")
        remarks.append(f"the picture is reduced from {kind}")
    others = [other for other in container.streams if other.type not in ("audio", "video")]
    counts = Counter(other.type for other in others)
    for kind, count in counts.items():
        remarks.append(f"{count} {kind} track{'s are' if count > 1 else ' is'} left out")
    more = sum(other.type == "video" for other in container.streams) - 1
    if more:
        remarks.append(f"{more} further picture track{'s are' if more > 1 else ' is'} left out")
    return remarks
