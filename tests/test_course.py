"""The course's plan: minutes stem from counts, every goal has an exercise, and few exercises look something up."""

import json
from collections import Counter

import pytest

from notebooks.plan import FOLDER, TIME, Plan, plans, tables

COURSE = plans()


@pytest.mark.parametrize("chapter", COURSE, ids=lambda one: one.path.name)
def test_every_goal_has_an_exercise(chapter: Plan) -> None:
    assert chapter.goals, "the goals are numbered: 1. ... 2. ..."
    assert chapter.goals <= chapter.trained, f"goals without an exercise: {sorted(chapter.goals - chapter.trained)}"


@pytest.mark.parametrize("chapter", COURSE, ids=lambda one: one.path.name)
def test_heads_and_readme_tell_the_counted_minutes(chapter: Plan) -> None:
    for path in (chapter.path, FOLDER / "solutions" / chapter.path.name):
        head = "".join(json.loads(path.read_text())["cells"][0]["source"])
        assert TIME.findall(head) == [f"**Time.** {chapter.minutes} minutes."]
    rows = [line for line in (FOLDER / "README.md").read_text().splitlines() if f"({chapter.path.name})" in line]
    assert len(rows) == 1
    assert f"| {chapter.minutes} |" in rows[0]


def test_the_readme_holds_the_table() -> None:
    assert tables(COURSE) in (FOLDER / "README.md").read_text(), "run python notebooks/plan.py --write"


def test_at_most_one_exercise_in_five_looks_something_up() -> None:
    kinds = sum((chapter.kinds for chapter in COURSE), Counter())
    assert kinds["look up"] * 5 <= sum(kinds.values())
    assert kinds["open"] >= len(COURSE)
