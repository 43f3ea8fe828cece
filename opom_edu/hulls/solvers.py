"""Exact projections onto a hull, for many points at once.

A point of the hull of the rows f_k is ``sum_k w_k f_k``. The nearest one to x solves

    minimize  1/2 w' G w - b' w    subject to  sum(w) = 1,  lower <= w <= upper

with the Gram matrix ``G = F F'`` and ``b = F x``: K unknowns, however long the embeddings are. The private functions take
one such problem per row, ``gram (B, K, K)`` and ``linear (B, K)`` in float64, and never loop over the rows.
"""

from __future__ import annotations

import torch
from torch import Tensor

from opom_edu.errors import SolverError

# How far a weight or a slope may stray past its sign, in a problem scaled so that no entry is larger than about 1: the
# objective then lies within 2e-10 of the optimum, and rounding, about 1e-14, stays far below.
TOLERANCE = 1e-10
ROUNDING = 1e-13
# Of all optimal weights take the shortest vector: this makes them unique where images repeat or K > D + 1.
RIDGE = 1e-11
GUESSES = 20
PATIENCE = 5  # guesses after which a GPU is asked which rows are done: to ask makes it wait
CHUNK_ENTRIES = 2**19  # matrix entries worked on at a time: 4 MiB, about what a core's cache holds
LARGE = 128  # features; beyond, one problem at a time: torch's batched LU of large matrices fails on several threads


