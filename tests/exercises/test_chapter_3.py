"""The exercises' checks of chapter 3: right, wrong with a hint, blank."""

import pytest
import torch

from opom_edu.exercises import check
from opom_edu.hulls import ClassCenter, ConvexHull

SQUARE = [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]


@pytest.fixture
def given() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    features = torch.nn.functional.normalize(1 + torch.randn(10, 64, generator=generator), dim=-1)
    return {"features": features, "x": torch.nn.functional.normalize(1 + torch.randn(64, generator=generator), dim=-1)}


def test_between_the_convex_and_the_reduced_hull() -> None:
    square = {"points": SQUARE, "upper": 0.3}
    assert check("3.1", [0.48, 0.48], **square).right
    assert "outside" in check("3.1", [0.6, 0.6], **square).text
    assert "holds it too" in check("3.1", [0.0, 0.0], **square).text
    assert "2 numbers" in check("3.1", [0.0], **square).text
    assert "three dots" in check("3.1", ..., **square).text


def test_affine_weights() -> None:
    first, second, x = torch.tensor([0.0, 0.0]), torch.tensor([1.0, 0.0]), torch.tensor([1.5, 2.0])
    given = {"first": first, "second": second, "x": x}
    assert check("3.2", (-0.5, 1.5), **given).right
    hints = [check("3.2", wrong, **given) for wrong in ((1.5, -0.5), (0.0, 1.0), (0.5, 0.6), (0.5, 0.5))]
    assert not any(hint.right for hint in hints)
    assert len({hint.text for hint in hints}) == 4


def test_a_direction_that_proves_the_distance(given: dict[str, torch.Tensor]) -> None:
    features, x = given["features"], given["x"]
    away = x - ConvexHull(features).project(x[None])[0]
    from_center = x - ClassCenter(features).project(x[None])[0]
    assert check("3.3", away / away.norm(), **given).right
    for wrong, hint in (
        (away, "length"), (-away / away.norm(), "wrong way"), (from_center / from_center.norm(), "center"),
        (features[0], "at least"), (x[:3], "numbers"),
    ):  # fmt: skip
        verdict = check("3.3", wrong, **given)
        assert not verdict.right
        assert hint in verdict.text


def test_the_smallest_bound(given: dict[str, torch.Tensor]) -> None:
    features, x = given["features"], given["x"]
    largest = float(ConvexHull(features).weights(x[None]).max())
    assert check("3.4", largest, **given).right
    for wrong, hint in ((1.0, "smaller bound"), (0.11, "farther"), (2, "between")):
        verdict = check("3.4", wrong, **given)
        assert not verdict.right
        assert hint in verdict.text


def test_blanks_are_never_right() -> None:
    assert not any(check(f"3.{number}", ...).right for number in range(1, 5))
