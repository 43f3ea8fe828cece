"""Projections of many points on convex and reduced hulls: the batched solver beside CVXPY, in time per point.

Ten thousand points, hulls of 10 features in 512 dimensions (unit vectors around a common direction, as embeddings of one
person are). CVXPY solves a sample of the same points in two ways: rebuilt for every point, as the lesson and the paper's
released code write it, and built once with parameters in Gram form, the fastest way we know to use it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import cvxpy as cp
import numpy as np
import torch
from torch import Tensor

from opom_edu.hulls import ConvexHull, Hull, ReducedHull, reference

POINTS, COUNT, DIM, SAMPLE = 10_000, 10, 512, 200


def seconds(run: Callable[[], object], repeats: int = 5) -> float:
    """The median of several runs after one to warm up."""
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def parametrized(features: np.ndarray, upper: float | None) -> Callable[[np.ndarray], np.ndarray]:
    """One CVXPY problem with the point as a parameter: minimize |L'w - c|^2 with G = L L' and c = L^-1 F x."""
    factor = np.linalg.cholesky(features @ features.T)
    w, c = cp.Variable(len(features)), cp.Parameter(len(features))
    constraints = [cp.sum(w) == 1, w >= 0] + ([w <= upper] if upper is not None else [])
    problem = cp.Problem(cp.Minimize(cp.sum_squares(factor.T @ w - c)), constraints)

    def solve(x: np.ndarray) -> np.ndarray:
        c.value = np.linalg.solve(factor, features @ x)
        problem.solve(solver=cp.CLARABEL)
        return np.asarray(w.value)

    return solve


def objective(features: np.ndarray, x: np.ndarray, weights: np.ndarray) -> float:
    return float(np.square(x - weights @ features).sum())


def measure(
    name: str, hull: Hull, oracle: Callable[[np.ndarray, np.ndarray], np.ndarray], upper: float | None, x: Tensor
) -> None:
    features, points = hull.features.double().numpy(), x[:SAMPLE].double().numpy()
    batched = seconds(lambda: hull.project(x)) / len(x)
    rebuilt = seconds(lambda: [oracle(features, p) for p in points], repeats=3) / SAMPLE
    solve = parametrized(features, upper)
    built_once = seconds(lambda: [solve(p) for p in points], repeats=3) / SAMPLE
    weights = hull.weights(x[:SAMPLE]).double().numpy()
    gaps = [
        objective(features, p, w) - objective(features, p, oracle(features, p)) for p, w in zip(points, weights, strict=True)
    ]
    print(
        f"{name:8}  batched {1e6 * batched:6.1f} us per point"
        f" | CVXPY rebuilt {1e6 * rebuilt:7.0f} us, {rebuilt / batched:6.0f} times as long"
        f" | CVXPY with parameters {1e6 * built_once:6.0f} us, {built_once / batched:5.0f} times as long"
        f" | largest gap in the objective {max(gaps):.1e}"
    )


def main() -> None:
    generator = torch.Generator().manual_seed(0)
    direction = 1.5 * torch.randn(DIM, generator=generator)
    features = torch.nn.functional.normalize(direction + torch.randn(COUNT, DIM, generator=generator), dim=-1)
    x = torch.nn.functional.normalize(direction + 2 * torch.randn(POINTS, DIM, generator=generator), dim=-1)
    threads = torch.get_num_threads()
    print(f"{POINTS} points, hulls of {COUNT} features in {DIM} dimensions, {threads} threads; {SAMPLE} points by CVXPY")
    measure("convex", ConvexHull(features), reference.convex, None, x)
    measure("reduced", ReducedHull(features), lambda f, p: reference.reduced(f, p, 0.0, 0.2), 0.2, x)


if __name__ == "__main__":
    main()
