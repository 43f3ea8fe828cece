"""The teacher's kit, made from the chapters: pages, the outcome map, answers, handouts.

python notebooks/teaching/build.py pages              write chapter_*.md and outcomes.md
python notebooks/teaching/build.py answers            run all chapters and write answers.md: about ten minutes
python notebooks/teaching/build.py handouts --out DIR a page for the class per chapter, as HTML, and as PDF where Chromium is
python notebooks/teaching/build.py slides 0 4         run these chapters, make slides of their figures (reveal.js by npm)
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from plan import EXERCISE, plan  # noqa: E402

ASK = re.compile(r'predictions\.ask\(\s*"(\w+)",\s*(?:question|"((?:[^"\\]|\\.)*)")')
QUESTION = re.compile(r'question = "((?:[^"\\]|\\.)*)"')
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def _sentence(goal: str) -> str:
    text = goal.strip(" ;.\n")
    return text[:1].upper() + text[1:]


class Chapter:
    """What a teacher needs to know of a chapter's notebook."""

    def __init__(self, path: Path) -> None:
        self.path, self.plan = path, plan(path)
        self.cells = json.loads(path.read_text())["cells"]
        self.number = path.stem.split("_")[0].lstrip("0") or "0"
        self.title = self.text(self.cells[0]).splitlines()[0].removeprefix("# ")
        goals = self.text(self.cells[0]).split("**Goals.**")[1].split("**Time.**")[0]
        self.goals = [_sentence(goal) for goal in re.split(r"(?<!\w)\d\. ", " ".join(goals.split()))[1:]]

    @staticmethod
    def text(cell: dict[str, Any]) -> str:
        return "".join(cell["source"])

    def questions(self) -> dict[str, tuple[str, str]]:
        """By the prediction's name, the section and the question."""
        found, section = {}, self.title
        for cell in self.cells:
            text = self.text(cell)
            if cell["cell_type"] == "markdown":
                section = next((line[3:] for line in reversed(text.splitlines()) if line.startswith("## ")), section)
            for name, direct in ASK.findall(text):
                found[name] = section, direct or QUESTION.findall(text)[0]
        return found

    def exercises(self) -> list[tuple[str, str, str]]:
        """Number, kind and goals of each."""
        return EXERCISE.findall("\n\n".join(self.text(cell) for cell in self.cells if cell["cell_type"] == "markdown"))


def chapters() -> Iterator[Chapter]:
    yield from (Chapter(path) for path in sorted(HERE.parent.glob("[0-9]*.ipynb")))


def page(chapter: Chapter, note: dict[str, Any]) -> str:
    """A chapter's page for the teacher."""
    counts = ", ".join(f"{count} {kind}" for kind, count in chapter.plan.kinds.items())
    counts = ", ".join(f"{count} {kind}" for kind, count in chapter.plan.kinds.items())
    links = f"[The chapter](../{chapter.path.name}), [its solutions](../solutions/{chapter.path.name})"
    lines = [
        f"# {chapter.title}: for the teacher", "", f"{links}. {chapter.plan.minutes} minutes; exercises: {counts}.", "",
        "## Goals", "", *(f"{i}. {goal}." for i, goal in enumerate(chapter.goals, 1)), "",
        "## What the class sees", "", note["see"], "", "## Predictions", "",
        "Let everybody commit before the cell below runs. The cell that reveals states the answer and why; "
        "[answers](answers.md) has those of a run.", "",
        *(f"- *{section}*: {question}" for section, question in chapter.questions().values()), "",
        "## Exercises, and why the answer is right", "",
        *(f"- {name} ({kind}): {_why(name)}" for name, kind, _ in chapter.exercises()), "",
        "## Misconceptions", "", *(f"- **“{what}”** {meet}" for what, meet in note["misconceptions"]), "",
        "## What can be left out", "", note["skip"], "",
    ]  # fmt: skip
    return "\n".join(lines)


def _why(exercise: str) -> str:
    """What the check says of a right answer."""
    from opom_edu.exercises import EXERCISES

    return EXERCISES[exercise].praise if exercise in EXERCISES else "its rubric stands below it in the chapter."


