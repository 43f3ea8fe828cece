"""Thirty students, each with people of their own; what they hand in is data, and what is hostile stops nobody else's."""

import json
import math
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from opom_edu import cli
from opom_edu.assignments import assign, grade, hand_in, open_assignment, sandbox
from opom_edu.assignments.own import Own
from opom_edu.assignments.roster import FIRST_SEED, PEOPLE, SEEDS, Student, read_roster
from opom_edu.assignments.tasks import TASKS
from opom_edu.errors import OpomError
from opom_edu.masks import Mask

SECRET = b"a secret of the tests"
STEP = "def step(delta, gradient, eps, step_size):\n    return np.clip(delta + step_size * np.sign(gradient), -eps, eps)\n"
CLASS = {"1": "Ada", "2": "Änne <b>", "3": "=cmd()", "4": "Dora", "5": "Eve", "6": "Finn", "7": "Gil"}

Course = tuple[Path, dict[str, Student], dict[str, Own]]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Seven students' assignments."""
    place = tmp_path_factory.mktemp("course")
    (place / "roster.csv").write_text("id;name\n" + "\n\n".join(f"{id};{name}" for id, name in CLASS.items()), "utf-8-sig")
    (place / "secret").write_bytes(SECRET)
    students = {student.id: student for student in assign(place / "roster.csv", place / "out", secret=place / "secret")}
    files = {id: place / "out" / "students" / student.folder / "people.safetensors" for id, student in students.items()}
    return place, students, {id: open_assignment(file) for id, file in files.items()}


def right(own: Own) -> dict[str, object]:
    answers = {name: task.truth(own) for name, task in TASKS.items() if task.kind in ("number", "mask")}
    return answers | {"7": STEP, "9": "My numbers say little about others."}


def graded(course: Course, submissions: Path) -> pd.DataFrame:
    place = course[0]
    table = grade(place / "out", submissions, out=submissions.parent / "grades", secret=place / "secret")
    return table.set_index("id")


def folder_of(submissions: Path, student: Student) -> Path:
    (made := submissions / student.folder).mkdir(parents=True, exist_ok=True)
    return made


def test_everybody_has_people_of_their_own_and_the_same_for_the_same_secret(course: Course, tmp_path: Path) -> None:
    place, students, owns = course
    assert [student.name for student in students.values()] == list(CLASS.values())
    for id, own in owns.items():
        assert own.student == id
        for other in owns.values():
            assert own is other or not torch.equal(own.anna.train, other.anna.train)
    for name in ("1", "3", "4", "8"):
        assert len({round(float(TASKS[name].truth(own)), 4) for own in owns.values()}) == len(owns)
    again = assign(place / "roster.csv", tmp_path / "again", secret=place / "secret")
    files = [tmp_path / "again" / "students" / student.folder / "people.safetensors" for student in again]
    assert [file.read_bytes() for file in files] == [
        (place / "out" / "students" / student.folder / "people.safetensors").read_bytes() for student in students.values()
    ]
    (tmp_path / "other").write_bytes(b"another secret of the tests")
    others = read_roster(place / "roster.csv", b"another secret of the tests")
    assert not {student.seed for student in others} & {student.seed for student in students.values()}


def test_what_is_missing_is_made_again_and_the_rest_is_left(course: Course, tmp_path: Path) -> None:
    place, students, _ = course
    shutil.copytree(place / "out", out := tmp_path / "out")
    one, two, *_ = (out / "students" / student.folder for student in students.values())
    (two / "assignment.ipynb").unlink()
    before = (one / "assignment.ipynb").stat().st_mtime_ns
    assign(place / "roster.csv", out, secret=place / "secret")
    assert (two / "assignment.ipynb").is_file()
    assert (one / "assignment.ipynb").stat().st_mtime_ns == before
    (tmp_path / "wrong").write_bytes(b"0123456789abcdef")
    with pytest.raises(OpomError, match="changed, or is sealed with another secret"):
        assign(place / "roster.csv", out, secret=tmp_path / "wrong")


