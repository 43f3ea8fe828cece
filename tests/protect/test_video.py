"""Videos protected from end to end: who gets which mask, what is written, what is said. For the faces see test_video."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import Tensor
from typer.testing import CliRunner

from opom_edu import cli, load_recognizer
from opom_edu.errors import OpomError, VideoError
from opom_edu.faces.images import from_pixels
from opom_edu.faces.photos import Pixels, read_photo, save_photo
from opom_edu.files import UNFINISHED, remove_unfinished
from opom_edu.masks import OPOM, Mask
from opom_edu.protect.video import protect_video
from opom_edu.protect.video_report import STAGES, Probe, VideoReport, measure_video
from opom_edu.recognizers import Recognizer
from opom_edu.recognizers.zoo import WEIGHTS_VARIABLE
from tests.conftest import make_person
from tests.faces.test_video import add_sound, film, find, follow, packets, save, sways

pytest.importorskip("av", reason="videos need the extra: pip install 'opom_edu[video]'")
from opom_edu.faces.video import Video

CROWD = torch.cat([make_person("", seed, photos=3, train=1).test * 180 / 255 for seed in range(20, 30)])


def run(path: Path, surrogate: Recognizer, out: Path | None = None, **options: Any) -> VideoReport:
    given = {"learn": 5, "threshold": 0.6, "find": find, "follow": follow, "every": 3, "distractors": CROWD} | options
    return protect_video(path, out or path.with_name("out.mp4"), method=OPOM(surrogate, steps=7), **given)


def pictures(path: Path) -> list[Pixels]:
    return [pixels for _, pixels in Video(path).frames()]


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """Two people, the second one away at first."""
    return save(tmp_path / "pair.mp4", film({0: sways(30), 1: sways(200, start=5)}, frames=30))


def test_everybody_gets_one_mask_for_all_frames(pair: Path, surrogate: Recognizer, tmp_path: Path) -> None:
    before = pair.read_bytes()
    report = run(add_sound(pair, tmp_path / "in.mp4"), surrogate, crf=4)
    assert pair.read_bytes() == before
    assert report.facts["people"] == {"person 1": 1, "person 2": 1}
    assert (report.facts["frames"], report.facts["faces"], report.facts["strangers"]) == (30, 55, 0)
    assert packets(tmp_path / "out.mp4") == packets(tmp_path / "in.mp4")
    assert len(report.table) == 55
    similar = {kind: report.table[f"coarse_similarity_{kind}"].mean() for kind in STAGES}
    assert similar["lossless"] < similar["noise"] < similar["before"]
    assert similar["after"] < similar["noise"]
    assert similar["compressed"] != similar["before"]
    assert similar["compressed"] == pytest.approx(similar["before"], abs=0.01)
    assert report.table["learned"].sum() == 10
    beside = tmp_path / "out.mp4_report"
    assert len(pd.read_csv(beside / "frames.csv")) == 55
    assert "white box" in (beside / "report.html").read_text()
    masks = [Mask.load(beside / "masks" / f"person {i}.safetensors") for i in (1, 2)]
    assert not torch.equal(masks[0].delta, masks[1].delta)
    for then, now in zip(pictures(pair), pictures(tmp_path / "out.mp4"), strict=True):
        changed = np.abs(then.astype(int) - now).mean(2)
        assert changed[30:126, 40:120].mean() > 1.5  # the left face; elsewhere, the codec alone
        assert changed[:12].mean() < 1.0


def test_the_mask_moves_with_the_face(tmp_path: Path, surrogate: Recognizer) -> None:
    """Seen through the face's own alignment the change is the mask, in every frame."""
    path = save(tmp_path / "in.mp4", film({0: sways(30)}, frames=24), crf=0)
    run(path, surrogate, crf=0, window=1)
    mask = Mask.load(tmp_path / "out.mp4_report" / "masks" / "person 1.safetensors").delta[:, 16:-16, 16:-16]
    for i, (then, now) in enumerate(zip(pictures(path), pictures(tmp_path / "out.mp4"), strict=True)):
        x, y = sways(30)(i) or (0, 0)
        cuts = [cv2.resize(p[y : y + 96, x : x + 96], (112, 112)).astype(np.float32) for p in (then, now)]
        change = torch.from_numpy(cuts[1] - cuts[0]).permute(2, 0, 1)[:, 16:-16, 16:-16]
        assert float(torch.corrcoef(torch.stack([change.mean(0).flatten(), mask.mean(0).flatten()]))[0, 1]) > 0.5


