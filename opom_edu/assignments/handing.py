"""Notebooks out and answers in: a folder per student, a sealed key for the teacher, answers as data."""

from __future__ import annotations

import hmac
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from opom_edu.assignments.own import Own, own_people, read_own
from opom_edu.assignments.roster import Student, read_roster, read_secret, student_of
from opom_edu.assignments.tasks import TASKS
from opom_edu.errors import OpomError
from opom_edu.files import alone, check_folder, replacing, sha256
from opom_edu.masks import Mask

PEOPLE, NOTEBOOK, ANSWERS, MASK, KEY, SECRET = (
    "people.safetensors", "assignment.ipynb", "answers.json", "mask.safetensors", "key.json", "secret.txt",
)  # fmt: skip
AT_A_TIME = 10  # students whose people are rendered together


def assign(
    roster: str | Path, out: str | Path, *, secret: str | Path | None = None,
    on_progress: Callable[[str, float], None] | None = None,
) -> list[Student]:  # fmt: skip
    """Write everybody's assignment; stopped at any time, the same call goes on.

    Args:
        roster: see :func:`opom_edu.assignments.roster.read_roster`.
        out: takes ``students/FOLDER`` with a notebook and its people, for each student, and ``key``, for the teacher alone:
            the same people and a table of them, sealed with the secret.
        secret: a file; by default ``secret.txt`` in ``out``, made where there is none. Who has it can compute everybody's
            people. Without it nothing can be graded.
        on_progress: called with what is being done and the share of it that is done.

    Raises:
        OpomError: if the roster or the secret cannot be used, or ``out`` cannot be written to or holds another class.

    Example:
        >>> _ = (folder / "class.csv").write_text("id,name\\n7,Ada\\n")
        >>> [student.folder for student in assign(folder / "class.csv", folder / "class")]
        ['7-7902']
        >>> sorted(file.name for file in (folder / "class" / "students" / "7-7902").iterdir())
        ['assignment.ipynb', 'people.safetensors']
    """
    out, tell = Path(out).expanduser(), on_progress or (lambda what, share: None)
    check_folder(out)
    kept = Path(secret).expanduser() if secret else out / SECRET
    if (out / "key" / KEY).exists() and not kept.exists():
        read_secret(kept)  # says what is lost
    with alone(out):
        word = read_secret(kept, make=not secret)
        students = read_roster(roster, word)
        if (out / "key" / KEY).exists():
            read_key(out, word)  # another class's key is not written over
        missing = [student for student in students if not _is_there(out, student)]
        for start in range(0, len(missing), AT_A_TIME):
            tell("rendering everybody's people", start / len(missing))
            part = missing[start : start + AT_A_TIME]
            for student, own in zip(part, own_people(part), strict=True):
                own.save(out / "key" / f"{student.folder}.safetensors")
                own.save(out / "students" / student.folder / PEOPLE)
                with replacing(out / "students" / student.folder / NOTEBOOK) as temporary:
                    temporary.write_text(json.dumps(notebook(student, own), indent=1, ensure_ascii=False), encoding="utf-8")
        _write_key(out, students, word)
    return students


def _is_there(out: Path, student: Student) -> bool:
    """Whether a student's folder is complete, and of these very people."""
    folder, copy = out / "students" / student.folder, out / "key" / f"{student.folder}.safetensors"
    return (folder / NOTEBOOK).is_file() and (folder / PEOPLE).is_file() and copy.is_file()


def _write_key(out: Path, students: Sequence[Student], word: bytes) -> None:
    rows = [
        {"id": one.id, "name": one.name, "folder": one.folder, "sha256": sha256(out / "key" / f"{one.folder}.safetensors")}
        for one in students
    ]
    with replacing(out / "key" / KEY) as temporary:
        temporary.write_text(
            json.dumps({"seal": _seal(rows, word), "students": rows}, indent=1, ensure_ascii=False), "utf-8"
        )


def _seal(rows: Any, word: bytes) -> str:
    return hmac.digest(word, json.dumps(rows, sort_keys=True).encode(), "sha256").hex()


def read_key(out: Path, word: bytes) -> list[tuple[Student, str]]:
    """The students of an assignment, and the checksum of each one's people.

    Raises:
        OpomError: if the key is missing, damaged, changed, or sealed with another secret.

    Example:
        >>> _ = (folder / "sealed.csv").write_text("7,Ada\\n")
        >>> _ = assign(folder / "sealed.csv", folder / "sealed")
        >>> read_key(folder / "sealed", read_secret(folder / "sealed" / "secret.txt"))[0][0].name
        'Ada'
    """
    file = out / "key" / KEY
    try:
        stored = json.loads(file.read_text("utf-8"))
        rows, seal = stored["students"], stored["seal"]
        fits = hmac.compare_digest(seal, _seal(rows, word))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OpomError(f"{file} is missing or damaged ({error}); assign with the same roster and secret again") from error
    if not fits:
        raise OpomError(f"{file} was changed, or is sealed with another secret; name the right one with --secret")
    return [(student_of(row["id"], row["name"], word), row["sha256"]) for row in rows]