def outcomes() -> str:
    """Which exercise trains which goal."""
    lines = ["# Outcomes", "", "Each goal of each chapter, and the exercises that train it. Made by `build.py pages`.", ""]
    for chapter in chapters():
        lines += [f"## {chapter.title}", "", "| goal | exercises |", "| --- | --- |"]
        for number, goal in enumerate(chapter.goals, 1):
            own = [
                f"{name} ({kind})" for name, kind, which in chapter.exercises() if str(number) in re.findall(r"\d", which)
            ]
            lines.append(f"| {number}. {goal} | {', '.join(own)} |")
        lines.append("")
    return "\n".join(lines)


def pages() -> dict[str, str]:
    """By file name, all that the chapters and notes.toml say."""
    notes = tomllib.loads((HERE / "notes.toml").read_text("utf-8"))
    made = {f"chapter_{chapter.path.stem.split('_')[0]}.md": page(chapter, notes[chapter.number]) for chapter in chapters()}
    return made | {"outcomes.md": outcomes()}


def answers() -> str:
    """What every prediction came to in a run of all chapters on this machine."""
    import nbformat
    from nbclient import NotebookClient

    head = "What the predictions came to in one run. Made by `build.py answers`; yours may differ a little."
    lines = ["# Answers", "", head, ""]
    for chapter in chapters():
        book = nbformat.read(chapter.path, 4)
        book.cells.append(nbformat.v4.new_code_cell("import json; print(json.dumps(predictions.answers()))"))
        with tempfile.TemporaryDirectory() as folder:
            NotebookClient(book, timeout=900, resources={"metadata": {"path": folder}}).execute()
        told = json.loads(book.cells[-1].outputs[-1]["text"])
        lines += [f"## {chapter.title}", ""]
        lines += [f"- {question} **{told[name][0]}** {told[name][1]}" for name, (_, question) in chapter.questions().items()]
        lines.append("")
    return "\n".join(lines)


