"""Frames written as H.264, with the sound of another file beside them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from opom_edu.errors import VideoError, import_extra
from opom_edu.faces.photos import Pixels

KEPT = ("language", "title")  # of a sound track's metadata


@dataclass(frozen=True, eq=False)
class Sound:
    """What is copied from an open PyAV ``container``: the packets of ``streams``, and its chapters, all ``start`` s earlier.

    Example:
        >>> Sound(None, [], Fraction(0)).streams
        []
    """

    container: Any
    streams: list[Any]
    start: Fraction

    def packets(self) -> Iterator[Any]:
        """The streams' packets, as far as they can be read."""
        from av import FFmpegError

        try:
            for packet in self.container.demux(self.streams) if self.streams else ():
                if packet.pts is not None:
                    shift = round(self.start / packet.time_base)
                    packet.pts, packet.dts = packet.pts - shift, packet.dts - shift if packet.dts is not None else None
                    yield packet
        except FFmpegError:
            return

    def chapters(self) -> list[dict[str, Any]]:
        """The container's chapters."""
        found = []
        for chapter in self.container.chapters():
            shift = round(self.start / chapter["time_base"])
            found.append({**chapter, "start": chapter["start"] - shift, "end": chapter["end"] - shift})
        return found


def write_video(
    path: str | Path, frames: Iterable[tuple[int, Pixels]], *, rate: Fraction | int, time_base: Fraction | None = None,
    crf: int = 18, look: dict[str, Any] | None = None, mark: str = "", sound: Sound | None = None,
    last_stays: Callable[[], Fraction] = lambda: Fraction(0),
) -> None:  # fmt: skip
    """Write frames as H.264.

    The same frames give the same file where their width is a multiple of 128; at others, what x264 makes of them may differ
    by a few bytes from one time to the next.

    Args:
        path, crf: see :meth:`opom_edu.faces.video.Video.copy`.
        frames: of each its time in ``time_base`` and its pixels ``(H, W, 3)``, uint8 RGB.
        rate: frames per second.
        time_base: unit of the times in s; by default 1 / ``rate``.
        look: attributes of PyAV's codec context, such as colors.
        mark: what the file's comment says.
        sound: what is copied from another file.
        last_stays: seconds for which the last frame stays, asked for after it; 0 for as long as the others.

    Raises:
        VideoError: if the sound does not fit into this kind of file.
        MissingExtraError: without the package av.

    Example:
        >>> from opom_edu.faces.video import Video
        >>> write_video(folder / "two.mp4", enumerate(np.zeros((2, 32, 32, 3), np.uint8)), rate=2)
        >>> Video(folder / "two.mp4").seconds
        1.0
    """
    av = import_extra("av", "video")
    time_base, sound = time_base or Fraction(1, rate), sound or Sound(None, [], Fraction(0))
    with av.open(str(path), "w") as target:
        target.metadata["comment"] = mark
        picture: Any = target.add_stream("libx264", rate=Fraction(rate), options={"crf": str(crf), "preset": "veryfast"})
        copies = _with_sound(target, sound, path)
        waiting, pts = sound.packets(), 0
        held = next(waiting, None)
        for pts, pixels in frames:
            if not picture.codec_context.is_open:
                _size(picture, pixels, time_base, look or {})
                with _fitting(path):  # the container's head, in which the sound is told
                    target.start_encoding()
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame = frame.reformat(format=picture.pix_fmt, dst_colorspace=(look or {}).get("colorspace"))
            frame.pts, frame.time_base = pts, time_base
            for packet in picture.encode(frame):
                target.mux(packet)
            while held is not None and held.pts * held.time_base <= pts * time_base:
                held = _mux(target, held, copies, waiting)
        _finish(target, picture, pts * time_base, last_stays())
        while held is not None:
            held = _mux(target, held, copies, waiting)


def _with_sound(target: Any, sound: Sound, path: str | Path) -> dict[int, Any]:
    """The sound's new streams, by the number of the old."""
    copies = {}
    with _fitting(path):
        for stream in sound.streams:
            made = copies[stream.index] = target.add_stream_from_template(stream)
            made.metadata.update({name: value for name, value in stream.metadata.items() if name.lower() in KEPT})
            made.disposition = stream.disposition
        if sound.container is not None and (chapters := sound.chapters()):
            target.set_chapters(chapters)
    return copies


def _size(picture: Any, pixels: Pixels, time_base: Fraction, look: dict[str, Any]) -> None:
    height, width = pixels.shape[:2]
    picture.width, picture.height = width, height
    picture.pix_fmt = "yuv444p" if height % 2 or width % 2 else "yuv420p"
    picture.codec_context.time_base = time_base
    for name, value in look.items():
        setattr(picture.codec_context, name, value)


def _finish(target: Any, picture: Any, last: Fraction, stays: Fraction) -> None:
    """Write what the encoder still holds; the frame that is shown last, at ``last`` s, stays for so many s."""
    packets = list(picture.encode())
    for packet in packets:
        if stays and (packet.pts * packet.time_base >= last or packet is packets[-1]):
            packet.duration = round((last + stays) / packet.time_base) - packet.pts
        target.mux(packet)


@contextlib.contextmanager
def _fitting(path: str | Path) -> Iterator[None]:
    from av import FFmpegError

    try:
        yield
    except (FFmpegError, ValueError) as error:
        raise VideoError(f"the sound of this video does not fit into {Path(path).suffix}; write .mkv ({error})") from error


def _mux(target: Any, packet: Any, copies: dict[int, Any], waiting: Iterator[Any]) -> Any:
    packet.stream = copies[packet.stream.index]
    target.mux(packet)
    return next(waiting, None)
