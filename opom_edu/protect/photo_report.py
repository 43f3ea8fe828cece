"""What protecting a folder achieved: similarities before and after, on every recognizer at hand, as a table and as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from opom_edu.errors import OpomError
from opom_edu.evaluation import image_quality
from opom_edu.faces.folders import shown
from opom_edu.faces.images import magnification, png, quantize
from opom_edu.files import write_table
from opom_edu.masks import Mask, Method, RandomNoise
from opom_edu.pages import write_page
from opom_edu.protect.shots import Row, Shot
from opom_edu.recognizers import Recognizer
from opom_edu.recognizers.thresholds import THRESHOLDS

PHOTO_STAGES = {
    "before": "before", "noise": "random noise", "lossless": "after, lossless", "after": "after",
    "unseen": "after, not learned from",
}  # fmt: skip
PHOTO_TABLE = "report.csv"
PHOTO_COLUMNS = ["person", "photo", "status", "note", "strangers", "learned", "psnr", "ssim"]


@dataclass(frozen=True, eq=False)
class Report:
    """What :func:`opom_edu.protect.protect_folder` did.

    Attributes:
        table: a row per photo and person in it: ``person, photo, status`` ("protected" or "skipped"), ``note``,
            ``strangers`` left as they are, whether the mask was ``learned`` from it, ``psnr`` and ``ssim`` of the aligned
            face; for each recognizer NAME the mean cosine to the person's other clean photos, ``NAME_before``,
            ``NAME_noise`` (random noise of the same eps instead), ``NAME_after`` (in the file written), ``NAME_unseen`` (the
            same, where the mask was not learned from the photo), for JPEG also ``NAME_lossless``;
            and 1 where it is above the threshold, 0 where not, as ``NAME_verified_before`` and so on.
        recognizers: a row per recognizer: ``kind``, ``threshold`` and what it is ``calibrated`` on, and over all rows the
            mean similarity and the share verified, such as ``before`` and ``verified_before``.
        examples: per person, an aligned face before and after.

    Example:
        >>> report = Report(pd.DataFrame({"status": ["protected", "skipped"]}), pd.DataFrame(), {})
        >>> report.skipped
        1
    """

    table: pd.DataFrame
    recognizers: pd.DataFrame
    examples: Mapping[str, tuple[Tensor, Tensor]]

    @property
    def skipped(self) -> int:
        """How many photos have no protected copy."""
        return int((self.table["status"] == "skipped").sum())


def measure_photos(
    kept: Sequence[tuple[Shot, Tensor, Tensor]], learned: Mapping[str, set[str]], recognizers: Sequence[Recognizer],
    skipped: Sequence[Row], eps: float, *, lossy: bool,
) -> Report:  # fmt: skip
    """Compare the faces before and after.

    Args:
        kept: of each photo, its crops ``(F, 3, 112, 112)`` as laid in and as read back from the file.
        learned: by name, the checksums of the photos that the mask was learned from.
        recognizers: the surrogate first.
        skipped: rows of the photos without a copy.
        eps: of the noise to compare with, a share of the pixel range.
        lossy: whether the files are JPEG.

    Example:
        >>> skipped = [{"person": "ann", "photo": "a.jpg", "status": "skipped", "note": "no face was found"}]
        >>> measure_photos([], {}, [], skipped, eps=8 / 255, lossy=False).skipped
        1
    """
    rows: list[Row] = []
    parts: list[tuple[Tensor, Tensor, Tensor]] = []
    for shot, laid, after in kept:
        for face, name in enumerate(shot.names):
            if name is not None:
                about = {"status": "protected", "note": shot.note, "strangers": shot.names.count(None)}
                about["learned"] = shot.digest in learned[name]
                rows.append({"person": name, "photo": shown(shot.path.name)} | about)
                parts.append((shot.faces.crops[face], laid[face], after[face]))
    if not rows:
        return Report(pd.DataFrame(skipped, columns=PHOTO_COLUMNS), pd.DataFrame(), {})
    crops = {
        stage: torch.stack(part)
        for stage, part in zip(("before", "lossless", "after"), zip(*parts, strict=True), strict=True)
    }
    if not lossy:
        del crops["lossless"]
    crops["noise"] = quantize(RandomNoise(eps=eps).fit(crops["before"]).apply(crops["before"]))
    table = pd.concat([pd.DataFrame(rows), image_quality(crops["before"], crops["after"])], axis=1)
    summary = [_summed(table, recognizer, recognizers[0], crops) for recognizer in recognizers]
    first = {name: int(own.index[0]) for name, own in table.groupby("person")}
    examples = {name: (crops["before"][i], crops["after"][i]) for name, i in first.items()}
    table["person"] = table["person"].map(shown)
    table = pd.concat([table, pd.DataFrame(skipped)], ignore_index=True) if skipped else table
    table = table.sort_values(["person", "photo"], kind="stable", ignore_index=True)
    return Report(table, pd.DataFrame(summary), examples)


def _summed(table: pd.DataFrame, recognizer: Recognizer, surrogate: Recognizer, crops: Mapping[str, Tensor]) -> Row:
    """Fill in a recognizer's columns of the table; its row of the summary."""
    values = _similarities(recognizer, crops, table["person"])
    values["unseen"] = values["after"].where(~table["learned"])
    threshold, basis = THRESHOLDS.get(recognizer.name, (float("nan"), "no threshold known for real faces"))
    kind = kind_of(recognizer, surrogate)
    line: Row = {"recognizer": recognizer.name, "kind": kind, "threshold": threshold, "calibrated": basis}
    for what, similar in values.items():
        table[f"{recognizer.name}_{what}"] = similar
        line[what] = similar.mean()
        if recognizer.name in THRESHOLDS:
            verified = (similar > threshold).astype(float).where(similar.notna())
            table[f"{recognizer.name}_verified_{what}"] = verified
            line[f"verified_{what}"] = verified.mean()
    return line


