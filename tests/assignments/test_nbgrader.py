"""The exported assignment in nbgrader itself, which is fetched for this test: in JupyterLab it would add its menus."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from opom_edu.assignments import assign, export
from opom_edu.assignments.tasks import TASKS, step
from opom_edu.errors import OpomError

ROOT = Path(__file__).parents[2]
PACKAGES = ["nbgrader", "notebook", "SQLAlchemy", "alembic", "Mako", "RapidFuzz"]


@pytest.fixture(scope="module")
def assigned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("assigned")
    (folder / "roster.csv").write_text("id,name\n1,Ada\n2,Bob\n")
    assign(folder / "roster.csv", folder)
    return folder


def answered(file: Path, answers: dict[str, str]) -> str:
    """The released notebook with these answers in the place of its solutions."""
    made = json.loads(file.read_text())
    for cell in made["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        if name.startswith("answer-") and cell["cell_type"] == "code":
            cell["source"] = answers.get(name.removeprefix("answer-"), cell["source"])
    return json.dumps(made)


@pytest.mark.slow
def test_it_opens_and_grades(assigned: Path, tmp_path: Path) -> None:
    library, course = tmp_path / "library", tmp_path / "course"
    fetch = ["install", "--quiet", "--no-deps", "--target", library, "--constraint", ROOT / "constraints.txt", *PACKAGES]
    if subprocess.run([sys.executable, "-m", "pip", *fetch]).returncode:
        pytest.skip("nbgrader cannot be fetched here")
    home = {name: str(tmp_path / name) for name in ("HOME", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
    paths = os.pathsep.join([str(library), *filter(None, [os.environ.get("PYTHONPATH")])])
    programs = f"{library / 'bin'}{os.pathsep}{os.environ['PATH']}"  # alembic
    environment = os.environ | home | {"PATH": programs, "PYTHONPATH": paths, "OPOM_EDU_ASSIGNMENT": str(assigned)}

    def nbgrader(*arguments: str) -> None:
        command = [sys.executable, "-m", "nbgrader", *arguments]
        done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, timeout=500)
        assert done.returncode == 0, done.stderr[-2000:]

    export(assigned, course)
    nbgrader("db", "student", "import", "students.csv")
    nbgrader("generate_assignment", "opom")
    released = course / "release" / "opom" / "opom.ipynb"
    assert "assignments.for_nbgrader" not in released.read_text()  # the hidden tests
    students = list(pd.read_csv(course / "students.csv")["id"])
    from opom_edu.assignments import open_assignment

    truths = [{name: task.truth(open_assignment(assigned / "students" / who / "people.safetensors"))
               for name, task in TASKS.items()} for who in students]  # fmt: skip
    given = {"1": f"alike = {truths[0]['1']}", "2": "nearest = 1 / 0", "3": f"threshold = {truths[0]['3']}",
             "7": "def step(delta, gradient, eps, step_size):\n    import numpy as np\n"
                  "    return np.clip(delta + step_size * np.sign(gradient), -eps, eps)",
             "5": "mask = OPOM(surrogate, eps=own.levels / 255, seed=own.photo).fit(anna.train)"}  # fmt: skip
    for who in students:  # the second one hands in the answers of the first
        place = course / "submitted" / who / "opom"
        place.mkdir(parents=True)
        (place / "opom.ipynb").write_text(answered(released, given))
        (place / "people.safetensors").write_bytes((assigned / "students" / who / "people.safetensors").read_bytes())
    nbgrader("autograde", "opom")
    scores = [_scores(course / "autograded" / who / "opom" / "opom.ipynb") for who in students]
    assert scores[0] == {"1": "right", "2": "NameError", "3": "right", "4": "NameError", "5": "right", "6": "NameError",
                         "7": "right", "8": "NameError"}  # fmt: skip
    assert scores[1]["1"].startswith("wrong: ")
    assert scores[1]["3"].startswith("wrong: ")
    assert scores[1]["5"] == scores[1]["7"] == "right"


def _scores(file: Path) -> dict[str, str]:
    found = {}
    for cell in json.loads(file.read_text())["cells"]:
        about: dict[str, Any] = cell["metadata"].get("nbgrader", {})
        if about.get("grade") and cell["cell_type"] == "code":
            errors = [output for output in cell["outputs"] if output["output_type"] == "error"]
            told = (
                (errors[0]["evalue"] if errors[0]["ename"] == "AssertionError" else errors[0]["ename"])
                if errors
                else "right"
            )
            found[about["grade_id"].removeprefix("test-")] = told
    return found


def test_another_course_is_not_written_over(assigned: Path, tmp_path: Path) -> None:
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    with pytest.raises(OpomError, match="holds another course"):
        export(assigned, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["nbgrader_config.py"]


def test_points_are_those_of_the_tasks(assigned: Path, tmp_path: Path) -> None:
    cells = json.loads(export(assigned, tmp_path).read_text())["cells"]
    graded = {about["grade_id"].partition("-")[2]: about["points"] for cell in cells
              if (about := cell["metadata"].get("nbgrader", {})).get("grade")}  # fmt: skip
    assert graded == {name: task.points for name, task in TASKS.items()}
    assert step is TASKS["7"].truth(None)  # type: ignore[arg-type]
