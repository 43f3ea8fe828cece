"""Chapter 1's checks: right, wrong with a hint, blank."""

import pytest
import torch

from opom_edu.evaluation import roc, threshold_at
from opom_edu.exercises import check
from opom_edu.faces import People
from opom_edu.recognizers import Recognizer


@pytest.fixture
def similarities() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "genuine": 0.6 + 0.15 * torch.randn(300, generator=generator),
        "impostor": 0.2 + 0.15 * torch.randn(3000, generator=generator),
    }


def test_similarity(people: People, surrogate: Recognizer) -> None:
    first, second = people["person 0"].test[:2]
    given = {"recognizer": surrogate, "first": first, "second": second}
    one, two = surrogate.embed(torch.stack([first, second]))
    assert check("1.1", one @ two, **given).right
    assert check("1.1", round(float(one @ two), 2), **given).right
    assert "distance" in check("1.1", float((one - two).norm()), **given).text
    assert "between -1 and 1" in check("1.1", 7, **given).text
    assert "three dots" in check("1.1", ..., **given).text


def test_strict(similarities: dict[str, torch.Tensor]) -> None:
    line = threshold_at(similarities["impostor"], 0.005)
    assert check("1.2", line, fmr=0.005, **similarities).right
    assert "more than 0.5 %" in check("1.2", line - 0.1, fmr=0.005, **similarities).text
    assert "a lower one" in check("1.2", line + 0.1, fmr=0.005, **similarities).text


def test_balance(similarities: dict[str, torch.Tensor]) -> None:
    curve = roc(**similarities)
    right = curve["threshold"][(curve["fmr"] - (1 - curve["tar"])).abs().argmin()]
    assert check("1.3", right, **similarities).right
    assert "too low" in check("1.3", right - 0.1, **similarities).text
    assert "too high" in check("1.3", right + 0.1, **similarities).text


def test_allowed() -> None:
    given = {"strangers": 1000, "allowed": 0.1}
    assert check("1.4", 1 - 0.9**0.001, **given).right
    assert check("1.4", 1.05e-4, **given).right
    assert "approximation" in check("1.4", 1e-4, **given).text
    assert "63 % of the searches" in check("1.4", 1e-3, **given).text
    assert not check("1.4", 10, **given).right
