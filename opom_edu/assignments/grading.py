"""From what was handed in to a table of points and reasons."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from opom_edu.assignments import sandbox
from opom_edu.assignments.handing import ANSWERS, MASK, SECRET, read_key
from opom_edu.assignments.own import Own, read_own
from opom_edu.assignments.roster import Student, read_secret
from opom_edu.assignments.tasks import TASKS, WEAKER, similarity, step
from opom_edu.errors import OpomError
from opom_edu.faces.folders import shown
from opom_edu.files import check_folder, sha256, write_table
from opom_edu.masks import Mask
from opom_edu.pages import write_page

LARGEST = 2**20  # bytes of an answers.json
CASES = 20  # random inputs for a student's function


@dataclass(eq=False)
class Handed:
    """What one student handed in.

    Attributes:
        answers: by task; empty if there are none.
        mask: of task 5.
        notes: what is odd about it.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    mask: Mask | None = None
    notes: list[str] = field(default_factory=list)


def grade(
    folder: str | Path, submissions: str | Path, *, out: str | Path | None = None, secret: str | Path | None = None,
    on_progress: Callable[[str, float], None] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Compare everybody's answers with the truth of their own people.

    Args:
        folder: what :func:`~opom_edu.assignments.handing.assign` wrote.
        submissions: a folder with one folder per student, named as theirs or by their id, with what ``hand_in`` wrote.
        out: takes ``grades.csv`` and ``grades.html``; by default ``folder``.
        secret: a file; by default ``secret.txt`` in ``folder``.
        on_progress: called with what is being done and the share of it that is done.

    Returns:
        A row per student: ``id, name, points``, ``task 1`` and so on (points; not a number where the teacher reads),
        ``reason 1`` and so on, and ``notes``.

    Raises:
        OpomError: if there is no such assignment, its key or secret does not fit, or ``submissions`` is no folder.

    Example:
        >>> from opom_edu.assignments.handing import assign, hand_in, open_assignment
        >>> _ = (folder / "graded.csv").write_text("7,Ada\\n8,Bob\\n")
        >>> students = assign(folder / "graded.csv", folder / "graded")
        >>> own = open_assignment(folder / "graded" / "students" / students[0].folder / "people.safetensors")
        >>> (folder / "in" / students[0].folder).mkdir(parents=True)
        >>> _ = hand_in(own, {"1": TASKS["1"].truth(own)}, folder / "in" / students[0].folder)
        >>> grade(folder / "graded", folder / "in")[["points", "reason 1"]].values.tolist()
        [[1.0, 'right'], [0.0, 'nothing was handed in']]
    """
    folder, submissions = Path(folder).expanduser(), Path(submissions).expanduser()
    out, tell = Path(out).expanduser() if out else folder, on_progress or (lambda what, share: None)
    check_folder(out)
    if not submissions.is_dir():
        raise OpomError(f"{submissions} is not a folder; give one with a folder per student")
    key = read_key(folder, read_secret(Path(secret).expanduser() if secret else folder / SECRET))
    students = [student for student, _ in key]
    people, truths = dict[str, Own](), dict[str, dict[str, Any]]()
    for number, (student, checksum) in enumerate(key):
        tell("computing what is true", number / len(key))
        people[student.id] = own_of(folder, student, checksum)
        truths[student.id] = {name: task.truth(people[student.id]) for name, task in TASKS.items()}
    handed = {student.id: _handed(submissions, student) for student in students}
    rows = []
    for number, student in enumerate(students):
        tell("comparing answers", number / len(students))
        rows.append(_row(student, students, people[student.id], truths, handed))
    table = pd.DataFrame(rows)
    write_table(out / "grades.csv", table)
    write_page(out / "grades.html", "assignments/grades.html", rows=table.to_dict("records"), tasks=TASKS)
    return table


def own_of(folder: Path, student: Student, checksum: str) -> Own:
    """A student's people, out of the key.

    Raises:
        OpomError: if they are missing, or not those of the checksum.

    Example:
        >>> try:
        ...     own_of(folder, Student("7", "Ada", "7-ada", 1), "0")
        ... except OpomError as error:
        ...     print(str(error)[-71:])
        is missing or was changed; assign with the same roster and secret again
    """
    file = folder / "key" / f"{student.folder}.safetensors"
    if not file.is_file() or sha256(file) != checksum:
        raise OpomError(f"{file} is missing or was changed; assign with the same roster and secret again")
    return read_own(file)


def _handed(submissions: Path, student: Student) -> Handed:
    """What a student handed in, as far as it can be read."""
    made = Handed()
    place = next((submissions / name for name in (student.folder, student.id) if _is_inside(submissions, name)), None)
    if place is None:
        made.notes.append("nothing was handed in")
        return made
    files = [path for path in sorted(place.rglob("*")) if path.is_file() and not path.is_symlink()]
    found = next((path for path in files if path.name == ANSWERS), None)
    odd = [path.name for path in files if path.suffix.lower() in (".zip", ".7z", ".rar", ".tar", ".gz")]
    if odd:
        made.notes.append(f"archives are not opened: {', '.join(map(shown, odd[:3]))}")
    if found is None:
        made.notes.append(f"there is no {ANSWERS}; the notebook's last cell writes it")
        return made
    try:
        if found.stat().st_size > LARGEST:
            raise ValueError("it is too large")
        stored = json.loads(found.read_text("utf-8"))
        made.answers = dict(stored["answers"])
        whose = str(stored["student"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        made.notes.append(f"{ANSWERS} cannot be read: {shown(str(error))[:120]}")
        made.answers = {}
        return made
    if whose != student.id:
        made.notes.append(f"it was made with the assignment of {shown(whose)[:60]}")
    if unknown := sorted(set(made.answers) - set(TASKS)) + sorted(set(stored) - {"student", "answers"}):
        made.notes.append(f"not asked for, and not looked at: {', '.join(shown(str(name))[:40] for name in unknown[:5])}")
    mask = found.with_name(MASK)
    if mask.is_file() and not mask.is_symlink():
        try:
            made.mask = Mask.load(mask)
        except Exception as error:  # hostile files find ways that nobody thought of
            made.notes.append(f"{MASK} cannot be read: {shown(str(error))[:120]}")
    return made


def _is_inside(submissions: Path, name: str) -> bool:
    return name not in ("", ".", "..") and "/" not in name and "\\" not in name and (submissions / name).is_dir()


def _row(
    student: Student, students: Sequence[Student], own: Own, truths: Mapping[str, Mapping[str, Any]],
    handed: Mapping[str, Handed],
) -> dict[str, Any]:  # fmt: skip
    mine, notes = handed[student.id], list(handed[student.id].notes)
    row: dict[str, Any] = {"id": student.id, "name": student.name, "points": 0.0}
    copied: dict[str, list[str]] = {}
    for name, task in TASKS.items():
        answer = mine.answers.get(name)
        if answer is None:
            reason = notes[0] if notes and not mine.answers else "no answer"
        elif task.kind == "text":
            reason = "the teacher reads it"
        else:
            reason = verdict(name, answer, own, truths[student.id][name], mine.mask)
        points = float(task.points) if reason == "right" else 0.0
        if reason not in ("right", "no answer") and task.kind in ("number", "mask"):
            for other in _others(name, answer, student, students, truths, handed):
                copied.setdefault(other, []).append(name)
                reason = f"wrong: it is right for {other}"
        row[f"task {name}"] = math.nan if task.kind == "text" and answer is not None else points
        row[f"reason {name}"] = reason
        row["points"] += points
    for other, which in copied.items():
        if len(which) > 1:
            notes.append(f"tasks {', '.join(which)} are the answers of {other}")
    row["notes"] = "; ".join(notes)
    return row


def verdict(name: str, answer: Any, own: Own, truth: Any, mask: Mask | None) -> str:
    """ "right", or why it is not.

    Args:
        name: of the task.
        answer: a number, or the source of a function; not looked at where the task asks for a mask.

    Example:
        >>> verdict("1", 0.5, None, 0.4, None)
        'wrong: 0.5, it is 0.4'
    """
    task = TASKS[name]
    try:
        if task.kind == "number":
            if isinstance(answer, bool) or not isinstance(answer, (int, float)) or not math.isfinite(answer):
                return "wrong: a finite number is wanted"
            return "right" if abs(answer - truth) <= task.within else f"wrong: {answer:.4g}, it is {truth:.4g}"
        if task.kind == "mask":
            return _mask_verdict(own, truth, mask)
        return _code_verdict(answer)
    except Exception as error:  # an answer that nobody thought of is wrong, and stops nobody else's
        return f"wrong: {shown(str(error))[:160]}"


def _mask_verdict(own: Own, truth: Mask, mask: Mask | None) -> str:
    if mask is None:
        return f"wrong: there is no {MASK} that can be read"
    if mask.delta.shape != truth.delta.shape or not bool(mask.delta.isfinite().all()):
        return "wrong: the mask has another shape, or values that are not finite"
    largest = 255 * float(mask.delta.abs().max())
    if largest > own.levels + 0.01:
        return f"wrong: it changes {largest:.1f} gray levels, {own.levels} are allowed"
    found, wanted = similarity(own, mask), similarity(own, truth)
    return "right" if found <= wanted + WEAKER else f"wrong: similarity {found:.2f} under it, {wanted:.2f} can be reached"


def _code_verdict(source: Any) -> str:
    if not isinstance(source, str):
        return "wrong: the source of a function is wanted"
    draw = np.random.default_rng()
    given = [[draw.normal(0, 0.05, (3, 4)).tolist(), draw.normal(size=(3, 4)).tolist(), *draw.uniform(0.01, 0.1, 2).tolist()]
             for _ in range(CASES)]  # fmt: skip
    found = sandbox.call(source, "step", given)
    for arguments, answer in zip(given, found, strict=True):
        right = step(*arguments)
        if np.shape(answer) != right.shape or not np.allclose(np.asarray(answer, float), right, atol=1e-9):
            return "wrong: on random numbers the step comes out otherwise"
    return "right"


def _others(
    name: str, answer: Any, student: Student, students: Sequence[Student], truths: Mapping[str, Mapping[str, Any]],
    handed: Mapping[str, Handed],
) -> list[str]:  # fmt: skip
    """Who else's right answer this is."""
    mask, found = handed[student.id].mask, []
    for other in (one for one in students if one.id != student.id):
        if TASKS[name].kind == "mask":
            theirs = handed[other.id].mask
            same = mask is not None and theirs is not None and torch.equal(mask.delta, theirs.delta)
            own = truths[other.id][name]
            same = same or (mask is not None and mask.delta.shape == own.delta.shape and torch.equal(mask.delta, own.delta))
        else:
            close = isinstance(answer, (int, float)) and math.isfinite(answer)
            same = close and name in ("1", "3", "4", "8") and abs(answer - truths[other.id][name]) < 1e-5
        if same:
            found.append(other.name)
    return found[:1]
