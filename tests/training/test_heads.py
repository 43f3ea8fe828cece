"""Heads against their formulas."""

import math
import sys

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from opom_edu.errors import MissingExtraError
from opom_edu.training.heads import HEADS, SFace, Softmax, make_head

LABELS = torch.tensor([0, 3, 1])


def embeddings() -> Tensor:
    return torch.randn(3, 8, generator=torch.Generator().manual_seed(0))


def angled(theta: float) -> tuple[SFace, Tensor]:
    """Two classes at right angles, and an embedding at ``theta`` to the first, perpendicular to the second."""
    head = SFace(3, 2)
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[1.0, 0, 0], [0, 0, 1.0]]))
    return head, torch.tensor([[math.cos(theta), math.sin(theta), 0.0]], requires_grad=True)


@pytest.mark.parametrize("theta", [0.7, 0.8, 0.82, 1.2])
def test_sface_pulls_as_its_formula_says(theta: float) -> None:
    head, x = angled(theta)
    head(x, torch.tensor([0])).backward()
    assert x.grad is not None
    # the other class stands at pi/2, beyond inter: its push is next to nothing
    expected = 64 / (1 + math.exp(-80 * (theta - 0.80))) * math.sin(theta)
    assert float(x.grad.norm()) == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_sface_pushes_only_from_near_classes() -> None:
    for theta, expected in ((1.0, 64 * math.sin(1.0)), (1.5, 0.0)):
        head, x = angled(theta)
        head.intra = 10.0  # no pull
        head(x, torch.tensor([1])).backward()
        assert x.grad is not None
        assert float(x.grad.norm()) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("name", ["cosface", "arcface"])
def test_a_larger_margin_costs_more_and_none_is_scaled_softmax(name: str) -> None:
    head = make_head(name, 8, 5, scale=10.0, margin=0.0)
    losses = []
    for margin in (0.0, 0.1, 0.3, 0.5):
        other = make_head(name, 8, 5, scale=10.0, margin=margin)
        other.load_state_dict(head.state_dict())
        losses.append(other(embeddings(), LABELS).item())
    assert losses == sorted(losses)
    assert losses[0] < losses[-1]
    weight = next(head.parameters()).T
    cosine = functional.linear(functional.normalize(embeddings()), functional.normalize(weight))
    assert losses[0] == pytest.approx(functional.cross_entropy(10 * cosine, LABELS).item(), rel=1e-4)


def test_softmax_is_cross_entropy_of_scaled_cosines() -> None:
    head = Softmax(8, 5, scale=7.0)
    cosine = functional.normalize(embeddings()) @ functional.normalize(head.weight).T
    torch.testing.assert_close(head(embeddings(), LABELS), functional.cross_entropy(7 * cosine, LABELS))


def test_bad_names_and_missing_extras_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=", ".join(HEADS)):
        make_head("triplet", 8, 5)
    monkeypatch.setitem(sys.modules, "pytorch_metric_learning.losses", None)
    with pytest.raises(MissingExtraError, match=r"opom_edu\[train\]"):
        make_head("arcface", 8, 5)