def kind_of(recognizer: Recognizer, surrogate: Recognizer) -> str:
    """Whether masks learned on ``surrogate`` meet a white box in ``recognizer``: "white box" or "black box".

    Example:
        >>> kind_of(surrogate, surrogate), kind_of(black_box, surrogate)
        ('white box', 'black box')
    """
    if not recognizer.shares_network(surrogate):
        return "black box"
    same = recognizer.name == "dlib" and surrogate.name != "dlib"
    return "white box: the network of dlib-torch" if same else "white box"


def _similarities(recognizer: Recognizer, crops: Mapping[str, Tensor], people: pd.Series) -> dict[str, pd.Series]:
    """Mean cosine of each crop to the clean ones of the same person's other photos; not a number where there is none."""
    found = recognizer.embed(quantize(torch.cat(list(crops.values())))).cpu().split(len(people))
    embeddings = dict(zip(crops, found, strict=True))
    labels = torch.from_numpy(pd.factorize(people)[0])
    same = (labels[:, None] == labels).fill_diagonal_(False)
    means = {what: ((own @ embeddings["before"].T) * same).sum(1) / same.sum(1) for what, own in embeddings.items()}
    return {what: pd.Series(mean.numpy()) for what, mean in means.items()}


def write_photo_report(
    report: Report, out: Path, *, masks: Mapping[str, Mask], method: Method, quality: int | None, keep_exif: bool,
    threshold: float,
) -> None:  # fmt: skip
    """Write ``report.html`` and ``report.csv`` to ``out``, whole or not at all; every name is escaped.

    Args:
        report: what there is to tell.
        out: the folder.
        masks: by name.
        method: how they were learned.
        quality: of the JPEG files, 1 to 100; None for PNG.
        keep_exif: whether the copies have EXIF.
        threshold: cosine above which a face was taken for a person's.

    Raises:
        OSError: if the folder, which is made, or a file cannot be written to.

    Example:
        >>> skipped = [{"person": "ann", "photo": "a.jpg", "status": "skipped", "note": "no face was found"}]
        >>> report = measure_photos([], {}, [], skipped, 8 / 255, lossy=False)
        >>> about = {"masks": {}, "method": OPOM(surrogate), "quality": None, "keep_exif": False, "threshold": 0.3}
        >>> write_photo_report(report, folder / "told", **about)
        >>> "no face was found" in (folder / "told" / "report.html").read_text()
        True
    """
    learned = report.table["learned"].eq(True).groupby(report.table["person"]).sum()
    people = [
        {"name": shown(name), "before": png(before), "after": png(after), "learned": learned[shown(name)]}
        for name, (before, after) in report.examples.items()
    ]
    stages = {stage: told for stage, told in PHOTO_STAGES.items() if stage in report.recognizers}
    write_files(
        out, "protect/photo_report.html", PHOTO_TABLE, report.table, report.recognizers, masks, method, people=people,
        stages=stages, skipped=report.skipped, quality=quality, keep_exif=keep_exif, threshold=threshold,
    )  # fmt: skip


def check_ours(folder: Path, csv: str, columns: Sequence[str]) -> None:
    """Make sure, before long work, that a ``report.html`` is ours, and a ``csv`` one whose first columns are these.

    Raises:
        OpomError: if one is not; it may be somebody's own.

    Example:
        >>> (folder / "mine").mkdir()
        >>> _ = (folder / "mine" / "report.csv").write_text("my,own")
        >>> try:
        ...     check_ours(folder / "mine", "report.csv", ["person", "photo"])
        ... except OpomError as error:
        ...     print(str(error)[-36:])
        move it away, or name another place
    """
    page, table = folder / "report.html", folder / csv
    ours = {page: b'content="opom_edu"' in _start(page), table: _start(table).startswith(",".join(columns).encode())}
    for file, is_ours in ours.items():
        if file.exists() and not is_ours:
            raise OpomError(f"{file} is there already and no report of ours; move it away, or name another place")


def _start(file: Path) -> bytes:
    """The file's first bytes, none if there is no file."""
    if not file.exists():
        return b""
    with file.open("rb") as opened:
        return opened.read(1000)


def write_files(
    folder: Path, template: str, csv: str, table: pd.DataFrame, recognizers: pd.DataFrame, masks: Mapping[str, Mask],
    method: Method, **values: Any,
) -> None:  # fmt: skip
    """Write ``report.html``, from a template that gets what all reports tell and ``values``, and the table as ``csv``.

    Args:
        folder: made where it is missing.
        template: a file of this package.
        csv: name of the table's file.
        table: a row per face.
        recognizers: a row per recognizer.
        masks: by name.
        method: how they were learned.
        values: what else the template asks for.

    Raises:
        OSError: if a file cannot be written to.

    Example:
        >>> empty, values = pd.DataFrame(), {"people": [], "stages": {}, "skipped": 0, "quality": None, "threshold": 0.3}
        >>> template = "protect/photo_report.html"
        >>> write_files(folder / "page", template, "photos.csv", empty, empty, masks, OPOM(surrogate), **values)
        >>> sorted(file.name for file in (folder / "page").iterdir())
        ['photos.csv', 'report.html']
    """
    factor = magnification(method.eps)
    write_page(
        folder / "report.html", template, rows=table.to_dict("records"), recognizers=recognizers.to_dict("records"),
        masks={shown(name): png((0.5 + mask.delta * factor).clamp(0, 1)) for name, mask in masks.items()}, factor=factor,
        levels=method.eps * 255, steps=method.steps, surrogate=method.surrogate.name, **values,
    )  # fmt: skip
    write_table(folder / csv, table)
