"""What protecting a folder achieved: a verdict per person, tables and pictures, as HTML and CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from torch import Tensor
from torch.nn import functional

from opom_edu.errors import OpomError
from opom_edu.faces.folders import shown
from opom_edu.faces.images import magnification, png
from opom_edu.files import write_table
from opom_edu.masks import Mask, Method
from opom_edu.pages import write_page
from opom_edu.protect.measures import PHOTO_STAGES, Report

PHOTO_TABLE = "report.csv"
HOLDS, IN_PART = 0.1, 0.5  # shares of what is found without a mask, up to which the verdict says so
BASELINES = ("before", "noise", "plain")
THUMBS, THUMB = 24, 56  # faces of a person on the contact sheet at the most, and their pixels


def verdicts(report: Report) -> list[dict[str, Any]]:
    """Per person, what holds and against whom, in sentences.

    Returns:
        Of each person ``name``, ``copies`` (how many photos have one) and ``sentences``, one per recognizer and more.

    Example:
        >>> line = {"person": "Ada", "photos": 5, "protected": 4, "matchable": 3, "recognizer": "dlib", "kind": "black box"}
        >>> line |= {"first_before": 3, "first_noise": 3, "first_after": 1, "linked_before": 3, "linked_after": 2}
        >>> told = verdicts(Report(pd.DataFrame(), pd.DataFrame(), pd.DataFrame([line])))[0]
        >>> told["copies"]
        '4 of 5 photos have a protected copy.'
        >>> told["sentences"]
        ['Holds in part on dlib (black box): 1 of 3 still found first (unprotected 3, random noise 3); 2 lead to another \
protected photo (before 3).', '1 more is like no other photo even without a mask (small, blurred, turned away).']
    """
    told = []
    for name, lines in report.people.groupby("person", sort=False) if len(report.people) else ():
        sentences, first = [_sentence(line) for line in lines.to_dict("records")], lines.iloc[0]
        if lost := int(first["protected"] - first["matchable"]):
            are = "is" if lost == 1 else "are"
            sentences.append(f"{lost} more {are} like no other photo even without a mask (small, blurred, turned away).")
        has = "has" if first["protected"] == 1 else "have"
        copies = f"{first['protected']} of {first['photos']} photos {has} a protected copy."
        told.append({"name": name, "copies": copies, "sentences": sentences})
    return told


def _sentence(line: Mapping[str, Any]) -> str:
    """What one recognizer still finds of a person."""
    who = f"{line['recognizer']} ({line['kind']})"
    if not line["matchable"] or line["first_after"] != line["first_after"]:
        return f"{who} could not be asked: it needs another photo of this person."

    def figures(what: str, *stages: str) -> str:
        told = {"before": "unprotected" if what == "first" else "before", "noise": "random noise", "plain": "plain mask"}
        return ", ".join(f"{told[stage]} {line[key]:.0f}" for stage in stages if (key := f"{what}_{stage}") in line)

    found = f"{line['first_after']:.0f} of {line['matchable']} still found first ({figures('first', *BASELINES)})"
    leads = f"{line['linked_after']:.0f} lead{'s' if line['linked_after'] == 1 else ''} to another protected photo"
    left = line["first_after"] / max(line["first_before"], 1)
    verdict = "Holds" if left <= HOLDS else "Holds in part" if left <= IN_PART else "Does not hold"
    return f"{verdict} on {who}: {found}; {leads} ({figures('linked', 'before', 'plain')})."


def thumbnails(report: Report) -> list[dict[str, Any]]:
    """The contact sheet: by person, "" for strangers last, small pictures with their photos' names, and how many more.

    Example:
        >>> sheet = {"person 1": [(ada.train[0], "a.jpg")] * 30}
        >>> (group,) = thumbnails(Report(pd.DataFrame(), pd.DataFrame(), sheet=sheet))
        >>> group["name"], len(group["faces"]), group["more"]
        ('person 1', 24, 6)
    """
    return [
        {
            "name": shown(name),
            "more": max(0, len(faces) - THUMBS),
            "faces": [(_thumb(crop), title) for crop, title in faces[:THUMBS]],
        }
        for name, faces in report.sheet.items()
    ]


def _thumb(crop: Tensor) -> str:
    return png(functional.interpolate(crop[None], (THUMB, THUMB), mode="area")[0])


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
        >>> report = Report(pd.DataFrame(skipped).assign(learned=False), pd.DataFrame())
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
    summary = report.recognizers.to_dict("records")
    stages = {stage: told for stage, told in PHOTO_STAGES.items() if stage in report.recognizers}
    write_files(
        out, "protect/photo_report.html", PHOTO_TABLE, report.table, report.recognizers, masks, method, people=people,
        stages=stages, skipped=report.skipped, quality=quality, keep_exif=keep_exif, threshold=threshold,
        verdicts=verdicts(report), sheet=thumbnails(report), names=[line["recognizer"] for line in summary],
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