def open_assignment(file: str | Path = PEOPLE) -> Own:
    """A student's own people and settings, for the notebook.

    Raises:
        OpomError: if the file is missing or damaged.

    Example:
        >>> _ = (folder / "opened.csv").write_text("7,Ada\\n")
        >>> (student,) = assign(folder / "opened.csv", folder / "opened")
        >>> open_assignment(folder / "opened" / "students" / student.folder / "people.safetensors").student
        '7'
    """
    return read_own(Path(file))


def hand_in(own: Own, answers: Mapping[str, Any], folder: str | Path = ".") -> Path:
    """Write answers as ``answers.json``, and a mask as ``mask.safetensors``: data alone. A function travels as its source.

    Raises:
        ValueError: for an answer of a task that there is not, or one that is not what the task asks for.

    Example:
        >>> own = own_people([student_of("7", "Ada", b"secret")])[0]
        >>> hand_in(own, {"1": 0.5, "2": ...}, folder).name  # what is still open is left out
        'answers.json'
        >>> (folder / "answers.json").read_text()
        '{"student": "7", "answers": {"1": 0.5}}'
    """
    told: dict[str, Any] = {}
    for name, answer in answers.items():
        if name not in TASKS:
            raise ValueError(f"there is no task {name!r}; there are {', '.join(TASKS)}")
        kind = TASKS[name].kind
        if answer is ... or answer is None or (kind == "text" and str(answer).strip(" .") == ""):
            continue
        if kind == "mask":
            if not isinstance(answer, Mask):
                raise ValueError(f"task {name} asks for a Mask, got {type(answer).__name__}")
            answer.save(Path(folder) / MASK)
            told[name] = MASK
        elif kind == "code":
            told[name] = answer if isinstance(answer, str) else inspect.getsource(answer)
        else:
            told[name] = str(answer) if kind == "text" else float(answer)
    with replacing(Path(folder) / ANSWERS) as temporary:
        temporary.write_text(json.dumps({"student": own.student, "answers": told}, ensure_ascii=False), encoding="utf-8")
    return Path(folder) / ANSWERS


def notebook(student: Student, own: Own) -> dict[str, Any]:
    """The assignment as a notebook, without outputs.

    Example:
        >>> student = student_of("7", "Ada", b"secret")
        >>> len(notebook(student, own_people([student])[0])["cells"])
        21
    """
    cells = [
        cell("markdown", INTRODUCTION.format(name=student.name.replace("<", "&lt;"), judge=own.judge, levels=own.levels)),
        cell("code", START),
    ]
    for number, task in TASKS.items():
        points = f"{task.points} point{'s' if task.points > 1 else ''}"
        text = task.text.format(levels=own.levels, rate=own.rate, photo=own.photo)
        cells += [cell("markdown", f"**{number}** ({points}) {text}"), cell("code", task.start)]
    given = ", ".join(f'"{number}": {task.variable}' for number, task in TASKS.items())
    cells.append(cell("code", f"hand_in(own, {{{given}}})  # writes answers.json and mask.safetensors: hand in both"))
    return as_notebook(cells)


def as_notebook(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """A notebook of these cells, which get ids.

    Example:
        >>> as_notebook([cell("code", "1 + 1")])["cells"][0]["id"]
        'task-00'
    """
    for place, each in enumerate(cells):
        each["id"] = f"task-{place:02}"
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def cell(kind: str, text: str) -> dict[str, Any]:
    """A cell, "code" or "markdown", without outputs.

    Example:
        >>> sorted(cell("code", "1 + 1"))
        ['cell_type', 'execution_count', 'metadata', 'outputs', 'source']
    """
    made: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": text}
    return made | ({"execution_count": None, "outputs": []} if kind == "code" else {})


INTRODUCTION = """# Assignment of {name}

Anna and Ben are yours alone: nobody else in the class has these two people, so nobody else has your numbers. They do not
exist. The black box `judge` is `{judge}`, and epsilon is {levels} gray levels. Give numbers with all their digits.

Replace each `...`, run all cells, and hand in the files that the last cell writes."""
START = """from opom_edu import OPOM, Mask, load_recognizer
from opom_edu.assignments import hand_in, open_assignment
from opom_edu.evaluation.changes import jpeg

own = open_assignment("people.safetensors")
anna, ben, strangers = own.anna, own.ben, own.strangers
surrogate, judge = load_recognizer("ir-softmax"), load_recognizer(own.judge)"""
