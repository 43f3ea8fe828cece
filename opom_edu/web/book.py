"""The chapters as pages: run, with their figures live where these compute in the page, and bound by Sphinx."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from opom_edu.errors import OpomError, import_extra
from opom_edu.pages import write_page
from opom_edu.web.figures import write_figure
from opom_edu.web.npm import npm_package

HERE = Path(__file__).parent
REPOSITORY = "https://github.com/opom-edu/opom_edu"
MATHJAX = "mathjax@3.2.2"  # of npm
AT_A_TIME, SECONDS = 2, 900  # chapters that run together; for one cell
WIDGET = "application/vnd.jupyter.widget-view+json"
# Labs that need a kernel, and the page of the site that shows the same without.
PAGES = {"epsilon_lab": "epsilon", "threshold_lab": "threshold", "mask_player": "player"}
# Idle threads of two kernels on two cores must sleep: spinning, they take five times as long.
PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}
SCRIPT = '<script type="module" src="../scripts/live.js"></script>'
Tell = Callable[[str, float], None]


def write_book(notebooks: Path, out: Path, tell: Tell) -> None:
    """Run the chapters in ``notebooks`` and write ``out/book``; figures go to ``out/figures``.

    Raises:
        OpomError: if a cell fails, or Sphinx does.
        MissingExtraError: without the extra "site".

    Example:
        >>> write_book(Path("notebooks"), Path("out/site"), print)  # doctest: +SKIP
    """
    import_extra("myst_nb", "site", "myst-nb, which makes pages of notebooks,")
    chapters = sorted(notebooks.glob("[0-9]*.ipynb"))
    if not chapters:
        raise OpomError(f"{notebooks} holds no chapters; name the course's folder with --notebooks")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        tell("running the chapters", 0)
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            work = [pool.submit(_bound, chapter, source, out) for chapter in chapters]
            for done, one in enumerate(as_completed(work), 1):
                one.result()
                tell("running the chapters", done / len(chapters))
        shutil.copy(notebooks / "glossary.md", source)
        write_page(source / "index.md", "web/pages/book.md", chapters=[chapter.stem for chapter in chapters])
        shutil.copy(HERE / "conf.py", source)
        with npm_package(MATHJAX) as package:
            (source / "_static").mkdir()
            shutil.copy(package / "es5" / "tex-svg.js", source / "_static")
        shutil.copy(HERE / "style" / "icon.svg", source / "_static")
        tell("binding the book", 0)
        made = source / "_build"
        command = [
            sys.executable,
            "-m",
            "sphinx",
            "--quiet",
            "-b",
            "html",
            "-d",
            str(source / "_trees"),
            str(source),
            str(made),
        ]
        ended = subprocess.run(command, capture_output=True, text=True)
        if ended.returncode:
            raise OpomError(f"Sphinx did not write the book: {ended.stderr[-500:]}")
        shutil.rmtree(out / "book", ignore_errors=True)
        shutil.copytree(made, out / "book", ignore=shutil.ignore_patterns("*.map", "*webpack-macros.html"))
        for chapter in chapters:  # what one downloads has no outputs
            shutil.copy(chapter, out / "book" / "_sources")


def _bound(chapter: Path, source: Path, out: Path) -> None:
    """Run a chapter, and write it as Sphinx is to show it."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    book = nbformat.read(chapter, 4)  # type: ignore[no-untyped-call]
    with tempfile.TemporaryDirectory() as folder:
        try:
            client = NotebookClient(book, timeout=SECONDS, resources={"metadata": {"path": folder}})
            client.execute(env=os.environ | PATIENT)
        except CellExecutionError as error:
            raise OpomError(f"{chapter.name} does not run: {str(error).strip().splitlines()[-1]}") from error
    known = book.metadata.pop("widgets", {}).get("application/vnd.jupyter.widget-state+json", {}).get("state", {})
    for number, cell in enumerate(book.cells):
        if cell.cell_type == "markdown":
            cell.source = _linked(cell.source)
        for place, output in enumerate(cell.get("outputs", [])):
            _still(output, cell.source, known, out / "figures", f"{chapter.stem}_{number}_{place}")
        cell["outputs"] = [output for output in cell.get("outputs", []) if output.get("data", True)]
        if cell.cell_type != "code":
            del cell["outputs"]
    nbformat.write(book, source / chapter.name)  # type: ignore[no-untyped-call]


def _linked(text: str) -> str:
    """Links to files that are no chapters lead to the repository."""
    return re.sub(
        r"\]\((?!https?:|#|\d\w*_\w+\.ipynb|glossary\.md)([\w./-]+)", rf"]({REPOSITORY}/blob/main/notebooks/\1", text
    )


def _still(output: Any, source: str, known: Mapping[str, Any], figures: Path, name: str) -> None:
    """A widget's output without a kernel: live where the page computes it, else a picture and a link to the lab."""
    data = output.get("data", {})
    if WIDGET not in data:
        return
    model = known.get(data.pop(WIDGET)["model_id"], {})
    state = model.get("state", {})
    if str(state.get("_anywidget_id", "")).startswith("opom_edu."):
        write_figure(figures, name, state)
        data["text/html"] = f'<div class="opom-live" data-figure="../figures/{name}.json"></div>{SCRIPT}'
    elif lab := next((page for call, page in PAGES.items() if f"{call}(" in source), None):
        link = f'<p><a href="../labs/{lab}.html">Try this lab here, without a kernel</a></p>'
        data["text/html"] = data.get("text/html", "") + link
    if "text/html" not in data:
        output["data"] = {}
