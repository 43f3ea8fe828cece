"""The wheel alone: base requirements, no clone, an empty cache, no network. People are there, and chapter 0 runs."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OFFLINE = "import socket; socket.socket.connect = socket.create_connection = None\n"
LOAD = """
import time; begun = time.process_time()
from opom_edu import load_people
people = load_people("synthetic")
seconds = time.process_time() - begun
import importlib.util, opom_edu
assert importlib.util.find_spec("numba") is None, "more than the base requirements"
print(opom_edu.__file__); print(len(people), len(people.distractors)); print(seconds)
"""
RENDER = 'from opom_edu import load_people; load_people("synthetic", seed=5, count=2)'


def closure(*names: str, extra: str = "") -> dict[str, str]:
    """The distributions that these need, by name, with the extras that were asked for."""
    from packaging.requirements import Requirement

    found: dict[str, str] = {}
    waiting = [(name, extra if place == 0 else "") for place, name in enumerate(names)]
    while waiting:
        name, wanted = waiting.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if found.get(key) is not None and not wanted:
            continue
        try:
            found[key] = name
            for line in distribution(name).requires or ():
                needed = Requirement(line)
                if needed.marker is None or needed.marker.evaluate({"extra": wanted}):
                    waiting += [(needed.name, one) for one in needed.extras or {""}]
        except PackageNotFoundError:
            del found[key]  # for another platform
    return found


def environment(folder: Path, wheel: Path, extra: str = "") -> Path:
    """A Python that sees the wheel and what it requires, and nothing else: links instead of an hour of installing."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for name in closure("opom_edu", extra=extra).values():
        if name.replace("-", "_") == "opom_edu":
            continue
        for top in {Path(str(file)).parts[0] for file in distribution(name).files or () if ".." not in str(file)}:
            source = Path(str(distribution(name).locate_file(top)))
            if source.exists() and not (site / top).exists() and top != "__pycache__":
                (site / top).symlink_to(source)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)], cwd=ROOT, check=True)
    (built,) = out.glob("*.whl")
    return built


def run(python: Path, code: str, cache: Path) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "OPOM_EDU"))}
    kept |= {"HOME": str(cache), "XDG_CACHE_HOME": str(cache)}
    return subprocess.run([str(python), "-c", OFFLINE + code], cwd=cache, env=kept, capture_output=True, text=True)


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(tmp_path_factory.mktemp("base") / "venv", wheel)


def test_people_come_with_the_wheel_in_seconds(python: Path, tmp_path: Path) -> None:
    run(python, LOAD, tmp_path)  # Python's own byte code is written once
    found = run(python, LOAD, tmp_path)
    assert found.returncode == 0, found.stderr
    where, counts, seconds = found.stdout.split("\n")[:3]
    assert str(python.parents[1]) in where  # the wheel's, not the clone's
    assert counts == "24 500"
    assert float(seconds) < 5


def test_the_course_comes_with_the_wheel(python: Path, tmp_path: Path) -> None:
    command = "import sys; sys.argv = ['opom-edu', 'course', 'mine']; from opom_edu.cli import app; app()"
    assert run(python, command, tmp_path).returncode == 0
    for notebook in (ROOT / "notebooks").rglob("*.ipynb"):
        if ".ipynb_checkpoints" not in str(notebook):
            assert (tmp_path / "mine" / notebook.relative_to(ROOT / "notebooks")).read_bytes() == notebook.read_bytes()
    again = run(python, command, tmp_path)
    assert again.returncode == 2
    assert "mine is not empty" in again.stderr


def test_whoever_is_not_in_the_wheel_needs_the_extra(python: Path, tmp_path: Path) -> None:
    found = run(python, RENDER, tmp_path)
    assert "pip install 'opom_edu[render]'" in found.stderr


def test_a_wheel_whose_data_was_left_out_says_so(python: Path, tmp_path: Path) -> None:
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    demo = site / "synthetic_people" / "demo"
    shutil.move(demo, demo.with_name("away"))
    try:
        found = run(python, "from opom_edu import load_people; load_people('synthetic')", tmp_path)
    finally:
        shutil.move(demo.with_name("away"), demo)
    assert str(demo) in found.stderr
    assert "reinstall" in found.stderr


def test_chapter_0_runs_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "venv", wheel, extra="lab")
    book = json.loads((ROOT / "notebooks" / "00_start_here.ipynb").read_text())
    cells = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
    plain = [re.sub(r"(?m)^%.*$", "", cell) for cell in cells]  # magics are for a front end
    assert len(plain) > 4
    start = "from IPython.core.interactiveshell import InteractiveShell\nimport matplotlib; matplotlib.use('agg')\n"
    code = "".join(f"InteractiveShell.instance().run_cell({cell!r}).raise_error()\n" for cell in plain)
    found = run(python, start + code, tmp_path)
    assert found.returncode == 0, found.stderr[-2000:]