def test_photos_name_the_people_and_strangers_are_left_alone(pair: Path, surrogate: Recognizer, tmp_path: Path) -> None:
    (tmp_path / "photos" / "<b>Ann").mkdir(parents=True)
    for i, pixels in enumerate(film({0: sways(30)}, frames=8)):
        Image.fromarray(pixels).save(tmp_path / "photos" / "<b>Ann" / f"{i}.png")
    report = run(pair, surrogate, photos=tmp_path / "photos", crf=4)
    assert report.facts["people"] == {"<b>Ann": 1}
    assert report.facts["strangers"] == 1
    assert not report.table["learned"].any()
    html = (tmp_path / "out.mp4_report" / "report.html").read_text()
    assert "&lt;b&gt;Ann" in html
    assert "<b>Ann" not in html
    for then, now in zip(pictures(pair), pictures(tmp_path / "out.mp4"), strict=True):
        changed = np.abs(then.astype(int) - now).mean(2)
        assert changed[30:126, 40:120].mean() > 1.5
        assert changed[30:126, 200:].mean() < 1.5


def test_who_is_known_is_masked_in_both_halves_of_a_split_screen(tmp_path: Path, surrogate: Recognizer) -> None:
    split = [np.hstack([pixels, pixels]) for pixels in film({0: sways(30)}, frames=12, size=(160, 160))]
    (tmp_path / "photos" / "A$AP {R$").mkdir(parents=True)
    for i, pixels in enumerate(film({0: sways(30)}, frames=8)):
        Image.fromarray(pixels).save(tmp_path / "photos" / "A$AP {R$" / f"{i}.png")
    report = run(save(tmp_path / "in.mp4", split), surrogate, photos=tmp_path / "photos")
    assert report.facts["people"] == {"A$AP {R$": 2}
    assert report.facts["strangers"] == 0
    assert (tmp_path / "out.mp4_report" / "report.html").is_file()


