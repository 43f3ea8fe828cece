"""The video lab without a browser."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import torch

pytest.importorskip("ipywidgets", reason="widgets need the extra: pip install 'opom_edu[lab]'")
pytest.importorskip("av", reason="videos need the extra: pip install 'opom_edu[video]'")
from opom_edu.protect.video_report import STAGES, VideoReport
from opom_edu.widgets import VideoLab, video_lab
from tests.faces.test_video import film, save, sways


def report() -> VideoReport:
    rows = [{"frame": i, "time": i / 25, "person": "<b>"} for i in range(0, 12, 3)]
    for i, row in enumerate(rows):
        for j, stage in enumerate(STAGES):
            row |= {f"box_similarity_{stage}": 0.9 - 0.2 * j, f"box_psr_{stage}": 10.0 * i + j}
    return VideoReport(pd.DataFrame(rows), pd.DataFrame({"recognizer": ["box"]}), {})


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[VideoLab]:
    clean = save(tmp_path / "clean.mp4", film({0: sways(40)}, 12))
    lab = video_lab(clean, save(tmp_path / "copy.mp4", film({1: sways(40)}, 12)), report())
    lab.wait()
    yield lab
    lab.close()


def test_the_slider_shows_its_frame_and_the_rates_nearest_to_it(lab: VideoLab) -> None:
    first = [picture.widget.value for picture in lab.pictures]
    assert "PSR in frame 0: unprotected 0 %, unprotected after H.264 1 %, random noise 2 %, protected 3 %" in lab.chart.value
    lab.frame.value = 7
    lab.wait()
    assert "clean, frame 7" in lab.pictures[0].widget.value
    assert all(old != picture.widget.value for old, picture in zip(first, lab.pictures, strict=True))
    assert "PSR in frame 6: unprotected 20 %" in lab.chart.value
    assert lab.alert.value == ""
    assert "<b>" not in lab.chart.value.replace("&lt;b&gt;", "")
    assert "frame 7" in lab.still()


def test_equal_frames_differ_by_gray_and_are_squares(tmp_path: Path) -> None:
    clean = save(tmp_path / "clean.mp4", film({0: sways(40)}, 3))
    lab = video_lab(clean, clean, report())
    lab.wait()
    shown = lab.pictures[2]._shown
    assert shown is not None
    assert shown[0].shape == (3, 320, 320)
    assert torch.all(shown[0] == 0.5)
    lab.close()


def test_what_cannot_be_shown_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clean = save(tmp_path / "clean.mp4", film({0: sways(40)}, 6))
    with pytest.raises(ValueError, match="nothing was measured"):
        video_lab(clean, clean, VideoReport(pd.DataFrame(), pd.DataFrame(), {}))
    monkeypatch.setattr(sys.modules[VideoLab.__module__], "LONGEST", 5)
    with pytest.raises(ValueError, match="more than 5 frames"):
        video_lab(clean, clean, report())
