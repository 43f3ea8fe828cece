"""What protecting a video achieved, frame by frame: as a table and as HTML."""

from __future__ import annotations

import base64
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from opom_edu.evaluation import image_quality
from opom_edu.faces.folders import shown
from opom_edu.faces.images import SIZE, from_pixels, quantize
from opom_edu.faces.photos import Array, Pixels, warp
from opom_edu.masks import Mask, Method, RandomNoise
from opom_edu.plots import over_time
from opom_edu.protect.measures import kind_of
from opom_edu.protect.photo_report import write_files
from opom_edu.recognizers import Recognizer
from opom_edu.recognizers.thresholds import THRESHOLDS

APART = 1.0  # seconds between a probe and a face of the gallery: frames close by are almost the same picture
STAGES = {
    "before": "unprotected", "compressed": "unprotected after H.264", "noise": "random noise", "lossless": "protected",
    "after": "protected after H.264",
}  # fmt: skip
SEEN = [stage for stage in STAGES if stage != "noise"]  # in a file; noise is made for the report
VIDEO_TABLE = "frames.csv"
VIDEO_COLUMNS = ["frame", "time", "person"]  # the first ones
AT_A_TIME = 60  # faces that are floats at a time


@dataclass(eq=False)
class Probe:
    """A face to be measured in one frame, at every stage of the copy.

    Attributes:
        frame, time: the frame's number, and when it is shown, in s.
        person: the name.
        matrix: ``(2, 3)``, from the frame to the crop.
        pictures: for each of ``SEEN`` a crop ``(112, 112, 3)`` uint8 RGB, filled in as the frames pass by.
        learned: whether the mask was learned from this frame.

    Example:
        >>> probe = Probe(0, 0.0, "Ada", np.eye(2, 3), {"before": np.zeros((112, 112, 3), np.uint8)})
        >>> probe.see("before", np.full((200, 200, 3), 9, np.uint8))
        >>> probe.pictures["before"][50, 50].tolist()
        [9, 9, 9]
    """

    frame: int
    time: float
    person: str
    matrix: Array
    pictures: Mapping[str, Pixels]
    learned: bool = False

    def see(self, stage: str, frame: Pixels) -> None:
        """Keep the face as it is in this version ``(H, W, 3)``, uint8 RGB, of its frame."""
        self.pictures[stage][:] = warp(frame, self.matrix, (SIZE, SIZE))


@dataclass(frozen=True, eq=False)
class VideoReport:
    """What :func:`opom_edu.protect.video.protect_video` did.

    Attributes:
        table: a row per face measured: ``frame``, ``time`` in s, ``person``, whether the mask was ``learned`` from it,
            ``psnr`` and ``ssim`` of the aligned face as read back; for each recognizer NAME and stage ("before";
            "compressed", without a mask through the same codec; "noise", random noise of the same eps instead; "lossless",
            the mask before the codec; "after" it) ``NAME_similarity_STAGE``, the mean cosine to the person's gallery, and
            ``NAME_psr_STAGE``, for how many of the gallery's faces, in percent, a distractor is more similar.
        recognizers: a row per recognizer: ``kind``, the means over all rows, such as ``psr_after``, and where a threshold is
            known ``verified_STAGE``, the share of rows above it.
        facts: numbers of frames, faces and strangers, remarks, and how much alignments tremble.

    Example:
        >>> VideoReport(pd.DataFrame(), pd.DataFrame(), {"frames": 250}).facts["frames"]
        250
    """

    table: pd.DataFrame
    recognizers: pd.DataFrame
    facts: Mapping[str, Any]


