"""What a step ascends: how far the masked embeddings are from the identity.

An objective is made from a person's clean embeddings (several people at once: ``(P, K, D)``). At every step it is shown the
masked embeddings of the same photos, names the ``targets`` that these should leave, and gives the ``loss`` per person.
"""

from __future__ import annotations

import torch
from torch import Tensor

from opom_edu.hulls import ClassCenter, Hull, hull_type


class Targets:
    """FI-UAP: every image leaves its own clean embedding."""

    def __init__(self, clean: Tensor) -> None:
        self.clean = clean

    def targets(self, embeddings: Tensor, step: int) -> Tensor:
        """What the masked ``embeddings (P, K, D)`` are to leave at this step, ``(P, K, D)``; constants, without gradient."""
        return self.clean

    def loss(self, embeddings: Tensor, targets: Tensor) -> Tensor:
        """Mean squared distance to the targets, ``(P,)``; from 0 to 4 for unit embeddings."""
        return (embeddings - targets).square().sum(-1).mean(-1)


class EveryTarget(Targets):
    """FI-UAP+: every image leaves the clean embeddings of all the person's images, on average."""

    def loss(self, embeddings: Tensor, targets: Tensor) -> Tensor:
        """Mean squared distance over all pairs, ``(P,)``: on unit embeddings 2 less twice the mean cosine."""
        return 2 - 2 * (embeddings @ targets.mT).mean((-1, -2))


class HullTargets(Targets):
    """OPOM: every image leaves the nearest point of the person's hull, found anew at every step.

    Inside a hull the nearest point is the point itself and there is no way out to see, so the first ``warmup`` steps leave
    the class center instead. With ``dispersal`` the masked images also leave one another.
    """

    def __init__(self, clean: Tensor, *, hull: str, warmup: int = 0, dispersal: float = 0.0) -> None:
        super().__init__(clean)
        self.dispersal = dispersal
        self.hull: Hull = hull_type(hull)(clean)
        self.warmup_hull: Hull = ClassCenter(clean)
        self.warmup = warmup

    def targets(self, embeddings: Tensor, step: int) -> Tensor:
        hull = self.warmup_hull if step < self.warmup else self.hull
        with torch.no_grad():
            return hull.project(embeddings, check=False)  # the recognizer has checked them

    def loss(self, embeddings: Tensor, targets: Tensor) -> Tensor:
        """Mean squared distance to the targets, plus ``dispersal`` times that over all pairs of images, ``(P,)``."""
        away = super().loss(embeddings, targets)
        # The mean over pairs of unit vectors, each with itself too: 2 less twice the squared length of their mean.
        return away + self.dispersal * (2 - 2 * embeddings.mean(-2).square().sum(-1)) if self.dispersal else away


class Impersonation(Targets):
    """TIP-IM: every image leaves its own clean embedding, and goes to the nearest embedding of somebody else."""

    def __init__(self, clean: Tensor, others: Tensor) -> None:
        super().__init__(clean)
        self.others = others

    def targets(self, embeddings: Tensor, step: int) -> Tensor:
        return self.others[(embeddings @ self.others.T).argmax(-1)]

    def loss(self, embeddings: Tensor, targets: Tensor) -> Tensor:
        """Mean squared distance to the own clean embedding less that to the target, ``(P,)``."""
        return super().loss(embeddings, self.clean) - super().loss(embeddings, targets)


class LogNorms(Targets):
    """GD-UAP: the layers' activations grow. Here ``embeddings`` are their norms, ``(P, K, layers)``, above zero."""

    def loss(self, embeddings: Tensor, targets: Tensor) -> Tensor:
        """Sum of the logarithms over the layers, ``(P,)``."""
        return embeddings.clamp_min(torch.finfo(embeddings.dtype).tiny).log().sum(-1).mean(-1)
