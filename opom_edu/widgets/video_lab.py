"""The video lab: a protected video frame by frame, and what a recognizer makes of each."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import islice
from pathlib import Path

import cv2
import ipywidgets as widgets
import numpy as np

from opom_edu.faces.images import as_floats
from opom_edu.faces.photos import Pixels
from opom_edu.faces.video import Video
from opom_edu.plots import over_time
from opom_edu.protect.video_report import STAGES, VideoReport
from opom_edu.widgets.lab import Lab
from opom_edu.widgets.parts import Picture

LONGEST = 500  # frames: the lab holds them all
MAGNIFIED = 10
SIDE = 180  # pixels of a picture in the page
SHARP = 2  # pixels of a frame per pixel of the page, so that dense screens show it well


class VideoLab(Lab):
    """Slide through a video's frames: clean, protected, the difference, and similarity over time.

    :func:`video_lab` is another name of it.

    Args:
        video, copy: the files, of 500 frames at the most.
        report: of :func:`opom_edu.protect.protect_video` for them, with faces measured.

    Raises:
        ValueError: if there are more frames, or nothing was measured.

    Attributes:
        frame, play, recognizer, person: the controls; ``frame`` is the slider.
        pictures: clean, protected, difference; ``chart``: HTML.

    Example:
        >>> from opom_edu.protect import VideoReport
        >>> VideoLab("clip.mp4", "copy.mp4", VideoReport(pd.DataFrame(), pd.DataFrame(), {}))
        Traceback (most recent call last):
            ...
        ValueError: nothing was measured in this video; protect it with measured=300
    """

    def __init__(self, video: str | Path, copy: str | Path, report: VideoReport) -> None:
        super().__init__()
        if not len(report.table):
            raise ValueError("nothing was measured in this video; protect it with measured=300")
        self.report, self._rate = report, float(Video(video).rate)
        self._clean, self._protected = _frames(video), _frames(copy)
        last = len(self._clean) - 1
        self.frame = widgets.IntSlider(0, 0, last, description="frame", layout={"flex": "1 1 auto"})
        self.play = widgets.Play(value=0, min=0, max=last, interval=round(1000 / self._rate) + 60)
        widgets.jslink((self.play, "value"), (self.frame, "value"))
        names = list(report.recognizers["recognizer"])
        self.recognizer = widgets.Dropdown(options=names, description="recognizer")
        self.person = widgets.Dropdown(options=sorted(report.table["person"].unique()), description="person")
        self.pictures = [Picture(SIDE) for _ in range(3)]
        self.chart = widgets.HTML()
        pictures = widgets.HBox([picture.widget for picture in self.pictures])
        similar = report.table[[f"{name}_similarity_{stage}" for name in names for stage in STAGES]].to_numpy()
        self._limits = (float(np.nanmin(similar)) - 0.05, float(np.nanmax(similar)) + 0.05)  # the same for every recognizer
        choices = widgets.HBox([self.recognizer, self.person], layout={"flex_flow": "row wrap"})
        self.fill([widgets.HBox([self.play, self.frame]), choices], [pictures, self.chart])
        self.watch(self.frame, self.recognizer, self.person)

    def work(self) -> Iterator[None]:
        number, person, recognizer = self.frame.value, self.person.value, self.recognizer.value
        clean, protected = as_floats(np.stack([self._clean[number], self._protected[number]]))
        difference = (0.5 + MAGNIFIED * (protected - clean)).clamp(0, 1)
        told = (f"clean, frame {number}", "protected, read from its file", f"the difference, {MAGNIFIED} times; gray: none")
        for picture, image, caption in zip(self.pictures, (clean, protected, difference), told, strict=True):
            picture.show(image, caption)
        yield
        rows = self.report.table[self.report.table["person"] == person]
        lines = {name: rows[f"{recognizer}_similarity_{stage}"] for stage, name in STAGES.items()}
        at = rows.iloc[(rows["frame"] - number).abs().argmin()]
        rates = ", ".join(f"{name} {at[f'{recognizer}_psr_{stage}']:.0f} %" for stage, name in STAGES.items())
        title, rates = f"{person} on {recognizer}", f"PSR in frame {at['frame']}: {rates}"
        moment, limits = number / self._rate, self._limits
        figure = over_time(rows["time"], lines, title=title, y_label="similarity", cursor=moment, limits=limits)
        figure.set_size_inches(7, 2.5)  # so that a projector shows it below the pictures
        figure.alt += f" {rates}"
        note = f'<div class="opom-caption" role="status">{escape(rates)}</div>'
        self.chart.value = figure._repr_html_() + note
        self.done()

    def still(self) -> str:
        cells = "".join(f"<td>{picture.widget.value}</td>" for picture in self.pictures)
        return f"<table><tr>{cells}</tr></table>{self.chart.value}"


video_lab = VideoLab


def _frames(path: str | Path) -> list[Pixels]:
    """All frames as squares ``(S, S, 3)``, padded in gray, no larger than the page can show them."""
    frames: list[Pixels] = []
    for _, pixels in islice(Video(path).frames(), LONGEST + 1):
        height, width, _ = pixels.shape
        pads = [(max(0, width - height) // 2,) * 2, (max(0, height - width) // 2,) * 2, (0, 0)]
        square = np.pad(pixels, pads, constant_values=128)
        share = min(1.0, SHARP * SIDE / len(square))
        frames.append(cv2.resize(square, None, fx=share, fy=share, interpolation=cv2.INTER_AREA) if share < 1 else square)
    if len(frames) > LONGEST:
        raise ValueError(f"{path} has more than {LONGEST} frames; cut out a part to look at")
    return frames
