"""Odd videos: mirrored ones, clocks that do not begin at 0, a last frame that stays, RGB, ten bits, more tracks."""

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from opom_edu.errors import OpomError
from opom_edu.faces.photos import Pixels
from opom_edu.faces.video import Video
from opom_edu.files import alone
from tests.faces.test_video import add_sound, film, save, sways

av = pytest.importorskip("av", reason="videos need the extra: pip install 'opom_edu[video]'")

CORNERS = np.zeros((96, 128, 3), np.uint8)  # red top left, green top right, blue bottom left
CORNERS[:48, :64], CORNERS[:48, 64:], CORNERS[48:, :64] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
WAYS = {  # a, b, c, d of the display matrix, and what undoes it
    "mirror": ((-1, 0, 0, 1), lambda p: p[:, ::-1]), "flip": ((1, 0, 0, -1), lambda p: p[::-1]),
    "half turn": ((-1, 0, 0, -1), lambda p: p[::-1, ::-1]), "transpose": ((0, 1, 1, 0), lambda p: p.transpose(1, 0, 2)),
    "quarter turn": ((0, 1, -1, 0), lambda p: np.rot90(p)), "other quarter": ((0, -1, 1, 0), lambda p: np.rot90(p, -1)),
    "other diagonal": ((0, -1, -1, 0), lambda p: p[::-1, ::-1].transpose(1, 0, 2)),
}  # fmt: skip


def first(path: Path) -> Pixels:
    return next(pixels for _, pixels in Video(path).frames())


def copied(path: Path, suffix: str = ".mp4") -> Path:
    video = Video(path)
    video.copy(target := path.with_name(f"copy{suffix}"), video.frames(), crf=4)
    return target


def seconds(path: Path) -> tuple[float, float]:
    with av.open(str(path)) as container:
        return container.start_time / 1e6, container.duration / 1e6


@pytest.mark.parametrize("way", WAYS)
def test_frames_stand_as_players_show_them(tmp_path: Path, way: str) -> None:
    (a, b, c, d), undo = WAYS[way]
    path = save(tmp_path / "in.mp4", [np.ascontiguousarray(undo(CORNERS))] * 3)
    content = bytearray(path.read_bytes())
    struct.pack_into(">9i", content, content.find(b"tkhd") + 44, *(x << 16 for x in (a, b, 0, c, d, 0, 0, 0)), 1 << 30)
    path.write_bytes(bytes(content))
    for shown in (first(path), first(copied(path))):
        assert shown.shape == CORNERS.shape
        assert np.abs(shown.astype(int) - CORNERS).mean() < 12


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_clock_that_begins_late_begins_at_0_with_its_sound(tmp_path: Path, suffix: str) -> None:
    source = add_sound(save(tmp_path / "a.mp4", film({0: sways(40)})), tmp_path / "b.mp4")
    with av.open(str(source)) as given, av.open(str(tmp_path / "in.ts"), "w") as out:
        streams = {stream.index: out.add_stream_from_template(stream) for stream in given.streams}
        for packet in given.demux():
            if packet.dts is not None:
                shift = round(1000 / packet.time_base)
                packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, streams[packet.stream.index]
                out.mux(packet)
    start, length = seconds(copied(tmp_path / "in.ts", suffix))
    assert abs(start) < 0.2
    assert length < 2


def test_a_last_frame_stays_as_long_as_it_did(tmp_path: Path) -> None:
    source = save(tmp_path / "a.mp4", film({0: sways(40)}, frames=12))
    with av.open(str(source)) as given, av.open(str(tmp_path / "in.mp4"), "w") as out:
        stream = out.add_stream_from_template(given.streams.video[0])
        packets = [packet for packet in given.demux(video=0) if packet.dts is not None]
        top = max(packet.pts for packet in packets)
        for packet in packets:
            if packet.pts == top:
                packet.duration = int(3 / packet.time_base)
            packet.stream = stream
            out.mux(packet)
    for suffix in (".mp4", ".mkv"):
        assert seconds(copied(tmp_path / "in.mp4", suffix))[1] == pytest.approx(seconds(tmp_path / "in.mp4")[1], abs=0.3)
    video = Video(tmp_path / "in.mp4")
    assert len(list(video.frames())) == 12
    assert video.notes == []


