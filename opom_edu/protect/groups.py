"""``groups.csv``: which faces were taken for one person's, as a table that somebody corrects for the next run."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from opom_edu.errors import PeopleError, PeopleWarning
from opom_edu.faces.images import SIZE
from opom_edu.faces.photos import inverse, moved
from opom_edu.files import FORMULA, replacing, sha256, write_table
from opom_edu.protect.album import key_of
from opom_edu.protect.learned import NAME_BYTES
from opom_edu.protect.shots import Shot

GROUPS = "groups.csv"
COLUMNS = ["photo", "face", "person", "x", "y"]


def write_groups(file: Path, shots: Sequence[Shot], source: Path, *, corrected: bool = False) -> None:
    """Write a row per face: the photo, the face's number in it, whose it is, and where its middle lies, in pixels.

    Unless somebody ``corrected`` it before, the file's checksum is kept in the folder ``faces`` beside it: by that the next
    run sees whether somebody has.

    Raises:
        OSError: if the file cannot be written.

    Example:
        >>> from opom_edu.protect.shots import look_at
        >>> shots, _ = look_at(folder / "photos", surrogate, lambda pixels, _: find(pixels), lambda *_: None)
        >>> write_groups(folder / "groups.csv", [], folder / "photos")
        >>> (folder / "groups.csv").read_text()
        'photo,face,person,x,y\\n'
    """
    rows = []
    for shot in shots:
        for face, (name, matrix) in enumerate(zip(shot.names, shot.faces.matrices, strict=True), 1):
            x, y = moved(np.full((1, 2), (SIZE - 1) / 2), inverse(matrix))[0].round().astype(int)
            rows.append({"photo": key_of(shot, source), "face": face, "person": name or "", "x": x, "y": y})
    write_table(file, pd.DataFrame(rows, columns=COLUMNS))
    if corrected:
        _checksum(file).unlink(missing_ok=True)
    else:
        with replacing(_checksum(file)) as temporary:
            temporary.write_text(sha256(file))


def _checksum(file: Path) -> Path:
    return file.parent / "faces" / f"{file.name}.sha256"


def read_groups(file: Path, shots: Sequence[Shot], source: Path) -> dict[tuple[str, int], str]:
    """Whose each face is, as the table says: by the photo's path in the folder and the face's number, a name; "" for nobody.

    Faces without a row may be anybody's. A :class:`PeopleWarning` tells of rows without a face.

    Args:
        file: with the columns ``photo, face, person``, separated by commas or semicolons. If there is none, or it is as it
            was written, nothing is decided.
        shots: of all photos.
        source: their folder.

    Raises:
        PeopleError: if it is no such table, or a name cannot be a file's; the message names the line.

    Example:
        >>> _ = (folder / "groups.csv").write_text("photo;face;person\\nAda/0.png;1;Ada\\n")
        >>> from opom_edu.protect.shots import look_at
        >>> shots, _ = look_at(folder / "photos", surrogate, lambda pixels, _: find(pixels), lambda *_: None)
        >>> read_groups(folder / "groups.csv", shots, folder / "photos")
        {('Ada/0.png', 1): 'Ada'}
    """
    written = _checksum(file)
    if not file.is_file() or (written.is_file() and written.read_text() == sha256(file)):
        return {}
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = file.read_text(encoding="cp1252", errors="replace")  # as a spreadsheet on Windows saves it
    lines = text.splitlines()
    first = lines[0] if lines else ""
    table = csv.DictReader(lines, delimiter=";" if first.count(";") > first.count(",") else ",")
    if not {"photo", "face", "person"} <= {str(name).strip() for name in table.fieldnames or ()}:
        raise PeopleError(f"{file} needs the columns photo, face, person; correct it, or delete it to group anew")
    there = {(key_of(shot, source), face + 1) for shot in shots for face in range(len(shot.embeddings))}
    found, lost = dict[tuple[str, int], str](), list[str]()
    for number, row in enumerate(table, 2):
        key, name = _row({str(key).strip(): value for key, value in row.items()}, f"{file}, line {number}")
        if key in found and found[key] != name:
            raise PeopleError(f"{file}, line {number}: face {key[1]} of {key[0]} has two names; leave one")
        if key in there:
            found[key] = name
        else:
            lost.append(f"face {key[1]} of {key[0]}")
    if lost:
        told = f"{file} names {len(lost)} that {'is' if len(lost) == 1 else 'are'} not there"
        warnings.warn(f"{told}, such as {lost[0]}", PeopleWarning, stacklevel=3)
    return found


def _row(row: dict[str, str | None], where: str) -> tuple[tuple[str, int], str]:
    """Photo and number of a face, and the name, of one line."""
    photo, number, name = ((row.get(column) or "").strip() for column in ("photo", "face", "person"))
    photo, name = (text[1:] if text[:1] == "'" and text[1:2] in FORMULA else text for text in (photo, name))
    if not number.isdigit() or int(number) < 1:
        raise PeopleError(f"{where}: the face must be a whole number from 1 on, not {number!r}")
    if name in (".", "..") or any(sign in name for sign in "/\\\0") or len(name.encode()) > NAME_BYTES:
        raise PeopleError(f"{where}: {name[:40]!r} cannot be the name of a file; choose another")
    return (photo, int(number)), name
