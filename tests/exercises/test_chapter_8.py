"""Chapter 8's checks: right, wrong with a hint, and blank."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional

from opom_edu.exercises import check

TABLE = pd.DataFrame({"frame": [0, 4, 8], "box_similarity_after": [0.2, 0.7, 0.5]})


def test_the_worst_frame() -> None:
    assert check("8.1", 4, table=TABLE, recognizer="box").right
    for answer, hint in ((0, "the best one"), (8, "more similar"), (1, "measured frame"), ("x", "cannot read")):
        assert hint in check("8.1", answer, table=TABLE, recognizer="box").text


def test_a_rate_by_hand() -> None:
    probes = functional.normalize(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    gallery = functional.normalize(torch.tensor([[1.0, 0.2], [1.0, 0.6]]))
    others = functional.normalize(torch.tensor([[1.0, 0.3]]))
    given = {"probes": probes, "gallery": gallery, "others": others}
    # Of the first probe the stranger beats one gallery photo; of the second, one as well.
    assert check("8.2", 50, **given).right
    assert "hundred" in check("8.2", 0.5, **given).text
    assert "count" in check("8.2", 75, **given).text
    given["others"] = functional.normalize(torch.tensor([[1.0, 0.1], [0.1, 1.0]]))
    assert "found" in check("8.2", 0, **given).text


def test_an_average_of_three_frames() -> None:
    marks = np.random.default_rng(0).normal(size=(6, 5, 2))
    right = np.stack([marks[i - 1 : i + 2].mean(0) for i in range(1, 5)])
    assert check("8.3", right, marks=marks).right
    assert "itself" in check("8.3", (marks[:-2] + marks[2:]) / 2, marks=marks).text
    assert "divide by 3" in check("8.3", marks[1:-1], marks=marks).text
    assert "shape" in check("8.3", marks, marks=marks).text


@pytest.mark.parametrize(("answer", "hint"), [(23, ""), (18, "larger"), (28, "more than half"), (20, "One of")])
def test_the_largest_factor_that_keeps_half(answer: int, hint: str) -> None:
    verdict = check("8.4", answer, psr={18: 80.0, 23: 51.0, 28: 40.0}, lossless=100.0)
    assert verdict.right == (not hint)
    assert hint in verdict.text


def test_blanks_are_never_right() -> None:
    assert not check("8.1", ..., table=TABLE, recognizer="box").right
