"""Chapter 7's checks: right, wrong with a hint, and blank."""

import numpy as np
import pandas as pd
import pytest

from opom_edu.exercises import check

TABLE = pd.DataFrame(
    {
        "method": ["OPOM convex"] * 3 + ["random noise"] * 3,
        "photos": [1, 5, 10] * 2,
        "mean": [20.0, 46.0, 50.0, 90.0, 90.0, 90.0],
    }
)
RATES = [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]


@pytest.mark.parametrize(("answer", "hint"), [(5, ""), (1, "still below"), (10, "fewer photos"), (4, "One of")])
def test_how_many_are_enough(answer: int, hint: str) -> None:
    verdict = check("7.1", answer, table=TABLE)
    assert verdict.right == (not hint)
    assert hint in verdict.text


@pytest.mark.parametrize(
    ("answer", "hint"),
    [(["convex", "affine", "reduced"], ""), ("convex", "more"), (["cube"], "Unknown: cube"), (3, "cannot read")],
)
def test_hulls_of_one_photo(answer: object, hint: str) -> None:
    verdict = check("7.2", answer)
    assert verdict.right == (not hint)
    assert hint in verdict.text


def test_a_bootstrap_interval() -> None:
    generator = np.random.default_rng(3)
    means = generator.choice(RATES, (1000, len(RATES))).mean(1)
    assert check("7.3", tuple(np.quantile(means, [0.025, 0.975])), rates=RATES).right
    assert "too wide" in check("7.3", (0.0, 100.0), rates=RATES).text
    assert "too narrow" in check("7.3", (49.0, 51.0), rates=RATES).text
    assert "hold the mean" in check("7.3", (70.0, 30.0), rates=RATES).text
    assert "cannot read" in check("7.3", 50.0, rates=RATES).text


@pytest.mark.parametrize(("answer", "hint"), [(0.6, ""), (0.4, "that is left"), (1 / 0.6, "upside down"), (9, "Divide")])
def test_how_far_the_distance_shrinks(answer: float, hint: str) -> None:
    verdict = check("7.4", answer, distances=[0.5, 0.4, 0.3])
    assert verdict.right == (not hint)
    assert hint in verdict.text


def test_blanks_are_never_right() -> None:
    assert not check("7.1", ..., table=TABLE).right
