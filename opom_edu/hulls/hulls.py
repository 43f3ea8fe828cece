"""Models of the feature subspace of one identity, and the nearest point of each.

The embeddings of a person's photos, features ``f_k``, stand for all photos of that person. Every model here is a set of
weighted sums ``sum_k w_k f_k`` with ``sum_k w_k = 1``; they differ in the weights that are allowed:

    ClassCenter   w_k = 1 / K
    ReducedHull   lower <= w_k <= upper
    ConvexHull    0 <= w_k
    AffineHull    any

(OPOM, arXiv 2205.11981, section 3; reduced hulls after Cevikalp and Triggs, CVPR 2010.) :mod:`opom_edu.hulls.reference`
writes the same problems in CVXPY.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor

from opom_edu.hulls.solvers import bounded_weights


class Hull(ABC):
    """A set of points spanned by features; subclasses say which weights are allowed.

    Args:
        features: ``(K, D)`` for one identity, or ``(P, K, D)`` for P identities at once; finite floats, K >= 1.

    Every method takes points ``x``: ``(..., N, D)`` for one identity, ``(P, N, D)`` for P. Results have the type of ``x``
    and live on its device. They carry no gradient, except :meth:`distance`.

    Raises:
        ValueError: for features or points of another shape, or that are not finite.

    Example:
        >>> hull = ClassCenter(surrogate.embed(ada.train))  # or AffineHull, ConvexHull, ReducedHull
        >>> point = surrogate.embed(ada.test)
        >>> hull.project(point).shape, hull.distance(point).shape
        (torch.Size([10, 128]), torch.Size([10]))
    """

    def __init__(self, features: Tensor) -> None:
        if features.ndim not in (2, 3) or 0 in features.shape:
            raise ValueError(f"features must be (K, D) or (P, K, D) with K >= 1, got {tuple(features.shape)}")
        if not features.is_floating_point() or not bool(features.isfinite().all()):
            raise ValueError("features must be finite floating-point numbers")
        self.features = features.detach()

    def weights(self, x: Tensor) -> Tensor:
        """Weights ``(..., N, K)`` of the nearest points: within the hull's bounds and summing to one."""
        weights = self._solve(x)
        return weights.to(x.dtype).reshape(*x.shape[:-1], weights.shape[-1])

    def project(self, x: Tensor, *, check: bool = True) -> Tensor:
        """The nearest points of the hull, ``(..., N, D)``; ``check=False`` trusts that ``x`` is finite, and no GPU waits."""
        # In double precision to the end: an affine hull's weights may be large and cancel.
        weights = self._solve(x, check=check)
        features = self.features.to(x.device, torch.float64).reshape(len(weights), -1, x.shape[-1])
        return (weights @ features).to(x.dtype).reshape(x.shape)

    def distance(self, x: Tensor) -> Tensor:
        """Euclidean distances ``(..., N)`` to the hull.

        Differentiable in ``x``: the nearest point counts as a constant, which by Danskin's theorem is no approximation.
        """
        return torch.linalg.vector_norm(x - self.project(x), dim=-1)

    @torch.no_grad()
    def _solve(self, x: Tensor, *, check: bool = True) -> Tensor:
        """Check the points, and solve for their weights ``(P, N, K)`` in float64, with P = 1 for a single identity."""
        single = self.features.ndim == 2
        people = 1 if single else len(self.features)
        expected = self.features.shape[-1]
        if x.ndim < 2 or x.shape[-1] != expected or (not single and (x.ndim != 3 or len(x) != people)):
            wanted = f"(..., N, {expected})" if single else f"({people}, N, {expected})"
            raise ValueError(f"points must be {wanted} for features {tuple(self.features.shape)}, got {tuple(x.shape)}")
        if check and not bool(x.isfinite().all()):
            raise ValueError("points must be finite")
        features = self.features.to(x.device).reshape(people, -1, expected)
        return self._weights(features, x.detach().reshape(people, -1, expected))

    @abstractmethod
    def _weights(self, features: Tensor, x: Tensor) -> Tensor:
        """Weights ``(P, N, K)`` in float64 for features ``(P, K, D)`` and points ``(P, N, D)``."""


class ClassCenter(Hull):
    """The mean of the features: the identity as a single point.

    Example:
        >>> ClassCenter(torch.tensor([[0.0, 0.0], [2.0, 0.0]])).project(torch.tensor([[5.0, 5.0]]))
        tensor([[1., 0.]])
    """

    def _weights(self, features: Tensor, x: Tensor) -> Tensor:
        count = features.shape[1]
        return x.new_full((*x.shape[:-1], count), 1 / count, dtype=torch.float64)


class AffineHull(Hull):
    """The flat through all features, unbounded: weights of any sign. A least-squares problem, with the shortest weights.

    Directions along which the features differ by no more than rounding do not count as directions.

    Example:
        >>> AffineHull(torch.tensor([[0.0, 0.0], [2.0, 0.0]])).project(torch.tensor([[5.0, 5.0]]))
        tensor([[5., 0.]])
    """

    def _weights(self, features: Tensor, x: Tensor) -> Tensor:
        rounding = 10 * torch.finfo(features.dtype).eps
        features = features.double()
        center = features.mean(-2, keepdim=True)
        longest = torch.linalg.vector_norm(features, dim=-1).amax(-1)
        inverse = torch.linalg.pinv(features - center, atol=rounding * longest, rtol=torch.zeros_like(longest))
        weights = (x.double() - center) @ inverse
        return weights - weights.mean(-1, keepdim=True) + 1 / features.shape[1]


class ConvexHull(Hull):
    """All averages of the features: weights of at least zero. The paper's best model.

    Example:
        >>> ConvexHull(torch.tensor([[0.0, 0.0], [2.0, 0.0]])).project(torch.tensor([[5.0, 5.0]]))
        tensor([[2., 0.]])
    """

    def _weights(self, features: Tensor, x: Tensor) -> Tensor:
        return bounded_weights(features, x)


class ReducedHull(Hull):
    """Averages in which no feature counts for less than ``lower`` or more than ``upper``.

    By default no photo counts for more than twice its share, and one odd photo cannot stretch the hull.

    Raises:
        ValueError: where no weights within the bounds sum to one.

    Example:
        >>> ReducedHull(torch.tensor([[0.0, 0.0], [2.0, 0.0]]), upper=0.75).project(torch.tensor([[5.0, 5.0]]))
        tensor([[1.5000, 0.0000]])
    """

    def __init__(self, features: Tensor, lower: float = 0.0, upper: float | None = None) -> None:
        super().__init__(features)
        count = self.features.shape[-2]
        upper = min(1.0, 2 / count) if upper is None else upper
        if not lower <= 1 / count <= upper:
            raise ValueError(f"{count} weights between lower={lower} and upper={upper} cannot sum to 1")
        self.lower, self.upper = lower, upper

    def _weights(self, features: Tensor, x: Tensor) -> Tensor:
        return bounded_weights(features, x, self.lower, self.upper)


HULLS: dict[str, Callable[[Tensor], Hull]] = {
    "center": ClassCenter,
    "reduced": ReducedHull,
    "convex": ConvexHull,
    "affine": AffineHull,
}


def hull_type(name: str) -> Callable[[Tensor], Hull]:
    """The hull of that name: "center", "reduced", "convex" or "affine".

    Raises:
        ValueError: for another name; the message lists the choices.

    Example:
        >>> hull_type("convex").__name__
        'ConvexHull'
    """
    if name not in HULLS:
        raise ValueError(f"unknown hull {name!r}; choose one of {', '.join(HULLS)}")
    return HULLS[name]
