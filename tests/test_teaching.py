"""The teacher's kit agrees with the chapters: pages, questions, minutes, outcomes, links."""

import re
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from benchmarks.browser import CHROMIUM
from tests.widgets.pages import in_browser

ROOT = Path(__file__).parents[1]
KIT = ROOT / "notebooks" / "teaching"


@pytest.fixture(scope="module")
def build() -> Any:
    spec = spec_from_file_location("teaching_build", KIT / "build.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(module := module_from_spec(spec))
    return module


def test_pages_and_outcomes_are_those_of_the_chapters(build: Any) -> None:
    made = build.pages()
    assert len(made) == 15 + 1
    for name, text in made.items():
        assert (KIT / name).read_text("utf-8") == text.rstrip() + "\n", (
            f"{name} is old: python notebooks/teaching/build.py pages"
        )


def test_every_question_has_an_answer(build: Any) -> None:
    answers = (KIT / "answers.md").read_text("utf-8")
    for chapter in build.chapters():
        questions = chapter.questions()
        assert questions
        asked = "".join(chapter.text(cell) for cell in chapter.cells if cell["cell_type"] == "code").count(
            "predictions.ask("
        )
        assert len(questions) == asked
        own = answers.split(f"## {chapter.title}\n")[1].split("\n## ")[0]
        for _, question in questions.values():
            assert re.search(re.escape(f"- {question} ") + r"\*\*.+\*\*", own), (chapter.title, question)


def test_every_goal_is_trained(build: Any) -> None:
    for line in build.outcomes().splitlines():
        if re.match(r"\| \d", line):
            assert re.search(r"\| \w+\.\d \(", line), line


def test_the_minutes_of_every_route_add_up() -> None:
    text = (KIT / "README.md").read_text().split("<!-- Routes. -->")[1].split("<!-- End of routes. -->")[0]
    sums = {
        route.splitlines()[0]: sum(int(minutes) for minutes in re.findall(r"^\| (\d+) \|", route, re.MULTILINE))
        for route in text.split("### ")[1:]
    }
    wanted = {"45 minutes": 45, "90 minutes": 90, "Six sessions of 90": 6 * 90, "A project of four weeks, 90": 4 * 90}
    assert len(sums) == len(wanted)
    for (title, total), (start, minutes) in zip(sums.items(), wanted.items(), strict=True):
        assert title.startswith(start)
        assert total == minutes, title


def test_no_link_is_dead() -> None:
    for page in KIT.glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
            assert target.startswith("http") or (page.parent / target).exists(), (page.name, target)


def test_handouts_are_one_page_each(build: Any, tmp_path: Path) -> None:
    files = build.handouts(tmp_path)
    assert len([file for file in files if file.suffix == ".html"]) == 15
    for file in files:
        if file.suffix == ".pdf":
            assert len(re.findall(rb"/Type\s*/Page\b", file.read_bytes())) == 1, file.name
    if shutil.which("chromium"):
        assert len(files) == 30


@pytest.mark.slow
@in_browser
def test_slides_open_from_a_file_without_a_network(build: Any, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if CHROMIUM is None or shutil.which("npm") is None:
        pytest.skip("slides need npm, and looking at them Chromium")
    try:
        (file,) = build.slides(tmp_path, ["3"])
    except subprocess.CalledProcessError as error:
        pytest.skip(f"npm cannot fetch reveal.js here: {error}")
    browser = request.getfixturevalue("browser")
    page = browser.new_context(offline=True).new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(file.as_uri())
    page.wait_for_selector(".reveal.ready")
    first = page.locator(".slides > section.present").inner_text()
    assert page.locator(".slides > section").count() >= 5
    assert page.locator(".slides img, .slides svg.opom-figure").count() >= 2
    assert "import" not in page.locator(".slides").inner_text()
    page.keyboard.press("Space")
    assert page.locator(".slides > section.present").inner_text() != first
    assert page.locator(".slides mjx-container svg").count() >= 1  # formulas
    assert not errors
    page.context.close()


def test_the_command_runs(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, KIT / "build.py", "--help"], capture_output=True, text=True, check=True)
    assert "handouts" in done.stdout