def made(path: Path, codec: str, pixel_format: str, **colors: int) -> Path:
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream(
            codec, rate=25, options={"crf": "4"} | ({"x265-params": "log-level=none"} if "265" in codec else {})
        )
        stream.width, stream.height, stream.pix_fmt = 128, 96, pixel_format
        for name, value in colors.items():
            setattr(stream.codec_context, name, value)
        for pts in range(6):
            frame = av.VideoFrame.from_ndarray(CORNERS, format="rgb24").reformat(format=pixel_format)
            frame.pts, frame.time_base = pts, Fraction(1, 25)
            for packet in stream.encode(frame):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
    return path


def test_pictures_in_rgb_become_yuv_that_says_so(tmp_path: Path) -> None:
    path = made(tmp_path / "in.mkv", "libx264rgb", "rgb24")
    copy = copied(path)
    with av.open(str(copy)) as container:
        context = container.streams.video[0].codec_context
        assert (context.pix_fmt, int(context.colorspace)) == ("yuv420p", 1)
    assert np.abs(first(copy).astype(int) - CORNERS).mean() < 12


@pytest.mark.parametrize(("transfer", "says"), [(16, "HDR"), (18, "HDR"), (1, "10 to 8 bit")])
def test_ten_bits_that_become_eight_are_told(tmp_path: Path, transfer: int, says: str) -> None:
    path = made(tmp_path / "in.mp4", "libx265", "yuv420p10le", color_trc=transfer, color_primaries=9, colorspace=9)
    (remark,) = Video(path).remarks
    assert says in remark
    assert Video(made(tmp_path / "plain.mp4", "libx264", "yuv420p")).remarks == []


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_languages_titles_and_chapters_are_kept(tmp_path: Path, suffix: str) -> None:
    plain = add_sound(save(tmp_path / "a.mp4", film({0: sways(40)})), tmp_path / "b.mp4")
    with av.open(str(plain)) as given, av.open(str(tmp_path / "in.mkv"), "w") as out:
        picture = out.add_stream_from_template(given.streams.video[0])
        tracks = [out.add_stream_from_template(given.streams.audio[0]) for _ in range(2)]
        for track, language, title in zip(tracks, ("eng", "deu"), ("Main", "Kommentar"), strict=True):
            track.metadata.update(language=language, title=title)
        out.set_chapters([{"id": 1, "start": 0, "end": 500, "time_base": Fraction(1, 1000), "metadata": {"title": "One"}}])
        packets = [packet for packet in given.demux() if packet.dts is not None]
        for packet in packets:
            for target in [picture] if packet.stream.type == "video" else tracks:
                packet.stream = target
                out.mux(packet)
    with av.open(str(copied(tmp_path / "in.mkv", suffix))) as container:
        assert [stream.metadata.get("language") for stream in container.streams.audio] == ["eng", "deu"]
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == ["One"]


def test_tracks_that_are_left_out_are_told(tmp_path: Path) -> None:
    (tmp_path / "s.srt").write_text("1\n00:00:00,000 --> 00:00:00,500\nHello\n\n")
    plain = save(tmp_path / "a.mp4", film({0: sways(40)}))
    with (
        av.open(str(plain)) as given,
        av.open(str(tmp_path / "s.srt")) as text,
        av.open(str(tmp_path / "in.mkv"), "w") as out,
    ):
        streams = [(source, out.add_stream_from_template(source.streams[0])) for source in (given, text)]
        for source, stream in streams[::-1]:
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = stream
                    out.mux(packet)
    assert Video(tmp_path / "in.mkv").remarks == ["1 subtitle track is left out"]


def test_two_runs_do_not_write_to_one_place(tmp_path: Path) -> None:
    with (
        alone(tmp_path / "out"),
        pytest.raises(OpomError, match=r"another run is writing to .*out; wait for it"),
        alone(tmp_path / "out"),
    ):
        pass
    with alone(tmp_path / "out"), alone(tmp_path / "other"):
        pass
