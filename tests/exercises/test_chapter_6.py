"""Chapter 6's checks: right, wrong with a hint, and blank."""

import pandas as pd
import pytest
import torch

from opom_edu import Mask
from opom_edu.exercises import check

TABLE = pd.DataFrame(
    {"method": ["OPOM", "OPOM", "random noise"], "recognizer": ["easy", "hard", "hard"], "psr_1": [90.0, 20.0, 1.0]}
)


def test_the_hardest_recognizer() -> None:
    assert check("6.1", "hard", table=TABLE).right
    assert "lower PSR" in check("6.1", "easy", table=TABLE).text
    assert "easy, hard" in check("6.1", 20.0, table=TABLE).text


def test_a_clipped_mask() -> None:
    delta = torch.linspace(-16 / 255, 16 / 255, 3 * 112 * 112).reshape(3, 112, 112)
    large = Mask(delta, 16 / 255, {})
    assert check("6.2", Mask(delta.clamp(-4 / 255, 4 / 255), 4 / 255, {}), large=large).right
    assert "made smaller as a whole" in check("6.2", Mask(delta / 4, 4 / 255, {}), large=large).text
    assert "4 are wanted" in check("6.2", large, large=large).text
    assert "Build one" in check("6.2", delta, large=large).text


@pytest.mark.parametrize(("answer", "hint"), [(4, ""), (2, "still below"), (8, "smaller one"), (5, "One of")])
def test_the_smallest_epsilon_that_does_half(answer: int, hint: str) -> None:
    verdict = check("6.3", answer, levels=(2, 4, 8), psr=[10.0, 50.0, 90.0])
    assert verdict.right == (not hint)
    assert hint in verdict.text


@pytest.mark.parametrize(("answer", "hint"), [(30.07, ""), (15.03, "square"), (-30.07, "upside down"), (6, "squared")])
def test_psnr_of_a_uniform_change(answer: float, hint: str) -> None:
    verdict = check("6.4", answer, eps=8 / 255)
    assert verdict.right == (not hint)
    assert hint in verdict.text


def test_blanks_are_never_right() -> None:
    assert not check("6.1", ..., table=TABLE).right
