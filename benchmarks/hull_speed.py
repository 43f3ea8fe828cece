"""Projections on convex hulls: the batched solver beside CVXPY, scipy and scikit-learn, and its share of a mask's step.

    python benchmarks/hull_speed.py [--tiny] [ways] [share]

ways: microseconds per point. Hulls of K features in 512 dimensions (unit vectors around a common direction, as embeddings
  of one person are). The others solve a sample of the same points:
    "CVXPY rebuilt"      built anew for every point, as the lesson and the paper's released code write it
    "CVXPY parameters"   built once, in Gram form: the fastest way we know to use it
    "scipy SLSQP"        the same problem in K weights, with its gradient; up to K = 30
    "scipy nnls"         non-negative least squares, with a heavy row of ones for the sum of the weights
    "scikit-learn"       LinearRegression(positive=True) on the same rows
  "gap" is the largest excess of the objective |x - w F|^2 over the least of all ways.
share: the time for targets (the projection) in a step of OPOM on MobileFaceNet with K images, warmup left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cvxpy as cp
import numpy as np
import torch
from common import arguments, in_turn, plot, ratio, report
from scipy.optimize import minimize, nnls
from sklearn.linear_model import LinearRegression
from torch import Tensor

from opom_edu.hulls import ConvexHull, reference
from opom_edu.masks.objectives import HullTargets
from opom_edu.recognizers import Recognizer

DIM, POINTS, HEAVY = 512, 1000, 1e3
Way = Callable[[np.ndarray], np.ndarray]


def parametrized(features: np.ndarray) -> Way:
    """One CVXPY problem with the point as a parameter: minimize |L'w - c|^2 with G = L L' and c = L^-1 F x."""
    factor = np.linalg.cholesky(features @ features.T)
    w, c = cp.Variable(len(features)), cp.Parameter(len(features))
    problem = cp.Problem(cp.Minimize(cp.sum_squares(factor.T @ w - c)), [cp.sum(w) == 1, w >= 0])

    def solve(x: np.ndarray) -> np.ndarray:
        c.value = np.linalg.solve(factor, features @ x)
        problem.solve(solver=cp.CLARABEL)
        return np.asarray(w.value)

    return solve


def slsqp(features: np.ndarray) -> Way:
    gram, count = features @ features.T, len(features)
    one = {"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones(count)}

    def solve(x: np.ndarray) -> np.ndarray:
        b = features @ x
        found = minimize(
            lambda w: w @ gram @ w / 2 - b @ w, np.full(count, 1 / count), jac=lambda w: gram @ w - b,
            bounds=[(0, 1)] * count, constraints=[one], method="SLSQP", options={"ftol": 1e-12, "maxiter": 500},
        )  # fmt: skip
        return np.asarray(found.x)

    return solve


def ways(features: np.ndarray) -> dict[str, Way]:
    rows = np.vstack([features.T, np.full(len(features), HEAVY)])
    regression = LinearRegression(positive=True, fit_intercept=False)
    found: dict[str, Way] = {
        "CVXPY rebuilt": lambda x: reference.convex(features, x),
        "CVXPY parameters": parametrized(features),
        "scipy nnls": lambda x: nnls(rows, np.append(x, HEAVY))[0],
        "scikit-learn": lambda x: regression.fit(rows, np.append(x, HEAVY)).coef_,
    }
    return found if len(features) > 30 else found | {"scipy SLSQP": slsqp(features)}  # a second per point and more


def around(direction: Tensor, count: int, spread: float, generator: torch.Generator) -> Tensor:
    drawn = direction + spread * torch.randn(count, DIM, generator=generator)
    return torch.nn.functional.normalize(drawn, dim=-1)


def compare(tiny: bool, rounds: int, out: Path) -> None:
    rows: list[dict[str, object]] = []
    generator = torch.Generator().manual_seed(0)
    direction = 1.5 * torch.randn(DIM, generator=generator)
    for count, sample in ((4, 2),) if tiny else ((10, 10), (30, 5), (100, 3)):
        features, x = around(direction, count, 1, generator), around(direction, POINTS, 2, generator)
        plain, points = features.double().numpy(), x[:sample].double().numpy()
        hull, others = ConvexHull(features), ways(plain)
        tasks: dict[str, Callable[[], object]] = {"batched": partial(hull.project, x)}
        tasks |= {name: lambda way=way, points=points: [way(p) for p in points] for name, way in others.items()}
        times = in_turn(tasks, rounds, time.process_time)
        weights = {"batched": hull.weights(x[:sample]).double().numpy()}
        weights |= {name: np.stack([way(p) for p in points]) for name, way in others.items()}
        # Weights that do not sum to one are no point of the hull; scaled, they are one.
        excess = {name: np.square(points - w / w.sum(1, keepdims=True) @ plain).sum(1) for name, w in weights.items()}
        best = np.min(list(excess.values()), 0)
        for name in tasks:
            share = POINTS / (POINTS if name == "batched" else sample)
            us = 1e6 * float(np.median(times[name])) * share / POINTS
            row = {
                "K": count,
                "way": name,
                "us per point": round(us, 1),
                "to batched": round(ratio(times, name, "batched") * share),
            }
            rows.append({**row, "gap": f"{float((excess[name] - best).max()):.0e}"})
    report("hull_speed", rows, out=out, note=f"{POINTS} points of {DIM} numbers; microseconds of the processor")
    plot("hull_speed", rows, x="K", y="us per point", by="way", out=out)


def share(tiny: bool, rounds: int, out: Path) -> None:
    """Times the targets and the whole step in the same run, so that the load of the machine cancels."""
    from mask_speed import fitting, recognizer

    from opom_edu.recognizers.zoo import ZOO

    spent: list[float] = []
    targets = HullTargets.targets

    def timed(self: HullTargets, embeddings: Tensor, step: int) -> Tensor:
        started = time.process_time()
        found = targets(self, embeddings, self.warmup + step)
        spent.append(time.process_time() - started)
        return found

    surrogate: Recognizer = recognizer(ZOO["mobilefacenet"])
    rows = []
    HullTargets.targets = timed  # type: ignore[method-assign]
    try:
        for count in (2,) if tiny else (10, 100):
            step = fitting(surrogate, torch.rand(count, 3, 112, 112, generator=torch.Generator().manual_seed(0)))
            step()  # freezes the network and embeds the clean images
            spent.clear()
            started = time.process_time()
            for _ in range(min(rounds, 2 if count > 10 else 5)):
                step()
            whole = time.process_time() - started
            rows.append(
                {
                    "K": count,
                    "hull ms": round(1e3 * float(np.mean(spent)), 2),
                    "share of a step": f"{sum(spent) / whole:.2%}",
                }
            )
    finally:
        HullTargets.targets = targets  # type: ignore[method-assign]
    report("hull_share", rows, out=out, note="OPOM convex, one person with K images, MobileFaceNet; processor's time")


def main() -> None:
    parts = {"ways": compare, "share": share}
    parser = arguments(__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *parts], default=[])
    args = parser.parse_args()
    for part in args.parts or parts:
        parts[part](args.tiny, args.rounds, args.out)


if __name__ == "__main__":
    main()
