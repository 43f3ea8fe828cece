"""What each chapter asks for: its minutes, and its exercises by kind and goal, all counted in the notebooks.

python notebooks/plan.py            print the tables
python notebooks/plan.py --write    also put the minutes into the chapters' heads and all of it into README.md
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
WORDS_A_MINUTE = 120  # a technical text, not in one's first language
MINUTES = {"predictions": 2, "exercises": 6, "labs": 10}
LABS = re.compile(
    r"\b(?:\w+_lab|feature_map|hull_playground|mask_player|search_dots|sphere|blind_test|hull_photos|emerging|turning|vote)\((?=[^)])|\b(?:hull_playground|mask_player)\(\)"
)
EXERCISE = re.compile(r"^\*\*(\w+\.\d+) \(([a-z ]+?)(?:, goals? ([\d, and]+))?\)\*\*", re.MULTILINE)
GOAL = re.compile(r"(?<!\w)(\d)\. ")
TIME = re.compile(r"\*\*Time\.\*\* [^.]*\.")
START, END = "<!-- Counted by notebooks/plan.py. -->", "<!-- End of what is counted. -->"


@dataclass(frozen=True)
class Plan:
    """A chapter's counts; ``goals`` are the numbers of its goals, ``kinds`` and ``trained`` those of its exercises."""

    path: Path
    words: int
    predictions: int
    labs: int
    goals: frozenset[str]
    kinds: Counter[str]
    trained: frozenset[str]

    @property
    def exercises(self) -> int:
        return sum(self.kinds.values())

    @property
    def minutes(self) -> int:
        """To the nearest five."""
        rest = sum(count * getattr(self, what) for what, count in MINUTES.items())
        return 5 * round((self.words / WORDS_A_MINUTE + rest) / 5)


def plan(path: Path) -> Plan:
    """Count a chapter."""
    cells = json.loads(path.read_text())["cells"]
    text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    goals = text[text.index("**Goals.**") : text.index("**Time.**")]
    exercises = EXERCISE.findall(text)
    return Plan(
        path, words=len(text.split()), predictions=code.count("predictions.ask("), labs=len(LABS.findall(code)),
        goals=frozenset(GOAL.findall(goals)), kinds=Counter(kind for _, kind, _ in exercises),
        trained=frozenset("".join(re.findall(r"\d", "".join(which for _, _, which in exercises)))),
    )  # fmt: skip


def plans() -> list[Plan]:
    return [plan(path) for path in sorted(FOLDER.glob("*.ipynb"))]


def tables(course: list[Plan]) -> str:
    """The table of all counts, and how the minutes come about."""
    kinds = ["write", "predict", "criticize", "compute", "look up", "open"]
    rows = [
        f"| {one.path.stem.split('_')[0].lstrip('0') or '0'} | {one.words:,} | {one.predictions} | {one.labs} | "
        + " | ".join(str(one.kinds[kind]) for kind in kinds)
        + f" | {one.minutes} |"
        for one in course
    ]
    hours = sum(one.minutes for one in course) / 60
    head = "| chapter | words | predictions | labs | " + " | ".join(kinds) + " | minutes |"
    told = (
        f"A chapter's minutes are its words at {WORDS_A_MINUTE} a minute, {MINUTES['predictions']} for each prediction, "
        f"{MINUTES['exercises']} for each exercise, and\n{MINUTES['labs']} for each lab, to the nearest five: "
        f"{hours:.0f} hours for the whole course. The columns from *write* to *open* count exercises by kind."
    )
    return "\n".join([told, "", head, "| --- |" + " ---: |" * (len(kinds) + 4), *rows])


def write(course: list[Plan]) -> None:
    """Put minutes and tables to where they are read; the solutions have the heads of their chapters."""
    readme = (FOLDER / "README.md").read_text()
    for one in course:
        for path in (one.path, FOLDER / "solutions" / one.path.name):
            path.write_text(TIME.sub(f"**Time.** {one.minutes} minutes.", path.read_text()))
        readme = re.sub(rf"(\({one.path.name}\) \|[^|]*\|) \d* \|", rf"\1 {one.minutes} |", readme)
    before, after = readme.split(START)[0], readme.split(END)[1]
    (FOLDER / "README.md").write_text(f"{before}{START}\n{tables(course)}\n{END}{after}")


if __name__ == "__main__":
    found = plans()
    if "--write" in sys.argv:
        write(found)
    print(tables(found))
