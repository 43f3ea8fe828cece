"""Chapter 4's checks."""

import pandas as pd
import torch

from opom_edu import OPOM, Recognizer
from opom_edu.exercises import check
from opom_edu.faces import People
from opom_edu.hulls import ClassCenter, ConvexHull


def test_loss_to_a_hull() -> None:
    clean, masked = torch.nn.functional.normalize(torch.randn(2, 6, 16, generator=torch.Generator().manual_seed(0)), dim=-1)
    distances = ConvexHull(clean).distance(masked)
    given = {"masked": masked, "clean": clean}
    assert check("4.1", float(distances.square().mean()), **given).right
    wrong = [distances.mean(), ClassCenter(clean).distance(masked).square().mean(), distances.square().sum(), 9.0]
    hints = {check("4.1", float(value), **given).text for value in wrong}
    assert len(hints) == 4
    assert not check("4.1", ..., **given).right


def test_best_step() -> None:
    gradient = torch.randn(3, 8, 8, generator=torch.Generator().manual_seed(0))
    assert check("4.2", gradient.sign() / 255, gradient=gradient).right
    wrong = (gradient.sign(), gradient / gradient.abs().max() / 255, -gradient.sign() / 255, gradient[0], ...)
    verdicts = [check("4.2", step, gradient=gradient) for step in wrong]
    assert not any(verdict.right for verdict in verdicts)
    assert len({verdict.text for verdict in verdicts}) == 5


def test_first_difference(people: People, surrogate: Recognizer) -> None:
    runs = [
        list(OPOM(surrogate, hull=hull, steps=6, warmup=2).iterate(people["person 0"].train))
        for hull in ("center", "convex")
    ]
    verdicts = [check("4.3", index, one=runs[0], other=runs[1]) for index in range(6)]
    assert [verdict.right for verdict in verdicts] == [False, False, True, False, False, False]
    for wrong in (None, 2.5, 99, ...):
        assert not check("4.3", wrong, one=runs[0], other=runs[1]).right


def test_generalization_gap() -> None:
    curve = pd.DataFrame({"loss": [0.0, 1.0, 2.0], "training": [0.8, 0.3, -0.1], "test": [0.7, 0.4, 0.2]})
    fallen = curve.iloc[0] - curve.iloc[-1]
    gap = fallen["training"] - fallen["test"]
    assert check("4.4", gap, curve=curve).right
    wrong = (-gap, curve["test"].iloc[-1] - curve["training"].iloc[-1], 5, ...)
    verdicts = [check("4.4", value, curve=curve) for value in wrong]
    assert not any(verdict.right for verdict in verdicts)
    assert len({verdict.text for verdict in verdicts}) == 4
