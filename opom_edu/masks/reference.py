"""OPOM on one page: one person, plain steps, no batches. ``OPOM(...).fit`` gives the same values, faster."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from opom_edu.hulls import ClassCenter, ConvexHull, Hull


def opom(
    embed: Callable[[Tensor], Tensor], photos: Tensor, *, hull: type[Hull] = ConvexHull, eps: float = 8 / 255,
    steps: int = 16, step_size: float = 1 / 255, warmup: int = 5, seed: int = 0,
) -> Tensor:  # fmt: skip
    """One mask for one person (Zhong and Deng, TPAMI 2022, arXiv 2205.11981).

    Args:
        embed: from photos to unit vectors ``(K, D)``, differentiable.
        photos: ``(K, 3, H, W)``, in [0, 1].
        hull: how the identity is modeled.
        eps: budget, the largest change of a pixel.
        warmup: steps away from the class center first, to get outside of the hull.

    Returns:
        ``(3, H, W)``, within ±eps.

    Example:
        >>> from opom_edu import OPOM, load_people, load_recognizer
        >>> photos = load_people("synthetic", count=2, distractors=0)["Ada"].train
        >>> surrogate = load_recognizer("ir-softmax")
        >>> mask = opom(surrogate.embed, photos, steps=7)
        >>> torch.equal(mask, OPOM(surrogate, steps=7).fit(photos).delta)
        True
    """
    clean = embed(photos).detach()
    noise = torch.rand(photos.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float32)
    masked = (photos + eps * (2 * noise - 1)).clamp(0, 1)
    for step in range(steps):
        masked = masked.detach().requires_grad_()
        found = embed(masked)
        identity = ClassCenter(clean) if step < warmup else hull(clean)
        away = (found - identity.project(found.detach())).square().sum(1).mean()  # how far the photos are: it must grow
        (gradient,) = torch.autograd.grad(away, masked)
        moved = masked + step_size * gradient.mean(0).sign()  # the photos vote on each pixel: up or down
        delta = (moved.clamp(0, 1) - photos).mean(0).clamp(-eps, eps)
        masked = (photos + delta).clamp(0, 1)
    return delta.detach()