def test_the_notebook_runs_hands_in_and_is_graded(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, students, owns = course
    student, own = students["2"], owns["2"]
    shutil.copytree(place / "out" / "students" / student.folder, here := tmp_path / "in" / student.folder)
    cells = json.loads((here / "assignment.ipynb").read_text("utf-8"))["cells"]
    assert "&lt;b>" in cells[0]["source"]
    assert all(not cell.get("outputs") for cell in cells)
    monkeypatch.chdir(here)
    scope: dict[str, object] = {}
    code = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    exec(code[0], scope)
    answers = right(own)
    names = dict(
        zip(TASKS, ("alike", "nearest", "threshold", "distance", "mask", "psr", "step", "compressed", "claim"), strict=True)
    )
    scope |= {names[name]: answer for name, answer in answers.items()}
    exec(code[-1], scope)
    row = graded(course, tmp_path / "in").loc["2"]
    assert row["points"] == sum(task.points for task in TASKS.values() if task.kind != "text")
    assert math.isnan(row["task 9"])
    assert row["notes"] == ""


def test_hostile_missing_and_copied_submissions_are_told_and_stop_nobody(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ada is right; the others crash, hang, tamper, copy, hand in nothing, or files that do not parse."""
    _, students, owns = course
    monkeypatch.setattr(sandbox, "SECONDS", 2)
    submissions = tmp_path / "in"
    hand_in(owns["1"], right(owns["1"]), folder_of(submissions, students["1"]))
    marker = tmp_path / "written by a pickle"
    hand_in(owns["2"], right(owns["2"]) | {"7": "import os\nos.abort()"}, folder_of(submissions, students["2"]))
    hand_in(owns["3"], right(owns["3"]) | {"7": "while True: pass"}, folder_of(submissions, students["3"]))
    tampered = folder_of(submissions, students["4"])
    hand_in(owns["4"], right(owns["4"]) | {"7": "def step(*_): return 1"}, tampered)
    stored = json.loads((tampered / "answers.json").read_text())
    stored["answers"] |= {"1": float("nan"), "2": True, "3": "0.5", "4": {"points": 99}, "10": 5, "6": 1e400}
    (tampered / "answers.json").write_text(json.dumps(stored | {"points": 100}))
    (tampered / "mask.safetensors").write_bytes(b"cos\nsystem\n(S'touch " + os.fsencode(marker) + b"'\ntR.")
    (tampered / "assignment.ipynb").write_text("def grade(*_): return 100  # no notebook")
    (tampered / "all.zip").write_bytes(b"PK")
    hand_in(owns["1"], right(owns["1"]), folder_of(submissions, students["5"]))
    (folder_of(submissions, students["6"]) / "answers.json").write_text('{"student": "6", "answers": [')
    (submissions / "notes.txt").write_text("a file among the folders")
    (submissions / "nobody").mkdir()
    table = graded(course, submissions)
    most = sum(task.points for task in TASKS.values() if task.kind != "text")
    assert table.loc["1", "points"] == most
    assert table.loc["2", "points"] == table.loc["3", "points"] == most - 2
    assert "stopped" in table.loc["2", "reason 7"]
    assert "seconds" in table.loc["3", "reason 7"]
    assert table.loc["4", "points"] == TASKS["8"].points
    assert [table.loc["4", f"reason {name}"] for name in "12346"] == ["wrong: a finite number is wanted"] * 5
    assert "cannot be read" in table.loc["4", "notes"]
    assert "not asked for, and not looked at: 10, points" in table.loc["4", "notes"]
    assert "archives are not opened: all.zip" in table.loc["4", "notes"]
    assert "right" not in (table.loc["4", "reason 7"], table.loc["4", "reason 5"])
    assert table.loc["5", "points"] <= 4  # the function is the same for all, and the nearest stranger may be
    assert table.loc["5", "reason 1"] == "wrong: it is right for Ada"
    assert "are the answers of Ada" in table.loc["5", "notes"]
    assert "made with the assignment of 1" in table.loc["5", "notes"]
    assert "answers.json cannot be read" in table.loc["6", "notes"]
    assert table.loc["7", "notes"] == "nothing was handed in"
    assert not marker.exists()
    html, text = ((tmp_path / "grades" / f"grades.{kind}").read_text("utf-8") for kind in ("html", "csv"))
    assert "Änne &lt;b&gt;" in html
    assert "'=cmd()" in text


def test_masks_are_judged_by_what_they_do(course: Course, tmp_path: Path) -> None:
    _, students, owns = course
    own, truth = owns["1"], TASKS["5"].truth(owns["1"])
    noise = Mask((torch.rand_like(truth.delta) * 2 - 1) * own.levels / 255, own.levels / 255)
    shifted = Mask(truth.delta.roll(9, -1), truth.eps)
    cases = {
        "right": truth, "similarity": noise, "similarity ": shifted, "gray levels": Mask(truth.delta * 2, truth.eps * 2),
        "right ": Mask(truth.delta * 0.999, truth.eps),
    }  # fmt: skip
    for place, (says, mask) in enumerate(cases.items()):
        hand_in(own, {"5": mask}, folder_of(tmp_path / f"in{place}", students["1"]))
        assert says.strip() in graded(course, tmp_path / f"in{place}").loc["1", "reason 5"]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (STEP, ""),
        ("def step(d, g, eps, size): return (d + size * np.sign(g)).clip(-eps, eps).tolist()", ""),
        ("def other(x): return x", "KeyError"),
        ("def step(", "SyntaxError"),
        ("def step(*_): raise SystemExit(0)", "says nothing"),
        ("def step(*_): return bytearray(8 * 2**30)", "MemoryError"),
        ("def step(*_): return np.zeros(10**6)", "fails"),
        ("import sys\nopen('found.json', 'w').write('x')\nsys.exit(0)", "something else"),
    ],
)
def test_code_is_run_with_limits(source: str, says: str) -> None:
    given = [[[0.0, 0.5], [1.0, -1.0], 0.1, 0.05]]
    if not says:
        assert np.allclose(sandbox.call(source, "step", given), [[0.05, 0.1]])
    else:
        with pytest.raises(ValueError, match=says):
            sandbox.call(source, "step", given)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"id,name\n1,Ann\n2,Bo\n", ["Ann", "Bo"]),
        ("﻿email;name\nä@b.c;Änne\n\n;\nc@d.e;\n".encode(), ["Änne", "c@d.e"]),
        ("name\tid\nÄnne\t1\n".encode("cp1252"), ["Änne"]),
        ("id,name\n1,Ü\n".encode("utf-16"), ["Ü"]),
        (b"1,Ann\n2,Bo\n", ["Ann", "Bo"]),
        (b"id,name\n1,'=cmd\n", ["=cmd"]),
        (b"id,name\n1,Ann\n1,Bo\n", "1 is in line 2 and in line 3"),
        (b"id,name\n,Ann\n", "line 2: there is no id"),
        (b"id,name\n", "names no student"),
        (b"", "names no student"),
    ],
)
def test_rosters_as_people_have_them(tmp_path: Path, content: bytes, found: list[str] | str) -> None:
    (file := tmp_path / "roster.csv").write_bytes(content)
    if isinstance(found, list):
        students = read_roster(file, SECRET)
        assert [student.name for student in students] == found
        assert all(FIRST_SEED <= student.seed < FIRST_SEED + SEEDS * PEOPLE for student in students)
    else:
        with pytest.raises(OpomError, match=found):
            read_roster(file, SECRET)


def test_a_lost_secret_or_a_changed_key_is_named(course: Course, tmp_path: Path) -> None:
    place, students, _ = course
    (tmp_path / "in").mkdir()
    shutil.copytree(place / "out", out := tmp_path / "out")
    with pytest.raises(OpomError, match=r"secret\.txt is not there: without the secret nobody can tell"):
        grade(out, tmp_path / "in")
    with pytest.raises(OpomError, match=r"secret\.txt is not there"):
        assign(place / "roster.csv", out)
    (tmp_path / "short").write_bytes(b"short")
    with pytest.raises(OpomError, match="a secret has 16 or more"):
        grade(out, tmp_path / "in", secret=tmp_path / "short")
    with pytest.raises(OpomError, match="is not a folder"):
        grade(out, tmp_path / "gone", secret=place / "secret")
    copy = out / "key" / f"{students['1'].folder}.safetensors"
    copy.write_bytes(copy.read_bytes()[:-1] + b"!")
    with pytest.raises(OpomError, match="was changed; assign with the same roster"):
        grade(out, tmp_path / "in", secret=place / "secret")
    key = out / "key" / "key.json"
    key.write_text(key.read_text("utf-8").replace("Dora", "Doro"), "utf-8")
    with pytest.raises(OpomError, match="was changed, or is sealed"):
        grade(out, tmp_path / "in", secret=place / "secret")
    key.write_text("{")
    with pytest.raises(OpomError, match="missing or damaged"):
        grade(out, tmp_path / "in", secret=place / "secret")


def test_the_commands(course: Course, tmp_path: Path) -> None:
    place, students, owns = course
    shutil.copytree(place / "out", out := tmp_path / "out")
    hand_in(owns["1"], {"1": TASKS["1"].truth(owns["1"])}, folder_of(tmp_path / "in", students["1"]))
    run = CliRunner().invoke(
        cli.app, ["assign", str(place / "roster.csv"), "--out", str(out), "--secret", str(place / "secret")]
    )
    assert run.exit_code == 0, run.output
    assert "7 assignments in" in run.output
    told = CliRunner().invoke(cli.app, ["grade", str(out), str(tmp_path / "in"), "--secret", str(place / "secret")])
    assert told.exit_code == 0, told.output
    assert "Ada: 1 points" in told.output
    assert "Gil: 0 points (nothing was handed in)" in told.output
    assert CliRunner().invoke(cli.app, ["grade", str(out), str(tmp_path / "in")]).exit_code == 2
