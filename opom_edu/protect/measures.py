"""What protecting a folder achieved, as tables: similarities, searches and links before and after, on each recognizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
import torch
from torch import Tensor

from opom_edu.evaluation import image_quality
from opom_edu.faces.folders import shown
from opom_edu.faces.images import quantize
from opom_edu.masks import Mask, RandomNoise
from opom_edu.protect.shots import Row, Shot
from opom_edu.recognizers import Recognizer
from opom_edu.recognizers.thresholds import THRESHOLDS

PHOTO_STAGES = {
    "before": "before", "noise": "random noise", "plain": "plain mask", "lossless": "after, lossless", "after": "after",
    "unseen": "after, not learned from",
}  # fmt: skip
SEARCHED = ("before", "noise", "plain", "after")  # the stages of which searches are told
PHOTO_COLUMNS = ["person", "photo", "status", "note", "strangers", "learned", "matchable", "psnr", "ssim"]


@dataclass(frozen=True, eq=False)
class Report:
    """What :func:`opom_edu.protect.protect_folder` did.

    Attributes:
        table: a row per photo and person in it: ``person, photo, status`` ("protected" or "skipped"), ``note``,
            ``strangers`` left as they are, whether the mask was ``learned`` from it, ``matchable``, 0 for a face that no
            recognizer with a threshold matches to the person's other photos even without a mask, ``psnr`` and ``ssim`` of
            the aligned face. For each recognizer NAME the mean cosine to the person's other clean photos, ``NAME_before``,
            ``NAME_noise`` (random noise of the same eps instead), ``NAME_after`` (in the file written), ``NAME_unseen`` (the
            same, where the mask was not learned from the photo), for JPEG also ``NAME_lossless``, for dispersed masks also
            ``NAME_plain`` (the mask without dispersal instead); and 1 where it is above the threshold, 0 where not, as
            ``NAME_verified_before`` and so on. ``NAME_first_before`` and so on: 1 if the face most like the photo is another
            clean photo of the person, among everybody's clean ones and strangers. ``NAME_linked_before`` and so on: the
            same, but the person's other photos have the mask, too.
        recognizers: a row per recognizer: ``kind``, ``threshold`` and what it is ``calibrated`` on, and over all rows the
            mean similarity and the share verified, such as ``before`` and ``verified_before``.
        people: a row per person and recognizer: ``person, photos, protected, matchable, recognizer, kind``, and of how many
            matchable photos it says ``first_before``, ``linked_before`` and so on.
        examples: per person, an aligned face before and after.
        sheet: by person, "" for strangers, the faces ``(3, 112, 112)`` taken for theirs, each with its photo's name.

    Example:
        >>> Report(pd.DataFrame({"status": ["protected", "skipped"]}), pd.DataFrame()).skipped
        1
    """

    table: pd.DataFrame
    recognizers: pd.DataFrame
    people: pd.DataFrame = field(default_factory=pd.DataFrame)
    examples: Mapping[str, tuple[Tensor, Tensor]] = field(default_factory=dict)
    sheet: Mapping[str, Sequence[tuple[Tensor, str]]] = field(default_factory=dict)

    @property
    def skipped(self) -> int:
        """How many photos have no protected copy."""
        return int((self.table["status"] == "skipped").sum())


def measure_photos(
    kept: Sequence[tuple[Shot, Tensor, Tensor]], learned: Mapping[str, set[str]], surrogate: Recognizer,
    recognizers: Sequence[Recognizer], skipped: Sequence[Row], eps: float, *, lossy: bool,
    plain: Mapping[str, Mask] | None = None, seen: Sequence[Shot] = (), crowd: Tensor | None = None,
) -> Report:  # fmt: skip
    """Compare the faces before and after.

    Args:
        kept: of each photo, its crops ``(F, 3, 112, 112)`` as laid in and as read back from the file.
        learned: by name, the checksums of the photos that the mask was learned from.
        surrogate: on which the masks were learned.
        recognizers: on which to measure besides, or, of an ensemble, besides its parts.
        skipped: rows of the photos without a copy.
        eps: of the noise to compare with, a share of the pixel range.
        lossy: whether the files are JPEG.
        plain: by name, masks without dispersal to compare with.
        seen: all photos with faces, for the contact sheet and the strangers in searches.
        crowd: more strangers ``(M, 3, 112, 112)`` in each search.

    Example:
        >>> skipped = [{"person": "ann", "photo": "a.jpg", "status": "skipped", "note": "no face was found"}]
        >>> measure_photos([], {}, surrogate, [], skipped, eps=8 / 255, lossy=False).skipped
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
    sheet = _sheet(seen)
    if not rows:
        return Report(pd.DataFrame(skipped, columns=PHOTO_COLUMNS), pd.DataFrame(), sheet=sheet)
    before, laid, after = (torch.stack(part) for part in zip(*parts, strict=True))
    crops = {"before": before, **({"lossless": laid} if lossy else {}), "after": after}
    crops["noise"] = quantize(RandomNoise(eps=eps).fit(before).apply(before))
    if plain:
        crops["plain"] = torch.stack(
            [plain[row["person"]].apply(crop[None])[0] for row, crop in zip(rows, before, strict=True)]
        )
    table = pd.concat([pd.DataFrame(rows), image_quality(before, after)], axis=1)
    strangers = [*([] if crowd is None else crowd), *(crop for crop, _ in sheet.get("", ()))]
    others = torch.stack(strangers) if strangers else before[:0]
    asked = {one.name: one for one in (*(surrogate.parts or [surrogate]), *recognizers)}.values()
    measured = [_Measured(recognizer, table, crops, others) for recognizer in asked]
    could = [one.could_match for one in measured if one.could_match is not None]
    table["matchable"] = torch.stack(could).any(0).int().numpy() if could else 1
    summary = [one.fill_in(kind_of(one.recognizer, surrogate)) for one in measured]
    people = _by_person(table, measured, skipped, surrogate)
    first = {name: int(own.index[0]) for name, own in table.groupby("person")}
    examples = {name: (before[i], after[i]) for name, i in first.items()}
    table["person"] = table["person"].map(shown)
    table = pd.concat([table, pd.DataFrame(skipped)], ignore_index=True) if skipped else table
    table = table.sort_values(["person", "photo"], kind="stable", ignore_index=True)
    return Report(table, pd.DataFrame(summary), people, examples, sheet)


