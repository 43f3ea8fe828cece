"""Chapter 2's checks: right, wrong with a hint, blank."""

import pandas as pd
import pytest
import torch

from opom_edu.exercises import check

pytest.importorskip("ipywidgets", reason="maps need the extra: pip install 'opom_edu[lab]'")
from opom_edu.lessons.maps import draw_map

NAMES = ["Ada", "Bea", "Cem"]


@pytest.fixture
def given() -> dict[str, object]:
    """Three people, of whom Bea varies most."""
    generator = torch.Generator().manual_seed(0)
    width = torch.tensor([0.1, 0.5, 0.2]).repeat_interleave(15)[:, None]
    embeddings = torch.eye(12)[torch.arange(3).repeat_interleave(15)] + width * torch.randn(45, 12, generator=generator)
    embeddings = torch.nn.functional.normalize(embeddings)
    return {"embeddings": embeddings, "table": pd.DataFrame({"person": [name for name in NAMES for _ in range(15)]})}


def test_components(given: dict[str, object]) -> None:
    embeddings = given["embeddings"]
    verdicts = [check("2.1", count, embeddings=embeddings) for count in range(1, 13)]
    assert sum(verdict.right for verdict in verdicts) == 1
    right = [verdict.right for verdict in verdicts].index(True)
    assert "Very near" in verdicts[right - 1].text
    assert "hold" in verdicts[-1].text
    assert not check("2.1", 0, embeddings=embeddings).right
    assert "three dots" in check("2.1", ..., embeddings=embeddings).text


def test_widest(given: dict[str, object]) -> None:
    assert check("2.2", "Bea", **given).right
    assert "narrowest" in check("2.2", "Ada", **given).text
    assert "own mean" in check("2.2", "Cem", **given).text
    assert "Ada, Bea, Cem" in check("2.2", 1, **given).text


def test_least_alike(given: dict[str, object]) -> None:
    own = given["embeddings"][:15]  # type: ignore[index]
    pair = divmod(int((own @ own.T).argmin()), 15)
    assert check("2.3", pair, embeddings=own).right
    assert check("2.3", pair[::-1], embeddings=own).right
    assert "less alike" in check("2.3", divmod(int((own @ own.T - torch.eye(15) * 9).argmax()), 15), embeddings=own).text
    assert "one and the same" in check("2.3", (3, 3), embeddings=own).text
    assert "0 to 14" in check("2.3", (3, 20), embeddings=own).text
    assert "cannot read" in check("2.3", 3, embeddings=own).text


def test_neighbors(given: dict[str, object]) -> None:
    given["embeddings"] = torch.randn(45, 12, generator=torch.Generator().manual_seed(1))
    embeddings, table = given["embeddings"], given["table"]
    people = torch.tensor([NAMES.index(name) for name in table["person"]])  # type: ignore[index]

    def share(points: torch.Tensor) -> float:
        nearest = torch.cdist(points, points).fill_diagonal_(float("inf")).argmin(1)
        return float((people[nearest] == people).float().mean())

    flat = share(torch.from_numpy(draw_map(embeddings, "PCA").places))  # type: ignore[arg-type]
    assert check("2.4", flat, **given).right
    assert "whole space" in check("2.4", share(embeddings), **given).text  # type: ignore[arg-type]
    assert "find itself" in check("2.4", 1.0, **given).text
    assert "from 0 to 1" in check("2.4", 90, **given).text
    assert not check("2.4", 0.1, **given).right