def measure_video(
    probes: Sequence[Probe], galleries: Mapping[str, tuple[Tensor, Array]], distractors: Tensor,
    recognizers: Sequence[Recognizer], eps: float, seconds: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Compare each probe, at every stage, with its person's gallery and the distractors.

    The gallery is clean: photos, or frames of the video at least a second from the probe (of a short video, a quarter of its
    length), from which, if there are enough, no mask was learned. An adversary with other pictures has it harder, so the
    rates are cautious in this; easy distractors, such as synthetic ones for a real face, also keep them low.

    Args:
        probes: the faces, at every stage.
        galleries: by name, ``(G, 3, 112, 112)`` and each one's time in seconds; minus infinity for photos.
        distractors: ``(M, 3, 112, 112)``.
        recognizers: the surrogate first.
        eps: of the noise, a share of the pixel range.
        seconds: the video's length.

    Returns:
        ``table`` and ``recognizers`` of :class:`VideoReport`.

    Example:
        >>> crop = (ada.test[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)
        >>> probes = [Probe(0, 0.0, "Ada", np.eye(2, 3), dict.fromkeys(SEEN, crop))]
        >>> galleries = {"Ada": (ada.train, np.full(10, -np.inf))}
        >>> table, summary = measure_video(probes, galleries, people.distractors, [surrogate], 8 / 255, seconds=10)
        >>> len(table), bool(summary["similarity_before"][0] == summary["similarity_after"][0])
        (1, True)
    """
    if not probes:
        return pd.DataFrame(columns=VIDEO_COLUMNS), pd.DataFrame()
    about = [{"frame": p.frame, "time": p.time, "person": shown(p.person), "learned": p.learned} for p in probes]
    table = pd.DataFrame(about)
    quality, embedded = [], defaultdict[tuple[str, str], list[Tensor]](list)
    for start in range(0, len(probes), AT_A_TIME):
        part = _crops(probes[start : start + AT_A_TIME], eps)
        quality.append(image_quality(part["before"], part["after"]))
        for recognizer in recognizers:
            for stage in STAGES:
                embedded[recognizer.name, stage].append(recognizer.embed(part[stage]).cpu())
    table = table.join(pd.concat(quality, ignore_index=True))
    apart, summary = min(APART, seconds / 4), []
    for recognizer in recognizers:
        others = torch.cat([recognizer.embed(quantize(part)).cpu() for part in distractors.split(AT_A_TIME)])
        clean = {name: recognizer.embed(quantize(crops)).cpu() for name, (crops, _) in galleries.items()}
        line: dict[str, Any] = {"recognizer": recognizer.name, "kind": kind_of(recognizer, recognizers[0])}
        for stage in STAGES:
            faces = torch.cat(embedded[recognizer.name, stage])
            rows = [
                _row(face, clean[p.person], others, np.abs(galleries[p.person][1] - p.time) >= apart)
                for face, p in zip(faces, probes, strict=True)
            ]
            for what, values in zip(("similarity", "psr"), np.array(rows).T, strict=True):
                table[f"{recognizer.name}_{what}_{stage}"] = values
                line[f"{what}_{stage}"] = table[f"{recognizer.name}_{what}_{stage}"].mean()
            if recognizer.name in THRESHOLDS:
                similar = table[f"{recognizer.name}_similarity_{stage}"]
                line[f"verified_{stage}"] = 100 * float((similar > THRESHOLDS[recognizer.name][0]).mean())
        summary.append(line)
    return table, pd.DataFrame(summary)


def _crops(probes: Sequence[Probe], eps: float) -> dict[str, Tensor]:
    found = {stage: from_pixels([probe.pictures[stage] for probe in probes]) for stage in SEEN}
    noise = RandomNoise(eps=eps).fit(found["before"])
    return found | {"noise": quantize(noise.apply(found["before"]))}


def _row(face: Tensor, gallery: Tensor, others: Tensor, usable: Any) -> tuple[float, float]:
    """Mean similarity to the usable faces of the gallery, and the share of them, in percent, that a distractor beats.

    Neither is a number where no face is usable.
    """
    own = (gallery @ face)[torch.from_numpy(usable)]
    return float(own.mean()), 100 * float((own < (others @ face).max()).float().mean())


def write_video_report(
    report: VideoReport, folder: Path, names: tuple[str, str], masks: Mapping[str, Mask], method: Method
) -> VideoReport:
    """Write ``report.html`` and ``frames.csv`` to ``folder``, whole or not at all, every name escaped; return the report.

    Args:
        report: what there is to tell.
        folder: made where it is missing.
        names: of the video and its copy.
        masks: by name.
        method: how they were learned.

    Raises:
        OSError: if a file cannot be written to.

    Example:
        >>> facts = {"frames": 4, "faces": 0, "people": {"Ada": 1}, "strangers": 0, "photos": False, "crf": 18}
        >>> facts |= {"notes": [], "remarks": [], "distractors": 0, "trembling": 0.0, "steadied": 0.0}
        >>> report = VideoReport(pd.DataFrame(columns=VIDEO_COLUMNS), pd.DataFrame(), facts)
        >>> one = {"Ada": masks["Ada"]}
        >>> told = write_video_report(report, folder / "video", ("a.mp4", "b.mp4"), one, OPOM(surrogate))
        >>> "Protected copy of a.mp4" in (folder / "video" / "report.html").read_text()
        True
    """
    charts = {}
    for person, rows in report.table.groupby("person") if len(report.table) else ():
        for recognizer in report.recognizers["recognizer"]:
            lines = {told: rows[f"{recognizer}_similarity_{stage}"] for stage, told in STAGES.items()}
            title = f"{person}, on {recognizer}"
            figure = over_time(rows["time"], lines, title=title, y_label="similarity to clean faces")
            figure.savefig(file := io.BytesIO(), format="png", dpi=90)
            charts[f"{title}: similarity over time"] = base64.b64encode(file.getvalue()).decode()
    write_files(
        folder, "protect/video_report.html", VIDEO_TABLE, report.table, report.recognizers, masks, method,
        facts=report.facts, charts=charts, names=[shown(name) for name in names], apart=APART, stages=STAGES,
    )  # fmt: skip
    return report