def test_photos_that_are_not_learned_from_are_named(
    pair: Path, surrogate: Recognizer, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for i, pixels in enumerate(film({0: sways(30)}, frames=5)):
        Image.fromarray(pixels).save(photos / f"{i}.png")
    (photos / "void").mkdir()
    Image.fromarray(np.full((160, 320, 3), 200, np.uint8)).save(photos / "nobody.png")
    Image.fromarray(film({7: sways(30)}, frames=2)[0]).save(photos / "stranger.png")
    marked = read_photo(photos / "1.png")
    save_photo(marked, marked.pixels, photos / "masked.png")
    run(pair, surrogate, photos=photos)
    told = " ".join(str(warning.message) for warning in recwarn.list)
    for says in (
        "void is not learned from: is a folder without",
        "nobody.png is not learned from: no face was found",
        "masked.png is not learned from: it is protected",
        "stranger.png is not learned from: 1 face, nobody who gets a mask",
    ):
        assert says in told


def test_nothing_of_others_is_overwritten_beside_a_video(pair: Path, surrogate: Recognizer, tmp_path: Path) -> None:
    mine = tmp_path / "out.mp4_report" / "report.html"
    mine.parent.mkdir()
    mine.write_text("my own")
    with pytest.raises(OpomError, match=r"report\.html is there already and no report of ours"):
        run(pair, surrogate)
    assert mine.read_text() == "my own"
    mine.unlink()
    run(pair, surrogate, measured=0)
    run(pair, surrogate, measured=0)  # but one of ours is


def test_who_comes_back_is_the_same_person_and_who_is_brief_a_stranger(tmp_path: Path, surrogate: Recognizer) -> None:
    back = film({0: sways(30)}, 12) + film({}, 6) + film({0: sways(150)}, 12) + film({1: sways(90)}, 4)
    report = run(save(tmp_path / "in.mp4", back), surrogate)
    assert report.facts["people"] == {"person 1": 2}
    assert report.facts["strangers"] == 1


def test_what_the_rates_say_is_counted_by_hand() -> None:
    """An embedding is the mean color: red probes, red and half-red galleries, one distractor that is nearly red."""
    color = Recognizer.from_callable(lambda images: images.mean((2, 3)), name="color")

    def plain(*rgb: float) -> Tensor:
        return torch.tensor(rgb).reshape(1, 3, 1, 1).expand(1, 3, 112, 112).contiguous()

    def pixels(*rgb: int) -> Pixels:
        return np.full((112, 112, 3), rgb, np.uint8)

    gallery = torch.cat([plain(1, 0, 0), plain(1, 1, 0), plain(0, 1, 0)])
    red, green = pixels(255, 0, 0), pixels(0, 255, 0)
    pictures = {"before": red, "compressed": red, "noise": red, "lossless": green, "after": green}
    probes = [Probe(0, 0.0, "ann", np.eye(2, 3), pictures), Probe(50, 5.0, "ann", np.eye(2, 3), pictures)]
    times = np.array([3.0, 4.5, -np.inf])
    table, summary = measure_video(probes, {"ann": (gallery, times)}, plain(1, 0.2, 0), [color], 8 / 255, 10.0)
    # A red probe is nearer to the distractor than to all but the red face; the second face is too near in time to probe two.
    assert list(table["color_psr_before"]) == pytest.approx([200 / 3, 50])
    assert list(table["color_similarity_before"]) == pytest.approx([(1 + 0.5**0.5 + 0) / 3, 0.5], abs=1e-4)
    assert list(table["color_psr_after"]) == pytest.approx([100 / 3, 50])
    assert summary.loc[0, "psr_after"] == pytest.approx((100 / 3 + 50) / 2)
    assert summary.loc[0, "kind"] == "white box"


def test_a_run_that_is_stopped_leaves_nothing_under_the_final_name(
    pair: Path, surrogate: Recognizer, tmp_path: Path
) -> None:
    def stop(what: str, share: float) -> None:
        if what == "protecting" and share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(pair, surrogate, on_progress=stop)
    assert {path.name for path in tmp_path.iterdir()} == {"pair.mp4", "out.mp4_report"}
    assert not (tmp_path / "out.mp4_report" / "report.html").exists()
    run(pair, surrogate, measured=0)
    run(pair, surrogate, measured=0)  # our own copy may be made anew
    with pytest.raises(VideoError, match="protected already"):
        run(tmp_path / "out.mp4", surrogate, tmp_path / "twice.mp4")


KILLED = """
import os, sys
from opom_edu.files import replacing
with replacing(sys.argv[1]) as file:
    file.write_bytes(b"half")
    os.kill(os.getpid(), 9)
"""


def test_what_a_kill_left_of_this_copy_is_removed_and_of_others_kept(
    pair: Path, surrogate: Recognizer, tmp_path: Path
) -> None:
    for name in ("out.mp4", "out.mp4_report/masks/person 1.safetensors", "other.mp4"):
        subprocess.run([sys.executable, "-c", KILLED, tmp_path / name], check=False)
    assert len(list(tmp_path.rglob(f"{UNFINISHED}*"))) == 3
    run(pair, surrogate, measured=2)
    (left,) = tmp_path.rglob(f"{UNFINISHED}*")
    remove_unfinished(tmp_path / "other.mp4")
    assert not left.exists()


def test_what_cannot_be_done_is_named_and_nothing_overwritten(pair: Path, surrogate: Recognizer, tmp_path: Path) -> None:
    mine = save(tmp_path / "mine.mp4", film({}, 3))
    (tmp_path / "file").write_text("")
    before = pair.read_bytes(), mine.read_bytes()
    for video, out, says in (
        (pair, pair, "there already"),
        (pair, mine, "there already"),
        (pair, tmp_path / "out.avi", "must be a file .mp4"),
        (pair, tmp_path / "file" / "out.mp4", "cannot take the results"),
        (mine, tmp_path / "out.mp4", "nobody to protect.*no face in its 3 frames"),
    ):
        with pytest.raises(OpomError, match=says):
            run(video, surrogate, out)
    assert (pair.read_bytes(), mine.read_bytes()) == before
    with pytest.raises(ValueError, match="no threshold for coarse"):
        run(pair, surrogate, threshold=None)
    for bad in ({"crf": 52}, {"learn": 0}, {"every": 0}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            run(pair, surrogate, **bad)


def command(monkeypatch: pytest.MonkeyPatch, surrogate: Recognizer, *arguments: object) -> tuple[int, str]:
    monkeypatch.setattr("opom_edu.recognizers.zoo.load_recognizer", lambda name, **_: surrogate)
    monkeypatch.setattr("opom_edu.protect.video.finder_of", lambda name: (find, follow))
    monkeypatch.setattr("opom_edu.protect.video.protect_video.__kwdefaults__", {
        **protect_video.__kwdefaults__, "distractors": CROWD,
    }, raising=False)  # fmt: skip
    options = ["--surrogate", "coarse", "--targets", "none", "--threshold", 0.6, "--steps", 7, "--every", 3]
    result = CliRunner().invoke(cli.app, ["protect-video", *map(str, [*arguments, *options])])
    return result.exit_code, result.output


def test_the_command_says_what_was_done_and_what_is_missing(
    surrogate: Recognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = save(tmp_path / "whole.mkv", film({0: sways(30)}, frames=90), crf=30)
    code, told = command(monkeypatch, surrogate, whole, "--out", tmp_path / "a.mp4")
    assert code == 0, told
    assert "90 faces of person 1 protected in 90 frames" in told
    assert "coarse (white box): PSR at rank 1, in %: unprotected" in told
    (tmp_path / "cut.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    code, told = command(monkeypatch, surrogate, tmp_path / "cut.mkv", "--out", tmp_path / "b.mp4")
    assert code == 1
    assert "it is cut off" in told
    assert len(pictures(tmp_path / "b.mp4")) > 20
    assert command(monkeypatch, surrogate, tmp_path / "none.mp4", "--out", tmp_path / "c.mp4")[0] == 2
    monkeypatch.setitem(sys.modules, "av", None)
    code, told = command(monkeypatch, surrogate, whole, "--out", tmp_path / "d.mp4")
    assert (code, "opom_edu[video]" in told) == (2, True)


def real_film(faces: Sequence[Pixels], frames: int) -> list[Pixels]:
    """A face that glides, turns and grows over a soft ground, the photo changing every 40 frames."""
    shown = []
    ground = cv2.resize(
        np.random.default_rng(0).integers(60, 190, (5, 8, 3), np.uint8), (960, 540), interpolation=cv2.INTER_CUBIC
    )
    for i in range(frames):
        turn, scale = 0.1 * np.sin(i / 15), 2.2 + 0.2 * np.sin(i / 20)
        a, b = scale * np.cos(turn), scale * np.sin(turn)
        middle = np.array([480 + 120 * np.sin(i / 25), 270 + 30 * np.sin(i / 18)])
        matrix = np.array([[a, -b, 0], [b, a, 0]])
        matrix[:, 2] = middle - matrix[:, :2] @ [56, 56]
        layer = cv2.warpAffine(faces[i // 40 % len(faces)], matrix, (960, 540), flags=cv2.INTER_CUBIC)
        there = cv2.warpAffine(np.ones((112, 112), np.uint8), matrix, (960, 540), flags=0)[..., None] > 0
        shown.append(np.where(there, layer, ground))
    return shown


@pytest.mark.slow
def test_a_film_of_a_real_face(real: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(real / "models"))
    folder = real / "faces"
    faces = [np.array(Image.open(folder / "p01" / f"{i:02}.png").convert("RGB")) for i in range(10, 13)]
    strangers = [
        np.array(Image.open(path).convert("RGB")) for path in sorted(folder.glob("p*/1?.png")) if "p01" not in str(path)
    ]
    path = save(tmp_path / "in.mp4", real_film(faces, 120), crf=14)
    surrogate, other = load_recognizer("dlib-torch"), load_recognizer("mobilefacenet")
    report = protect_video(
        path, tmp_path / "out.mp4", method=OPOM(surrogate), recognizers=[other], photos=None, measured=60,
        distractors=from_pixels(strangers),
    )  # fmt: skip
    white = report.recognizers.set_index("recognizer").loc["dlib-torch"]
    assert report.facts["faces"] >= 110
    assert report.facts["steadied"] < report.facts["trembling"]
    assert white["psr_before"] < 30  # of three photos one is half turned, and dlib-torch is unsure of it without a mask, too
    assert report.recognizers.set_index("recognizer").loc["mobilefacenet", "psr_before"] < 5
    assert white["similarity_after"] < white["similarity_noise"] - 0.03


def test_a_short_clip_is_looked_at_more_often(surrogate: Recognizer, tmp_path: Path) -> None:
    clip = save(tmp_path / "in.mp4", film({0: sways(30)}, frames=12))
    assert run(clip, surrogate, every=10).facts["faces"] == 12
    brief = save(tmp_path / "brief.mp4", film({0: sways(30, start=17, end=21)}, frames=90))
    with pytest.raises(VideoError, match="1 appearances of strangers, or too brief ones for every=9"):
        run(brief, surrogate, tmp_path / "b.mp4", every=10)
