"""Who takes part: a table of students, and the secret from which each one's people are drawn."""

from __future__ import annotations

import csv
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from opom_edu.errors import OpomError
from opom_edu.files import FORMULA, replacing

FIRST_SEED, SEEDS = 4_000_000_000_000, 1_000_000_000  # above those of every other purpose, see faces/seeds.py
PEOPLE = 2  # of each student


@dataclass(frozen=True)
class Student:
    """One line of the roster.

    Attributes:
        id: what tells students apart.
        name: as written; the id where the roster has no names.
        folder: the id as a folder's name, with a few letters that keep two alike apart.
        seed: first seed of the student's people.

    Example:
        >>> student_of("a 1", "Änne", b"secret").folder
        'a_1-042a'
    """

    id: str
    name: str
    folder: str
    seed: int


def student_of(id: str, name: str, secret: bytes) -> Student:
    """The student with the people that the ``secret`` gives to this id.

    Example:
        >>> student_of("1", "Ada", b"a").seed == student_of("1", "Ada", b"a").seed != student_of("2", "Ada", b"a").seed
        True
    """
    drawn = int.from_bytes(hmac.digest(secret, id.encode(), "sha256")[:8], "big")
    slug = re.sub(r"[^A-Za-z0-9]+", "_", id).strip("_")[:40] or "student"
    folder = f"{slug}-{hashlib.sha256(id.encode()).hexdigest()[:4]}"
    return Student(id, name, folder, FIRST_SEED + drawn % SEEDS * PEOPLE)


def read_roster(file: str | Path, secret: bytes) -> list[Student]:
    """The students of a table with a column ``id`` (or ``email``), perhaps ``name``; without a head, the first two columns.

    Args:
        file: CSV with commas, semicolons or tabs, in UTF-8 or as a spreadsheet on Windows saves it. Empty lines count for
            nothing.
        secret: see :func:`read_secret`.

    Raises:
        OpomError: if it cannot be read, names nobody, or one twice; the message names the lines.

    Example:
        >>> _ = (folder / "roster.csv").write_text("id;name\\n7;Änne\\n\\n8;=Bob\\n")
        >>> [(student.id, student.name) for student in read_roster(folder / "roster.csv", b"secret")]
        [('7', 'Änne'), ('8', '=Bob')]
    """
    lines = _lines(Path(file))
    separator = max(",;\t", key=lambda sign: lines[0][1].count(sign)) if lines else ","
    rows = [(number, [_plain(cell) for cell in next(csv.reader([line], delimiter=separator))]) for number, line in lines]
    head = [cell.lower() for cell in rows[0][1]] if rows else []
    known = next((head.index(name) for name in ("id", "email", "student", "matriculation") if name in head), None)
    names = head.index("name") if "name" in head else (1 if known is None else known)
    students, seen = list[Student](), dict[str, int]()
    for number, cells in rows[known is not None :]:
        id = cells[known or 0] if len(cells) > (known or 0) else ""
        if not id:
            raise OpomError(f"{file}, line {number}: there is no id; give every student one")
        if id in seen:
            raise OpomError(f"{file}: {id} is in line {seen[id]} and in line {number}; leave one")
        seen[id] = number
        name = cells[names] if len(cells) > names and cells[names] else id
        students.append(student_of(id, name, secret))
    if not students:
        raise OpomError(f"{file} names no student; write one per line: id,name")
    seeds = {student.seed: student for student in students}
    if len(seeds) < len(students):
        raise OpomError(f"two students of {file} would get the same people; take another secret")
    return students


def read_secret(file: Path, *, make: bool = False) -> bytes:
    """The secret in a file; with ``make`` a new one is written if there is none.

    Raises:
        OpomError: if there is none, or it is shorter than 16 characters.

    Example:
        >>> len(read_secret(folder / "secret.txt", make=True))
        64
    """
    if make and not file.exists():
        with replacing(file) as temporary:
            temporary.write_text(secrets.token_hex(32))
        file.chmod(0o600)
    if not file.is_file():
        told = f"{file} is not there: without the secret nobody can tell which people are whose"
        raise OpomError(f"{told}; name its copy with --secret, or assign anew with another one")
    secret = file.read_bytes().strip()
    if len(secret) < 16:
        raise OpomError(f"{file} holds {len(secret)} characters; a secret has 16 or more")
    return secret


def _lines(file: Path) -> list[tuple[int, str]]:
    """Number and text of the lines that hold something."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise OpomError(f"{file} cannot be read: {error}") from error
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    return [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip(" ,;\t")]


def _plain(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:2] in FORMULA else cell
