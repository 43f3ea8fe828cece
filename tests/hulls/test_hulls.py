"""The hulls against CVXPY and least squares, their properties, and the degenerate cases."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from opom_edu.errors import SolverError
from opom_edu.hulls import HULLS, AffineHull, ClassCenter, ConvexHull, Hull, ReducedHull, hull_type, reference, solvers


def cloud(seed: int, count: int, dim: int, points: int = 1, spread: float = 1.0) -> tuple[Tensor, Tensor]:
    """Features around a common direction and points near and far, float32, of unit norm as embeddings are."""
    generator = torch.Generator().manual_seed(seed)
    direction = torch.randn(dim, generator=generator)
    features = direction + spread * torch.randn(count, dim, generator=generator)
    mixed = torch.rand(points, count, generator=generator) @ features / count
    x = mixed + torch.randn(points, dim, generator=generator) * torch.rand(points, 1, generator=generator)
    return torch.nn.functional.normalize(features, dim=-1), torch.nn.functional.normalize(x, dim=-1)


def objective(features: Tensor, x: Tensor, weights: Tensor | np.ndarray) -> float:
    """|x - sum w f|^2 in double precision."""
    weights = torch.as_tensor(weights, dtype=torch.float64)
    return float((x.double() - weights @ features.double()).square().sum())


def gap(hull: Hull, features: Tensor, x: Tensor) -> float:
    """How much worse than CVXPY's answer the hull's is."""
    expected = {
        ConvexHull: lambda f, p: reference.convex(f, p),
        AffineHull: lambda f, p: reference.affine(f, p),
        ReducedHull: lambda f, p: reference.reduced(f, p, hull.lower, hull.upper),
        ClassCenter: lambda f, p: reference.center(f, p),
    }[type(hull)](features.double().numpy(), x.double().numpy())
    weights = hull.weights(x[None])[0]
    assert float(weights.double().sum()) == pytest.approx(1, abs=1e-4)  # an infeasible answer could be better, and wrong
    if isinstance(hull, ConvexHull | ReducedHull):
        lower, upper = (hull.lower, hull.upper) if isinstance(hull, ReducedHull) else (0.0, 1.0)
        assert lower - 1e-6 <= float(weights.min()) <= float(weights.max()) <= upper + 1e-6
    return objective(features, x, weights) - objective(features, x, expected)


@pytest.mark.parametrize("kind", ["convex", "reduced"])
def test_500_random_problems_agree_with_cvxpy(kind: str) -> None:
    worst = 0.0
    for seed in range(250):
        count, dim = [(10, 512), (3, 8), (25, 16), (10, 2), (60, 128)][seed % 5]
        features, points = cloud(seed, count, dim, points=2, spread=[0.3, 1.0, 3.0][seed % 3])
        hull = ConvexHull(features) if kind == "convex" else ReducedHull(features, 0.2 / count, min(1.0, 2.5 / count))
        worst = max(worst, *(gap(hull, features, x) for x in points))
    assert worst < 1e-6


def degenerate() -> dict[str, tuple[Tensor, Tensor]]:
    features, points = cloud(0, 6, 16)
    x = points[0]
    return {
        "one image": (features[:1], x),
        "all images the same": (features[:1].repeat(5, 1), x),
        "images repeated": (features.repeat(3, 1), x),
        "nearly the same": (features[:1] + 1e-7 * torch.randn(5, 16, generator=torch.Generator().manual_seed(0)), x),
        "more images than dimensions": cloud_of(1, 40, 5),
        "on a line": (torch.tensor([0.0, 0.25, 0.5, 1.0])[:, None] * features[:1], x),
        "the query is a feature": (features, features[2]),
        "the query is inside": (features, features.mean(0)),
        "the query is far": (features, 1e3 * x),
        "no variance": (torch.ones(4, 16), x),
        "all zero": (torch.zeros(4, 16), x),
        "long features": (1e4 * features, 1e4 * x),
    }


def cloud_of(seed: int, count: int, dim: int) -> tuple[Tensor, Tensor]:
    features, points = cloud(seed, count, dim)
    return features, points[0]


@pytest.mark.parametrize("case", degenerate())
@pytest.mark.parametrize("kind", [ConvexHull, ReducedHull, AffineHull, ClassCenter])
def test_degenerate_problems_agree_with_cvxpy(case: str, kind: type[Hull]) -> None:
    features, x = degenerate()[case]
    hull = kind(features)
    scale = float(max(features.square().sum(-1).max(), x.square().sum(), 1.0))
    assert torch.isfinite(hull.project(x[None])).all()
    # The weights come in float32: rounding them alone costs 1e-7 of the largest squared norm in sight.
    if not (kind is AffineHull and case == "nearly the same"):  # there the flat is spanned by rounding, and means nothing
        assert gap(hull, features, x) < 1e-6 * scale


def test_affine_agrees_with_least_squares() -> None:
    for seed in range(20):
        features, x = cloud(seed, 10, 64, points=5)
        edges = (features[1:] - features[0]).double()
        solution = torch.linalg.lstsq(edges.T, (x - features[0]).double().T).solution
        expected = features[0] + solution.T @ edges
        torch.testing.assert_close(AffineHull(features).project(x).double(), expected, atol=1e-5, rtol=0)


def test_vertices_of_a_tight_reduced_hull() -> None:
    features, x = cloud(3, 12, 4, points=6)
    torch.testing.assert_close(ReducedHull(features, upper=1 / 12).project(x), ClassCenter(features).project(x))
    torch.testing.assert_close(
        ReducedHull(features, upper=1.0).project(x), ConvexHull(features).project(x), atol=1e-5, rtol=0
    )
    halves = ReducedHull(features, upper=0.5).weights(1e3 * x)  # far away the optimum is a corner: two halves
    assert ((halves > 0.499).sum(-1) == 2).all()


shapes = st.tuples(st.integers(1, 12), st.integers(1, 10), st.integers(0, 10**6), st.sampled_from([0.0, 0.01, 1.0, 10.0]))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(shapes)
def test_properties_of_every_hull(shape: tuple[int, int, int, float]) -> None:
    count, dim, seed, spread = shape
    features, x = cloud(seed, count, dim, points=7, spread=spread)
    x = x.double()  # an affine hull's weights may be large and cancel, beyond what float32 can hold
    hulls = {name: make(features) for name, make in HULLS.items()}
    for hull in hulls.values():
        weights, nearest = hull.weights(x), hull.project(x)
        torch.testing.assert_close(weights.sum(-1), torch.ones(7, dtype=torch.float64), atol=1e-4, rtol=0)
        torch.testing.assert_close(hull.project(nearest), nearest, atol=1e-4, rtol=0)
    assert (hulls["convex"].weights(x) >= 0).all()
    reduced = hulls["reduced"].weights(x)
    assert (reduced >= 0).all()
    assert (reduced <= min(1.0, 2 / count) + 1e-6).all()
    distances = {name: hull.distance(x) for name, hull in hulls.items()}
    for larger, smaller in (("center", "reduced"), ("reduced", "convex"), ("convex", "affine")):
        assert (distances[larger] >= distances[smaller] - 1e-5).all(), (larger, smaller)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(0, 10**6))
def test_no_other_point_of_a_convex_hull_is_nearer(seed: int) -> None:
    features, x = cloud(seed, 8, 5, points=4)
    distance = ConvexHull(features).distance(x)
    others = torch.distributions.Dirichlet(torch.full((8,), 0.3)).sample((500,)) @ features
    assert (torch.cdist(x, others) >= distance[:, None] - 1e-5).all()


@pytest.mark.parametrize("name", HULLS)
def test_many_people_at_once_are_each_alone(name: str) -> None:
    pairs = [cloud(seed, 6, 9, points=5) for seed in range(3)]
    features, x = (torch.stack(part) for part in zip(*pairs, strict=True))
    together = HULLS[name](features)
    assert together.weights(x).shape == (3, 5, 6)
    assert together.distance(x).shape == (3, 5)
    for i in range(3):
        torch.testing.assert_close(together.project(x)[i], HULLS[name](features[i]).project(x[i]))


def test_leading_dimensions_and_types_are_those_of_the_points() -> None:
    features, x = cloud(0, 4, 6, points=6)
    hull = ConvexHull(features)
    grid = x.reshape(2, 3, 6).double()
    assert hull.weights(grid).shape == (2, 3, 4)
    assert hull.project(grid).dtype == torch.float64
    assert hull.distance(x[:0]).shape == (0,)


def test_the_gradient_of_the_distance_is_exact() -> None:
    features, x = cloud(5, 7, 12, points=3)  # more dimensions than images: every point is outside
    for name in HULLS:
        hull = HULLS[name](features.double())
        torch.autograd.gradcheck(hull.distance, (x.double().requires_grad_(),), atol=1e-5)


def test_large_hulls_are_exact_too() -> None:
    features, x = cloud(1, 300, 128, points=3)
    for hull in (ConvexHull(features), ReducedHull(features, upper=0.01)):
        weights = hull.weights(x).double()
        slopes = (weights @ features.double() - x.double()) @ features.double().T
        corner = hull.weights(x - 1e6 * slopes.float() @ features).double()  # as far as the hull goes that way
        assert ((weights - corner) * slopes).sum(-1).max() < 1e-6


@pytest.mark.parametrize("reach", [1.0, 1e2, 1e4, 1e6])
def test_far_points_get_the_exact_corner_or_edge(reach: float) -> None:
    """The answer is optimal: no feasible corner lies lower along the slope there, in proportion to the slope."""
    features, x = cloud(4, 30, 16, points=200)
    x = reach * x.double()
    for hull in (ReducedHull(features, upper=0.5), ReducedHull(features, 0.01, 0.1), ConvexHull(features)):
        weights = hull.weights(x)
        torch.testing.assert_close(weights.sum(-1), torch.ones(200, dtype=torch.float64))
        slopes = (weights @ features.double() - x) @ features.double().T
        lower, upper = (hull.lower, hull.upper) if isinstance(hull, ReducedHull) else (0.0, 1.0)
        corner, left = torch.full_like(weights, lower), 1 - 30 * lower
        for k in slopes.argsort(-1).T:  # fill the cheapest weights first
            step = min(upper - lower, left)
            corner.scatter_add_(1, k[:, None], torch.full((200, 1), step, dtype=torch.float64))
            left -= step
        assert ((weights - corner) * slopes).sum(-1).max() < 1e-8 * reach


def test_a_gpu_that_is_seldom_asked_gets_the_same_weights() -> None:
    generator = torch.Generator().manual_seed(0)
    features, x = torch.randn(2, 3, 20, 64, generator=generator)
    gram, linear = solvers._quadratic(features, x)
    problem = (gram.repeat_interleave(20, 0), linear.flatten(0, 1), 0.0, 0.1)
    torch.testing.assert_close(solvers._guess(*problem, patience=5), solvers._guess(*problem), atol=1e-9, rtol=0)


def test_extreme_values_raise_rather_than_mislead() -> None:
    features, x = cloud(0, 6, 8, points=3)
    with pytest.raises(SolverError, match="extreme values"):
        ConvexHull(features.double() * 1e200).project(x.double())


def test_bad_input_is_named() -> None:
    features, x = cloud(0, 4, 6, points=2)
    with pytest.raises(ValueError, match=r"\(K, D\) or \(P, K, D\)"):
        ConvexHull(features[0])
    with pytest.raises(ValueError, match="K >= 1"):
        ConvexHull(features[:0])
    with pytest.raises(ValueError, match="finite"):
        ConvexHull(features * float("nan"))
    with pytest.raises(ValueError, match=r"\(\.\.\., N, 6\)"):
        ConvexHull(features).project(x[:, :5])
    with pytest.raises(ValueError, match=r"\(1, N, 6\)"):
        ConvexHull(features[None]).project(x)
    with pytest.raises(ValueError, match="finite"):
        ConvexHull(features).project(x * float("inf"))
    with pytest.raises(ValueError, match="cannot sum to 1"):
        ReducedHull(features, upper=0.2)
    with pytest.raises(ValueError, match="center, reduced, convex, affine"):
        hull_type("konvex")
