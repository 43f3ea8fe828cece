"""Chapter 9's checks: right, wrong with a hint, and blank."""

import pandas as pd
import pytest

from opom_edu.exercises import check
from opom_edu.masks import RandomNoise
from tests.conftest import make_person

CHANGED = pd.DataFrame(
    {"transformation": ["JPEG", "JPEG", "blur", "blur"], "severity": [95, 30, 0, 2], "psr_1": [60.0, 50, 70, 20]}
)
SIDES = pd.DataFrame({"masked": ["nobody", "probe", "gallery", "both"], "psr_1": [0.0, 60, 80, 5]})
COST = pd.DataFrame({"method": "OPOM", "levels": [4.0, 8, 12], "visible": [0.1, 0.25, 0.6]})


def test_the_costliest_transformation() -> None:
    assert check("9.1", "blur", table=CHANGED).right
    assert "a PSR of 50 % is left" in check("9.1", "JPEG", table=CHANGED).text
    assert "one of JPEG, blur" in check("9.1", 50, table=CHANGED).text


def test_cleaned_photos() -> None:
    clean = make_person("Ada", 0).train
    mask = RandomNoise().fit(clean)
    given = {"clean": clean, "protected": mask.apply(clean)}
    assert check("9.2", (given["protected"] - 0.5 * mask.delta).clamp(0, 1), **given).right
    assert "subtracted, not added" in check("9.2", (given["protected"] + mask.delta).clamp(0, 1), **given).text
    assert "start from the protected" in check("9.2", clean, **given).text
    assert "cannot read" in check("9.2", given["protected"] - mask.delta - 1, **given).text
    assert "are wanted" in check("9.2", clean[:1], **given).text


@pytest.mark.parametrize(("answer", "hint"), [(95, ""), (5, "missed"), (40, "one side"), (50, "A mean")])
def test_found_again(answer: float, hint: str) -> None:
    verdict = check("9.3", answer, table=SIDES)
    assert verdict.right == (not hint)
    assert hint in verdict.text


@pytest.mark.parametrize(("answer", "hint"), [(8, ""), (4, "larger one"), (12, "too many"), (5, "One of")])
def test_the_largest_unseen_size(answer: float, hint: str) -> None:
    verdict = check("9.4", answer, table=COST, method="OPOM", share=0.3)
    assert verdict.right == (not hint)
    assert hint in verdict.text


def test_no_size_is_unseen_enough() -> None:
    verdict = check("9.4", 4, table=COST, method="OPOM", share=0.05)
    assert not verdict.right
    assert "too many" in verdict.text


def test_blanks_are_never_right() -> None:
    assert not check("9.1", ..., table=CHANGED).right
