"""The same projections, written in CVXPY as one would on a blackboard.

Slow and plain: the oracle that the tests hold the fast solver against, and the formula for the lesson. Each function takes
the features ``(K, D)`` of one identity and one point ``x (D,)`` as arrays, and returns the K weights of the nearest point.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opom_edu.errors import MissingExtraError

try:
    import cvxpy as cp
except ImportError as error:
    raise MissingExtraError("cvxpy", "reference") from error

Array = NDArray[np.floating]


def nearest(features: Array, x: Array, allowed: list[cp.Constraint], w: cp.Variable) -> Array:
    """minimize |x - sum_k w_k f_k|^2  subject to  sum(w) = 1 and what else is allowed."""
    problem = cp.Problem(cp.Minimize(cp.sum_squares(x - w @ features)), [cp.sum(w) == 1, *allowed])
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
    return np.asarray(w.value)


def center(features: Array, x: Array) -> Array:
    """w_k = 1 / K"""
    return np.full(len(features), 1 / len(features))


def affine(features: Array, x: Array) -> Array:
    """any w"""
    w = cp.Variable(len(features))
    return nearest(features, x, [], w)


def convex(features: Array, x: Array) -> Array:
    """w >= 0

    Example:
        >>> convex(np.array([[0.0, 0.0], [2.0, 0.0]]), np.array([1.5, 1.0])).round(3)
        array([0.25, 0.75])
    """
    w = cp.Variable(len(features))
    return nearest(features, x, [w >= 0], w)


def reduced(features: Array, x: Array, lower: float, upper: float) -> Array:
    """lower <= w <= upper"""
    w = cp.Variable(len(features))
    return nearest(features, x, [w >= lower, w <= upper], w)
