"""Videos in and out, and faces followed. The faces are patterns of blobs that move; a finder knows their ground."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from opom_edu.errors import MissingExtraError, VideoError
from opom_edu.faces.photos import ARCFACE, Array, Pixels, alignment, inverse, moved
from opom_edu.faces.tracking import Tracker, shimmer, smoothed
from opom_edu.faces.video import Video, write_video
from tests.conftest import make_person

av = pytest.importorskip("av", reason="videos need the extra: pip install 'opom_edu[video]'")

GROUND, SIDE = 200, 96  # gray level; pixels of a face
Place = Callable[[int], tuple[int, int] | None]  # from a frame's number to the face's corner (x, y), None where it is away


def sways(x: int, y: int = 30, start: int = 0, end: int = 10_000) -> Place:
    return lambda i: (x + round(8 * np.sin(i / 4)), y + i % 3) if start <= i < end else None


def film(people: dict[int, Place], frames: int = 24, size: tuple[int, int] = (160, 320)) -> list[Pixels]:
    """Frames in which the people of some seeds are where they are said to be."""
    faces = {seed: make_person("", seed, photos=frames, train=1).test for seed in people}
    shown = []
    for i in range(frames):
        pixels = np.full((*size, 3), GROUND, np.uint8)
        for seed, place in people.items():
            if (corner := place(i)) is not None:
                crop = (faces[seed][i % (frames - 1)] * 180).round().byte().permute(1, 2, 0).numpy()
                x, y = corner
                pixels[y : y + SIDE, x : x + SIDE] = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        shown.append(pixels)
    return shown


def find(pixels: Pixels) -> Array:
    """A face is a patch that is not ground."""
    patches = (np.abs(pixels.astype(int) - GROUND).max(2) > 12).astype(np.uint8)
    boxes = [box for box in cv2.connectedComponentsWithStats(patches)[2][1:] if box[4] > 2000]
    return np.array([ARCFACE / 112 * box[2:4] + box[:2] for box in boxes]).reshape(-1, 5, 2)


def follow(pixels: Pixels, matrix: Array) -> Array:
    """The patch nearest to where the face was; where it was, if there is none."""
    last = moved(ARCFACE, inverse(matrix))
    return min(find(pixels), key=lambda marks: float(np.abs(marks - last).sum()), default=last)


def save(path: Path, frames: Sequence[Pixels], **options: object) -> Path:
    write_video(path, enumerate(frames), rate=25, **{"crf": 8, **options})  # type: ignore[arg-type]
    return path


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return save(tmp_path / "clip.mp4", film({0: sways(40)}))


def add_sound(source: Path, target: Path, seconds: float = 1.0) -> Path:
    """A copy with a tone."""
    with av.open(str(source)) as picture, av.open(str(target), "w") as out:
        copy = out.add_stream_from_template(picture.streams.video[0])
        sound = out.add_stream("aac", rate=16000, layout="mono")
        for packet in picture.demux(video=0):
            if packet.dts is not None:
                packet.stream = copy
                out.mux(packet)
        wave = (0.3 * np.sin(np.arange(int(16000 * seconds)) / 5)).astype(np.float32)
        for start in range(0, len(wave), 1024):
            frame = av.AudioFrame.from_ndarray(wave[None, start : start + 1024], format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 16000, start, Fraction(1, 16000)
            out.mux(sound.encode(frame))
        out.mux(sound.encode())
    return target


def packets(path: Path) -> list[tuple[bytes, float]]:
    with av.open(str(path)) as container:
        return [(bytes(p), float(p.pts * p.time_base)) for p in container.demux(audio=0) if p.pts is not None]


def test_a_copy_keeps_frames_times_and_sound(clip: Path, tmp_path: Path) -> None:
    source = Video(add_sound(clip, tmp_path / "sound.mp4"))
    assert source.rate == 25
    assert source.seconds == pytest.approx(0.96, abs=0.1)
    assert not source.mark
    source.copy(tmp_path / "copy.mkv", source.frames(), crf=4)
    copy = Video(tmp_path / "copy.mkv")
    assert copy.mark
    pairs = list(zip(source.frames(), copy.frames(), strict=True))
    assert len(pairs) == 24
    shift = copy.time(
        pairs[0][1][0]
    )  # a sound that begins before zero, as AAC does, moves all in a container that knows none
    for (then, before), (now, after) in pairs:
        assert source.time(then) + shift == pytest.approx(copy.time(now), abs=2e-3)
        assert np.abs(before.astype(int) - after).mean() < 2
    sound, kept = packets(source.path), packets(copy.path)
    assert len(sound) > 10
    assert [data for data, _ in kept] == [data for data, _ in sound]
    assert [time - shift for _, time in kept] == pytest.approx([time for _, time in sound], abs=2e-3)


def test_uneven_times_and_odd_sizes_are_kept(tmp_path: Path) -> None:
    frames = film({0: sways(30)}, frames=6, size=(151, 213))
    times = [0, 40, 130, 170, 400, 440]
    write_video(tmp_path / "a.mkv", zip(times, frames, strict=True), rate=25, time_base=Fraction(1, 1000))
    source = Video(tmp_path / "a.mkv")
    source.copy(tmp_path / "b.mp4", source.frames())
    copy = Video(tmp_path / "b.mp4")
    assert [copy.time(pts) for pts, _ in copy.frames()] == pytest.approx([t / 1000 for t in times], abs=2e-3)
    assert next(copy.frames())[1].shape == (151, 213, 3)


def test_a_phone_held_upright_gives_upright_frames(clip: Path, tmp_path: Path) -> None:
    with av.open(str(clip)) as picture, av.open(str(tmp_path / "turned.mp4"), "w") as out:
        copy = out.add_stream_from_template(picture.streams.video[0])
        copy.set_display_rotation(90)
        for packet in picture.demux(video=0):
            if packet.dts is not None:
                packet.stream = copy
                out.mux(packet)
    turned = Video(tmp_path / "turned.mp4")
    (_, plain), (_, upright) = next(Video(clip).frames()), next(turned.frames())
    assert upright.shape == (320, 160, 3)
    assert np.array_equal(upright, np.rot90(plain, 1))  # by 90 degrees against the clock
    turned.copy(tmp_path / "copy.mp4", turned.frames())
    assert next(Video(tmp_path / "copy.mp4").frames())[1].shape == (320, 160, 3)


def test_pixels_that_are_no_squares_stay_so(tmp_path: Path) -> None:
    clip = save(tmp_path / "wide.mp4", film({0: sways(40)}, 3), look={"sample_aspect_ratio": Fraction(4, 3)})
    source = Video(clip)
    source.copy(tmp_path / "copy.mp4", source.frames())
    with av.open(str(tmp_path / "copy.mp4")) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


@pytest.mark.parametrize("kind", ["text", "empty", "missing", "folder", "sound", "no frames", "moov", "two sizes"])
def test_what_is_no_video_is_named(kind: str, clip: Path, tmp_path: Path) -> None:
    path, says = tmp_path / "bad.mp4", "cannot be read as a video"
    if kind == "text":
        path.write_text("no video")
    elif kind == "empty":
        path.touch()
    elif kind == "folder":
        path.mkdir()
    elif kind == "moov":  # MP4 keeps its index at the end
        path.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    elif kind == "sound":
        path, says = tmp_path / "sound.m4a", "no moving picture"
        with av.open(str(path), "w") as out:
            out.add_stream("aac", rate=16000, layout="mono")
            out.start_encoding()
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate = 16000
            out.mux(out.streams[0].encode(frame))
            out.mux(out.streams[0].encode())
    elif kind == "no frames":
        path, says = tmp_path / "none.mkv", "not one frame"
        whole = save(tmp_path / "whole.mkv", film({0: sways(40)}, frames=3)).read_bytes()
        path.write_bytes(whole[: whole.index(b"\x1f\x43\xb6\x75") + 20])  # the first cluster's head
    elif kind == "two sizes":
        path, says = tmp_path / "two.h264", "changes from 320x160 to 256x128"
        parts = [save(tmp_path / f"{i}.h264", film({0: sways(9, 9)}, 4, s)) for i, s in enumerate([(160, 320), (128, 256)])]
        path.write_bytes(b"".join(part.read_bytes() for part in parts))
    with pytest.raises(VideoError, match=says):
        list(Video(path).frames())


def test_what_can_be_read_of_a_cut_off_video_is_read_and_the_rest_told(tmp_path: Path) -> None:
    whole = save(tmp_path / "whole.mkv", film({0: sways(40)}, frames=100), crf=30)
    (tmp_path / "cut.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    cut = Video(tmp_path / "cut.mkv")
    assert 10 < len(list(cut.frames())) < 95
    assert any("cut off" in note for note in cut.notes)
    assert Video(whole).notes == []


def test_without_the_package_its_extra_is_named(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(MissingExtraError, match="video"):
        Video(clip)


def tracked(frames: Sequence[Pixels], every: int = 5) -> Iterator[tuple[int, int, Array]]:
    tracker = Tracker(find, follow, every=every)
    for pixels in frames:
        tracker.see(pixels)
    tracker.finish()
    for track in sorted(tracker.done, key=lambda track: (track.first, float(track.landmarks[0].mean()))):
        yield track.first, track.end, np.array(track.landmarks)


def test_faces_are_followed_through_and_back_to_where_they_came_from() -> None:
    left, right = sways(30), sways(200, start=8, end=17)
    (_, _, one), (first, end, other) = tracked(film({0: left, 1: right}))
    assert (len(one), first, end) == (24, 8, 17)
    for i, marks in enumerate(one):
        assert np.abs(marks - (ARCFACE / 112 * SIDE + left(i))).max() <= 2
    assert np.abs(other.mean(1) - [(ARCFACE / 112 * SIDE + right(i)).mean(0) for i in range(8, 17)]).max() <= 2


def test_a_cut_to_somebody_else_in_the_same_place_ends_a_track() -> None:
    found = list(tracked(film({0: sways(30, end=12), 1: sways(30, start=12)})))
    assert [(first, end) for first, end, _ in found] == [(0, 12), (12, 24)]


def test_a_face_that_no_search_finds_again_is_given_up() -> None:
    frames = film({0: lambda i: (30, 30)}, frames=20)
    seen = iter([find(frames[0])])
    tracker = Tracker(lambda pixels: next(seen, np.empty((0, 5, 2))), follow, every=3)
    for pixels in frames:
        tracker.see(pixels)
    assert [track.end for track in tracker.done] == [10]  # after three searches


def test_large_frames_are_looked_at_small_and_told_in_their_own_pixels() -> None:
    frames = [cv2.resize(pixels, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST) for pixels in film({0: sways(30)}, 6)]
    ((_, _, marks),) = tracked(frames)
    assert np.abs(marks[0] - 8 * (ARCFACE / 112 * SIDE + sways(30)(0))).max() < 20


def test_steadying_takes_the_trembling_and_leaves_the_motion() -> None:
    time = np.linspace(0, 2, 50)[:, None, None]
    motion = ARCFACE + np.concatenate([30 * time**2, 12 * time], 2)
    trembling = motion + np.random.default_rng(0).normal(0, 0.7, motion.shape)
    true, raw, steady = smoothed(motion, 1), smoothed(trembling, 1), smoothed(trembling)
    assert np.abs(smoothed(motion) - true).max() < 0.05
    assert shimmer(steady) < 0.4 * shimmer(raw)
    assert np.abs(steady - true).mean() < 0.7 * np.abs(raw - true).mean()
    for length in range(1, 8):
        assert smoothed(trembling[:length]).shape == (length, 2, 3)
    assert np.allclose(smoothed(trembling[:1])[0], alignment(trembling[0]))


def test_a_rendered_clip_is_the_same_again_and_moves_smoothly() -> None:
    from synthetic_people.clip import render_clip

    def make(seconds: float) -> list[tuple[Pixels, Array]]:
        return list(render_clip([1, 2], seconds=seconds, fps=10, size=(96, 192)))

    long, short = make(0.5), make(0.2)
    assert [pixels.shape for pixels, _ in long] == [(96, 192, 3)] * 5
    assert all(np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1]) for a, b in zip(long, short, strict=False))
    steps = np.abs(np.diff([marks for _, marks in long], axis=0))
    assert 0 < steps.max() < 4
    assert not np.array_equal(long[0][0], long[1][0])
    assert long[0][1][0].mean(0)[0] < 96 < long[0][1][1].mean(0)[0]


def test_seeds_of_torch_are_left_alone(clip: Path) -> None:
    torch.manual_seed(3)
    state = torch.get_rng_state()
    list(Video(clip).frames())
    assert torch.equal(torch.get_rng_state(), state)