def bounded_weights(features: Tensor, x: Tensor, lower: float = 0.0, upper: float = torch.inf) -> Tensor:
    """Weights of the nearest points to ``x (P, N, D)`` in the hulls of ``features (P, K, D)``: ``(P, N, K)`` float64.

    Raises:
        SolverError: if the optimality conditions cannot be met, for points or features of extreme size.

    Example:
        >>> bounded_weights(torch.tensor([[[0.0], [2.0]]]), torch.tensor([[[0.5], [9.0]]])).round(decimals=3)
        tensor([[[0.7500, 0.2500],
                 [0.0000, 1.0000]]], dtype=torch.float64)
    """
    gram, linear = _quadratic(features, x)
    people, points, count = linear.shape
    owner = torch.arange(people, device=x.device).repeat_interleave(points)
    rows = linear.reshape(-1, count)
    far = rows.abs().amax(-1, keepdim=True).clamp_min(1)  # points far away have large linear terms
    size = 1 if count > LARGE else max(1, CHUNK_ENTRIES // count**2)
    chunks = zip(owner.split(size), rows.split(size), far.split(size), strict=True)
    patience = 1 if x.device.type == "cpu" else PATIENCE
    solved = torch.cat([_guess(gram[o] / f[:, :, None], b / f, lower, upper, patience) for o, b, f in chunks])
    if not bool(((solved.sum(-1) - 1).abs() < 1e-6).all()):  # written so that NaN fails too
        raise SolverError("a projection onto a hull lost its precision; do the features or points hold extreme values?")
    return solved.clamp(lower, upper).reshape(people, points, count)


def _quadratic(features: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """``gram (P, K, K)`` and ``linear (P, N, K)`` in float64, scaled so that the longest feature has norm 1.

    Features are centered, which moves no nearest point because weights sum to one, and keeps the digits that a large
    common component would swallow. For the same reason ones may be added to the matrix, to make it regular.
    """
    features = features.double()
    scale = features.square().sum(-1).amax(-1)[:, None, None].clamp_min(torch.finfo(torch.float64).tiny)
    center = features.mean(-2, keepdim=True)
    spread = (features - center).mT
    gram = spread.mT @ spread / scale + 1
    gram.diagonal(dim1=-2, dim2=-1).add_(RIDGE)
    return gram, (x.double() @ spread - center @ spread) / scale


def _guess(gram: Tensor, linear: Tensor, lower: float, upper: float, patience: int = 1) -> Tensor:
    """Guess which weights sit on a bound, solve for the others, let the signs correct the guess.

    This is the primal-dual active-set method (Hintermueller, Ito and Kunisch 2002). Most rows are confirmed after a
    few guesses, also where K is large; but the method may cycle (in tight reduced hulls, above all), so the rest go to
    :func:`_descend`, which cannot.
    """
    weights = torch.empty_like(linear)
    rows = torch.arange(len(linear), device=linear.device)
    side = torch.zeros_like(linear, dtype=torch.int8)  # -1: held at the lower bound, 1: held at the upper one, 0: free
    for guess in range(1, GUESSES + 1):
        found, better, confirmed = _next_guess(gram, linear, side, lower, upper)
        if guess % patience:
            side = better  # what is confirmed stays as it is
            continue
        if bool(confirmed.all()):
            weights[rows] = found
            return weights
        weights[rows[confirmed]] = found[confirmed]
        rows, side, gram, linear = (t[~confirmed] for t in (rows, better, gram, linear))
    weights[rows] = _descend(gram, linear, lower, upper)
    return weights


def _next_guess(gram: Tensor, linear: Tensor, side: Tensor, lower: float, upper: float) -> tuple[Tensor, Tensor, Tensor]:
    """The weights ``(B, K)`` of a guess, the next guess, and which rows ``(B,)`` need none because theirs was right."""
    held = torch.zeros_like(linear).masked_fill_(side < 0, lower).masked_fill_(side > 0, upper)
    found, slopes = _face_minimum(gram, linear, held, side == 0)
    low = torch.where(side == 0, found < lower - TOLERANCE, (side < 0) & (slopes >= -TOLERANCE))
    high = torch.where(side == 0, found > upper + TOLERANCE, (side > 0) & (slopes <= TOLERANCE))
    better = high.to(torch.int8) - low.to(torch.int8)
    confirmed = (better == side).all(-1)
    # One weight at least must be free, or nothing makes the sum one: the one that strays least.
    least = torch.maximum(lower - found, found - upper).argmin(-1, keepdim=True)
    better.scatter_add_(-1, least, -better.gather(-1, least) * (better != 0).all(-1, keepdim=True))
    return found, better, confirmed


def _descend(gram: Tensor, linear: Tensor, lower: float, upper: float) -> Tensor:
    """The textbook active-set method, one index at a time (Nocedal and Wright 2006, algorithm 16.3); finite."""
    count = linear.shape[-1]
    weights = torch.full_like(linear, 1 / count)
    free = (weights > lower) & (weights < upper)
    free[:, 0] = True
    for _ in range(50 * count):
        target, slopes = _face_minimum(gram, linear, weights, free)
        move = (target - weights) * (free.sum(-1, keepdim=True) > 1)  # alone, a weight moves by rounding only
        bound = torch.full_like(linear, upper).masked_fill_(move < 0, lower)
        room = torch.where(free & (move.abs() > ROUNDING), (bound - weights) / move, torch.inf)
        step, blocking = room.min(-1)
        arrived = step >= 1
        weights = weights + step.clamp_max(1)[:, None] * move
        # A weight that blocks the way stays on its bound. Where the face's minimum is reached, the held weight whose
        # slope promises most is freed; where none promises anything, that minimum is the optimum.
        weights[~arrived, blocking[~arrived]] = bound[~arrived, blocking[~arrived]]
        promise = torch.where(weights - lower < upper - weights, -slopes, slopes).masked_fill_(free, -torch.inf)
        best = promise.argmax(-1)
        wanted = arrived & (promise.amax(-1) > TOLERANCE)
        if bool((arrived & ~wanted).all()):
            return weights
        free[~arrived, blocking[~arrived]] = False
        free[wanted, best[wanted]] = True
    raise SolverError("a projection onto a hull did not finish; do the features hold extreme values?")


def _face_minimum(gram: Tensor, linear: Tensor, weights: Tensor, free: Tensor) -> tuple[Tensor, Tensor]:
    """The best weights ``(B, K)`` when those not ``free`` stay where they are, and the slopes ``(B, K)`` there.

    A slope is the objective's derivative along one weight less the multiplier of the sum: 0 where the weight is free.
    """
    is_free = free.to(gram.dtype)
    held = weights * (1 - is_free)
    matrix = gram * is_free[:, :, None] * is_free[:, None, :]
    matrix.diagonal(dim1=-2, dim2=-1).add_(1 - is_free)
    pull = (linear - (gram @ held[:, :, None])[:, :, 0]) * is_free
    solved, _ = torch.linalg.solve_ex(matrix, torch.stack((pull, is_free), -1))
    toward, along = solved.unbind(-1)
    multiplier = (held.sum(-1) + toward.sum(-1) - 1) / along.sum(-1)
    found = held + toward - multiplier[:, None] * along
    return found, (gram @ found[:, :, None])[:, :, 0] - linear + multiplier[:, None]
