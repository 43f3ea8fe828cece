"""Chapter 11's checks: right, wrong with a hint, and blank."""

import pandas as pd
import pytest

from opom_edu.exercises import check

KEYS = [(r, s, m) for r in ("common", "celebrity") for s in ("ir-softmax", "ir-arcface") for m in ("FI-UAP", "OPOM convex")]
TABLE = pd.DataFrame(
    {"ir-softmax": [80.0] * 8, "mean": [50.0, 60.0, 40.0, 50.0, 30.0, 40.0, 20.0, 20.0]},
    pd.MultiIndex.from_tuples(KEYS, names=["regime", "surrogate", "method"]),
)
BESIDE = pd.DataFrame({"a": [70.0, 50.0], "b": [60.0, 40.0]}, ["paper, Privacy-Commons", "paper, Privacy-Celebrities"])


def test_the_best_method() -> None:
    assert check("11.1", "OPOM convex", table=TABLE).right
    assert "higher mean" in check("11.1", "FI-UAP", table=TABLE).text
    assert "FI-UAP, OPOM convex" in check("11.1", 60.0, table=TABLE).text


@pytest.mark.parametrize(("exercise", "right"), [("11.2", 20.0), ("11.3", 25.0)])
def test_differences(exercise: str, right: float) -> None:
    assert check(exercise, right, table=TABLE).right
    assert "wrong way round" in check(exercise, -right, table=TABLE).text
    assert "Percentage points" in check(exercise, right / 100, table=TABLE).text
    assert "the column mean" in check(exercise, 3.0, table=TABLE).text
    assert "cannot read" in check(exercise, "many", table=TABLE).text


def test_the_paper_s_own_difference() -> None:
    assert check("11.4", 20.0, beside=BESIDE).right
    assert "two rows" in check("11.4", 0.0, beside=BESIDE).text


def test_blanks_are_never_right() -> None:
    assert not check("11.4", ..., beside=BESIDE).right