HANDOUT = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
@page {{ size: A4; margin: 18mm; }}
body {{ font: 11pt/1.45 system-ui, "DejaVu Sans", sans-serif; color: #111; max-width: 174mm; margin: auto; }}
h1 {{ font-size: 17pt; margin: 0 0 3mm; }} h2 {{ font-size: 12pt; margin: 6mm 0 2mm; }}
.line {{ border-bottom: 1px solid #999; height: 8mm; }}
table {{ width: 100%; border-collapse: collapse; }}
td, th {{ border: 1px solid #999; padding: 2mm; text-align: left; vertical-align: top; }}
td:nth-child(n+2) {{ width: 24mm; }} </style></head><body>
<h1>{title}</h1><p>Name: ______________________________ &nbsp; Date: ____________</p>
<h2>What you can do afterwards</h2><ol>{goals}</ol>
<h2>Predict before you run</h2><table><tr><th>question</th><th>I say</th><th>it is</th></tr>{questions}</table>
<h2>Where was I wrong, and why?</h2>{lines}
<h2>One question I still have</h2><div class="line"></div></body></html>"""


def handouts(out: Path) -> list[Path]:
    """A page per chapter for the class: goals, predictions with room for them, and lines to write on."""
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    out.mkdir(parents=True, exist_ok=True)
    made = []
    for chapter in chapters():
        goals = "".join(f"<li>{escape(goal.replace('*', ''))}.</li>" for goal in chapter.goals)
        asked = "".join(
            f"<tr><td>{escape(question)}</td><td></td><td></td></tr>" for _, question in chapter.questions().values()
        )
        lines = '<div class="line"></div>' * 4
        file = out / f"chapter_{chapter.path.stem.split('_')[0]}.html"
        file.write_text(HANDOUT.format(title=escape(chapter.title), goals=goals, questions=asked, lines=lines), "utf-8")
        made.append(file)
        if chromium:
            with tempfile.TemporaryDirectory() as profile:
                options = [
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    f"--user-data-dir={profile}",
                    "--no-pdf-header-footer",
                ]
                target = file.with_suffix(".pdf")
                subprocess.run(
                    [chromium, *options, f"--print-to-pdf={target}", file.resolve().as_uri()],
                    check=True,
                    capture_output=True,
                )
                made.append(target)
    return made


STYLE = """<style>.jp-OutputPrompt { display: none !important; } .reveal .jp-OutputArea-output { padding: 0; }
.reveal .jp-OutputArea img, .reveal svg.opom-figure { width: 900px !important; max-width: none !important; }
.reveal .jp-RenderedHTMLCommon p, .reveal .jp-RenderedHTMLCommon li { font-size: 26px; line-height: 1.4; }
</style>"""
FORMULAS = """<script>MathJax = { tex: { inlineMath: [["$", "$"]] } };</script>
<script src="mathjax/es5/tex-svg.js"></script>
<script>MathJax.Hub = { getAllJax: () => null };  // nbconvert's page asks version 2 for formulas to draw anew</script>"""
PACKAGES = ("reveal.js@4.6.1", "requirejs@2.3.7", "mathjax@3.2.2")  # of npm: they lie beside the slides
FIGURE = ("image/png", "image/svg+xml", "text/html")


def slides(out: Path, numbers: list[str]) -> list[Path]:
    """The figures of chapters as slides: headings, what the cells show, and what to notice, without code."""
    import nbformat
    from nbclient import NotebookClient
    from nbconvert import SlidesExporter
    from traitlets.config import Config

    _fetch(out)
    absent = dict.fromkeys(("mathjax_url", "jquery_url", "widget_renderer_url", "font_awesome_url"), "")
    beside = {"reveal_url_prefix": "reveal.js", "require_js_url": "requirejs/require.js", "reveal_theme": "white"}
    options = Config({"SlidesExporter": {"exclude_input": True, **beside, **absent}})
    made = []
    for chapter in (one for one in chapters() if not numbers or one.number in numbers):
        book = nbformat.read(chapter.path, 4)
        with tempfile.TemporaryDirectory() as folder:
            NotebookClient(book, timeout=900, resources={"metadata": {"path": folder}}).execute()
        ends = next(i for i, cell in enumerate(book.cells) if cell.source.startswith("## Exercises"))
        book.cells = [kept for cell in book.cells[:ends] if (kept := _slide(cell)) is not None]
        html, _ = SlidesExporter(config=options).from_notebook_node(book)
        (file := out / f"chapter_{chapter.path.stem.split('_')[0]}.html").write_text(
            html.replace("</head>", STYLE + FORMULAS + "</head>", 1), "utf-8"
        )
        made.append(file)
    return made


def _slide(cell: Any) -> Any:
    """The cell as a slide: a heading with its first lines, or a figure; None for the rest."""
    if cell.cell_type == "markdown":
        first = next((line for line in cell.source.splitlines() if line.startswith("#")), "")
        if not first:
            return None
        blocks = cell.source.split(first, 1)[1].strip().split("\n\n")
        ends = next((i for i, block in enumerate(blocks) if block.rstrip("$ \n")[-1:] in (".", "!", "?", ")")), 0)
        paragraph = "\n\n".join(blocks[: ends + 1])  # with the formula or the list that it announces
        cell.source, cell.metadata["slideshow"] = f"{first}\n\n{paragraph}", {"slide_type": "slide"}
        return cell
    cell.outputs = [one for one in cell.outputs if any(kind in one.get("data", {}) for kind in FIGURE)]
    for one in cell.outputs:
        one["data"].pop("application/vnd.jupyter.widget-view+json", None)
    cell.metadata["slideshow"] = {"slide_type": "subslide"}
    return cell if cell.outputs else None


def _fetch(out: Path) -> None:
    """Put what the slides need beside them."""
    if shutil.which("npm") is None:
        raise SystemExit("npm is not there; install Node.js, for the slides need reveal.js")
    out.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        if not (target := out / package.split("@")[0]).exists():
            with tempfile.TemporaryDirectory() as folder:
                subprocess.run(["npm", "pack", package, "--silent"], cwd=folder, check=True, capture_output=True)
                shutil.unpack_archive(next(Path(folder).glob("*.tgz")), folder)
                shutil.copytree(Path(folder, "package"), target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["pages", "answers", "handouts", "slides"])
    parser.add_argument("chapters", nargs="*", help="numbers of chapters, for slides; by default all")
    parser.add_argument("--out", type=Path, help="folder; by default out/handouts or out/slides")
    options = parser.parse_args()
    out = options.out or Path("out") / options.what
    if options.what in ("handouts", "slides"):
        print(*(handouts(out) if options.what == "handouts" else slides(out, options.chapters)), sep="\n")
        return
    made = pages() if options.what == "pages" else {"answers.md": answers()}
    for name, text in made.items():
        (HERE / name).write_text(text.rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
