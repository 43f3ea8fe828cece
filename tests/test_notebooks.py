"""Every notebook runs top to bottom, is committed without outputs, and its exercises' checks know right from blank."""

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from opom_edu.errors import WeightsError
from opom_edu.recognizers import SURROGATE, load_recognizer

nbformat = pytest.importorskip("nbformat", reason="notebooks need the extra: pip install 'opom_edu[lab]'")
nbclient = pytest.importorskip("nbclient", reason="notebooks need the extra: pip install 'opom_edu[lab]'")
pytest.importorskip("ipykernel", reason="notebooks need the extra: pip install 'opom_edu[lab]'")

FOLDER = Path(__file__).parents[1] / "notebooks"
CHAPTERS = sorted(FOLDER.glob("*.ipynb"))
SOLUTIONS = sorted((FOLDER / "solutions").glob("*.ipynb"))
NOTEBOOKS = [*CHAPTERS, *SOLUTIONS]
SECONDS = 120  # per cell, on a busy machine
PEAK = 1200  # MB that a kernel may take: Binder ends one at 2 GB
# Not getrusage: its peak begins with that of the process which started the kernel, this one.
MEASURE = """from pathlib import Path

status = Path("/proc/self/status")
print("peak MB:", int(status.read_text().split("VmHWM:")[1].split()[0]) // 1024 if status.exists() else 0)"""


def name(path: Path) -> str:
    return str(path.relative_to(FOLDER))


def code(path: Path) -> list[Any]:
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]


@pytest.fixture
def weights() -> None:
    try:
        load_recognizer(SURROGATE)
    except WeightsError as error:
        if "not found" not in str(error):
            raise
        pytest.skip(f"the notebooks' recognizer is not at hand: {error}")


def test_every_chapter_has_its_solutions() -> None:
    assert CHAPTERS
    assert [path.name for path in CHAPTERS] == [path.name for path in SOLUTIONS]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_notebooks_are_committed_without_outputs_and_have_short_cells(path: Path) -> None:
    for cell in code(path):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        assert len("".join(cell["source"]).splitlines()) <= 12


@pytest.mark.parametrize("path", CHAPTERS, ids=name)
def test_solutions_differ_from_their_chapter_in_the_answers_alone(path: Path) -> None:
    chapter, solution = (json.loads(file.read_text())["cells"] for file in (path, path.parent / "solutions" / path.name))
    assert len(chapter) == len(solution)
    pairs = [("".join(a["source"]), "".join(b["source"])) for a, b in zip(chapter[1:], solution[1:], strict=True)]
    assert [a for a, b in pairs if a != b and "..." not in a] == []
    assert sum(a != b for a, b in pairs) in (3, 4, 5)


def execute(path: Path) -> Any:
    """The notebook, run, and a last cell that measures its kernel's memory."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(MEASURE))
    nbclient.NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(path.parent)}}).execute()
    return notebook


@pytest.fixture(scope="module")
def executed(request: pytest.FixtureRequest) -> Iterator[dict[Path, Future[Any]]]:
    """All notebooks that were asked for, two at a time: a kernel keeps one core busy, most of the time."""
    items: list[Any] = [item for item in request.session.items if "executed" in getattr(item, "fixturenames", ())]
    asked = [item.callspec.params["path"] for item in items]
    pool = ThreadPoolExecutor(2)  # not this thread: the browser tests leave an event loop running in it
    yield {path: pool.submit(execute, path) for path in asked}
    pool.shutdown(cancel_futures=True)


@pytest.mark.slow
@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_notebooks_run_and_their_checks_know_right_from_blank(path: Path, executed: dict[Path, Future[Any]]) -> None:
    notebook = executed[path].result()
    assert int(notebook.cells.pop().outputs[0].text.split()[-1]) <= PEAK
    outputs = [(cell.source, str(output)) for cell in notebook.cells for output in cell.get("outputs", [])]
    verdicts = [told for source, told in outputs if "check(" in source and "role=" in told]
    assert len(verdicts) >= 3
    wanted = "Right." if path in SOLUTIONS else "Not yet."
    assert [told for told in verdicts if wanted not in told] == []
    assert not [told for _, told in outputs if "opom-error" in told and 'role="alert"' in told]
