"""An assignment for nbgrader: one notebook with its cells' metadata, whose hidden tests know everybody's own people."""

from __future__ import annotations

import inspect
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd

from opom_edu.assignments.grading import own_of, verdict
from opom_edu.assignments.handing import SECRET, START, as_notebook, cell, read_key
from opom_edu.assignments.roster import read_secret
from opom_edu.assignments.tasks import TASKS
from opom_edu.errors import OpomError
from opom_edu.files import replacing, write_table
from opom_edu.masks import Mask

FOLDER = "OPOM_EDU_ASSIGNMENT"  # the variable that names the folder of the key to the hidden tests
NAME = "opom"
SETTINGS = """c = get_config()
c.CourseDirectory.course_id = "opom"
c.Execute.timeout = 300  # seconds for a cell: some learn a mask
"""
INTRODUCTION = """# Assignment

Anna and Ben are yours alone: nobody else has the two people in your `people.safetensors`, so nobody else has your numbers.
They do not exist. The next cell prints your black box and your settings. Give numbers with all their digits."""
SHOW = '\nprint(f"judge: {own.judge}, LEVELS: {own.levels}, RATE: {own.rate} %, PHOTO: number {own.photo}")'
HIDDEN = """# Graded after you have handed in.
### BEGIN HIDDEN TESTS
from opom_edu.assignments.for_nbgrader import check

check("{number}", {name})
### END HIDDEN TESTS"""


def export(folder: str | Path, course: str | Path, *, secret: str | Path | None = None) -> Path:
    """Write ``folder``'s assignment as an nbgrader course: ``source/opom/opom.ipynb``, its settings and ``students.csv``.

    Args:
        folder: what :func:`~opom_edu.assignments.handing.assign` wrote. Its ``key`` serves the hidden tests.
        course: an empty or new folder, or one that this function wrote before.

    Raises:
        OpomError: if there is no such assignment, or ``course`` is another course.

    Example:
        >>> from opom_edu.assignments.handing import assign
        >>> _ = (folder / "exported.csv").write_text("7,Ada\\n")
        >>> _ = assign(folder / "exported.csv", folder / "exported")
        >>> export(folder / "exported", folder / "course").relative_to(folder).as_posix()
        'course/source/opom/opom.ipynb'
    """
    folder, course = Path(folder).expanduser(), Path(course).expanduser()
    key = read_key(folder, read_secret(Path(secret).expanduser() if secret else folder / SECRET))
    settings, file = course / "nbgrader_config.py", course / "source" / NAME / f"{NAME}.ipynb"
    if settings.exists() and settings.read_text("utf-8") != SETTINGS:
        raise OpomError(f"{course} holds another course; name a new folder with --nbgrader")
    for place, text in ((settings, SETTINGS), (file, json.dumps(as_notebook(_cells()), indent=1, ensure_ascii=False))):
        with replacing(place) as temporary:
            temporary.write_text(text, encoding="utf-8")
    students = [{"id": one.folder, "first_name": one.name} for one, _ in key]
    write_table(course / "students.csv", pd.DataFrame(students))
    return file


def check(number: str, answer: Any) -> None:
    """A hidden test: pass if the answer is right for the student in whose folder nbgrader runs.

    Raises:
        AssertionError: with the reason, if it is not.
        OpomError: if the variable ``OPOM_EDU_ASSIGNMENT`` names no assignment, or nobody there has such a folder.

    Example:
        >>> check("1", 0.5)
        Traceback (most recent call last):
        ...
        opom_edu.errors.OpomError: set OPOM_EDU_ASSIGNMENT to the folder that opom-edu assign wrote
    """
    if not (place := os.environ.get(FOLDER)):
        raise OpomError(f"set {FOLDER} to the folder that opom-edu assign wrote")
    folder = Path(place)
    key = {one.folder: (one, checksum) for one, checksum in read_key(folder, read_secret(folder / SECRET))}
    if Path.cwd().parent.name not in key:
        raise OpomError(f"{folder} has no student {Path.cwd().parent.name!r}; nbgrader's students are in students.csv")
    own = own_of(folder, *key[Path.cwd().parent.name])
    task = TASKS[number]
    mask = answer if isinstance(answer, Mask) else None
    given = inspect.getsource(answer) if task.kind == "code" and callable(answer) else answer
    told = verdict(number, given, own, task.truth(own), mask)
    assert told == "right", told


def _cells() -> list[dict[str, Any]]:
    made = [cell("markdown", INTRODUCTION), _graded(cell("code", START + SHOW), "start")]
    for number, task in TASKS.items():
        text = task.text.format(levels="LEVELS", rate="RATE", photo="PHOTO")
        made.append(_graded(cell("markdown", f"**{number}** {text}"), f"question-{number}"))
        if task.kind == "text":
            made.append(_graded(cell("markdown", "Your answer."), f"answer-{number}", points=task.points, solution=True))
            continue
        answer = f"# {task.start}\n### BEGIN SOLUTION\n{task.start}\n### END SOLUTION"
        made.append(_graded(cell("code", answer), f"answer-{number}", solution=True))
        test = HIDDEN.format(number=number, name=task.variable)
        made.append(_graded(cell("code", test), f"test-{number}", points=task.points))
    return made


def _graded(made: dict[str, Any], name: str, *, points: int = 0, solution: bool = False) -> dict[str, Any]:
    """A cell with nbgrader's metadata, schema 3."""
    about = {"schema_version": 3, "grade_id": name, "grade": points > 0, "solution": solution, "locked": not solution,
             "task": False}  # fmt: skip
    return made | {"metadata": {"nbgrader": about | ({"points": points} if points else {})}}