class _Measured:
    """One recognizer's view of the crops at every stage."""

    def __init__(self, recognizer: Recognizer, table: pd.DataFrame, crops: Mapping[str, Tensor], others: Tensor) -> None:
        self.recognizer, self.table = recognizer, table
        found = recognizer.embed(quantize(torch.cat([*crops.values(), others]))).cpu()
        *stages, self.others = found.split([len(table)] * len(crops) + [len(others)])
        self.embeddings = dict(zip(crops, stages, strict=True))
        labels = torch.from_numpy(pd.factorize(table["person"])[0])
        self.rivals = labels[:, None] != labels
        self.same = (~self.rivals).fill_diagonal_(False)
        self.threshold, self.basis = THRESHOLDS.get(recognizer.name, (float("nan"), "no threshold known for real faces"))

    @property
    def could_match(self) -> Tensor | None:
        """Whether each face, without a mask, matches another photo of its person, or has none; None without a threshold."""
        if self.recognizer.name not in THRESHOLDS:
            return None
        clean = self.embeddings["before"]
        matches = ((clean @ clean.T > self.threshold) & self.same).any(1)
        return matches | ~self.same.any(1)

    def fill_in(self, kind: str) -> Row:
        """Add the recognizer's columns to the table; its row of the summary."""
        name, values = self.recognizer.name, {stage: self._similar(own) for stage, own in self.embeddings.items()}
        values["unseen"] = values["after"].where(~self.table["learned"])
        line: Row = {"recognizer": name, "kind": kind, "threshold": self.threshold, "calibrated": self.basis}
        for stage, similar in values.items():
            self.table[f"{name}_{stage}"] = similar
            line[stage] = similar.mean()
            if name in THRESHOLDS:
                verified = (similar > self.threshold).astype(float).where(similar.notna())
                self.table[f"{name}_verified_{stage}"] = verified
                line[f"verified_{stage}"] = verified.mean()
        for stage in (stage for stage in SEARCHED if stage in self.embeddings):
            own = self.embeddings[stage]
            self.table[f"{name}_first_{stage}"] = self._first(own, self.embeddings["before"])
            self.table[f"{name}_linked_{stage}"] = self._first(own, own)
        return line

    def _similar(self, probes: Tensor) -> pd.Series:
        """Mean cosine of each crop to the clean ones of the same person's other photos; not a number where there is none."""
        return pd.Series((((probes @ self.embeddings["before"].T) * self.same).sum(1) / self.same.sum(1)).numpy())

    def _first(self, probes: Tensor, gallery: Tensor) -> pd.Series:
        """1 where the most similar face is the person's, in another photo of ``gallery``; not a number if there is none."""
        own = (probes @ gallery.T).masked_fill(~self.same, -2).amax(1)
        rivals = (probes @ self.embeddings["before"].T).masked_fill(~self.rivals, -2)
        best = torch.cat([rivals, probes @ self.others.T], 1).amax(1)
        return pd.Series((own > best).float().where(self.same.any(1), torch.nan).numpy())


def _by_person(
    table: pd.DataFrame, measured: Sequence[_Measured], skipped: Sequence[Row], surrogate: Recognizer
) -> pd.DataFrame:
    rows = []
    lost = pd.Series([row["person"] for row in skipped], dtype=object).value_counts()
    for name, own in table.groupby("person"):
        counted = own[own["matchable"] == 1]
        about = {"person": shown(str(name)), "photos": len(own) + int(lost.get(shown(str(name)), 0)), "protected": len(own),
                 "matchable": len(counted)}  # fmt: skip
        for one in measured:
            line = about | {"recognizer": one.recognizer.name, "kind": kind_of(one.recognizer, surrogate)}
            for column in (f"{what}_{stage}" for what in ("first", "linked") for stage in SEARCHED):
                if f"{one.recognizer.name}_{column}" in table:
                    line[column] = counted[f"{one.recognizer.name}_{column}"].sum(min_count=1)
            rows.append(line)
    return pd.DataFrame(rows)


def _sheet(seen: Sequence[Shot]) -> dict[str, list[tuple[Tensor, str]]]:
    """By person, "" for strangers, the faces and their photos."""
    sheet: dict[str, list[tuple[Tensor, str]]] = {}
    for shot in seen:
        for name, crop in zip(shot.names, shot.faces.crops, strict=True):
            sheet.setdefault(name or "", []).append((crop, shown(shot.path.name)))
    return {name: sheet[name] for name in sorted(sheet, key=lambda name: (not name, name))}


def kind_of(recognizer: Recognizer, surrogate: Recognizer) -> str:
    """Whether masks learned on ``surrogate`` meet a white box in ``recognizer``: "white box" or "black box".

    Example:
        >>> kind_of(surrogate, surrogate), kind_of(black_box, surrogate)
        ('white box', 'black box')
    """
    if not recognizer.shares_network(surrogate):
        return "black box"
    same = recognizer.name == "dlib" and "dlib-torch" in surrogate.name
    return "white box: the network of dlib-torch" if same else "white box"
