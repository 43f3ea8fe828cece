"""What a learned mask has to beat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass

import torch
from torch import Tensor

from opom_edu.masks.mask import Mask, check_eps
from opom_edu.masks.optimize import Learner, OnStep, Step, check_training


@dataclass(frozen=True)
class RandomNoise(Learner):
    """Every pixel up or down by ``eps``, by the toss of a coin: as large as a mask may be, and nothing learned."""

    _: KW_ONLY
    eps: float = 8 / 255
    seed: int = 0

    def __post_init__(self) -> None:
        check_eps(self.eps)

    @property
    def name(self) -> str:
        return "random noise"

    def iterate(self, images: Tensor) -> Iterator[Step]:
        """A single step, without embeddings: nothing is learned."""
        nothing = torch.empty(0, 0)
        yield Step(0, 1.0, torch.tensor(0.0), nothing, nothing, self.fit(images).delta)

    def fit_many(self, people: Sequence[Tensor], on_step: OnStep | None = None) -> list[Mask]:
        """One mask for each person; ``on_step`` is never called, for nothing is learned."""
        return [self._draw(check_training(images)) for images in people]

    def _draw(self, images: Tensor) -> Mask:
        generator = torch.Generator().manual_seed(self.seed)
        signs = torch.randint(0, 2, images.shape[1:], generator=generator) * 2.0 - 1
        return Mask(signs * self.eps, self.eps, {"method": self.name, "seed": self.seed})
