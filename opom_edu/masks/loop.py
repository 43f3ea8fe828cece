"""The loop that learns every mask, in parts that can be read and used by themselves: start, gradient, project.

``masks/reference.py`` is the same method for one person on one page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from opom_edu.masks.learner import Step
from opom_edu.masks.objectives import Targets
from opom_edu.masks.transforms import Transform
from opom_edu.recognizers import Recognizer

Gradient = Callable[[Tensor], Tensor]  # from masked photos (P, K, 3, H, W) to their mean gradient per person (P, 3, H, W)
Embed = Callable[[Tensor], Tensor]  # from photos (P, K, 3, H, W) to embeddings (P, K, D)


@dataclass(eq=False)
class Run:
    """The state of the loop, for people with equally many photos.

    Attributes:
        surrogate: the white-box recognizer.
        images: ``(P, K, 3, H, W)``, the clean photos of P people, K each.
        generators: one per person; all randomness comes from them.
        momentum, step_size, eps: of the method.
        velocity: ``(P, 3, H, W)``, the sum of past gradients that the next step goes on from.
        index: of the step, counted from 0.
        looks: loss ``(P,)``, embeddings and targets ``(P, K, D)`` of each gradient taken at this step.
    """

    surrogate: Recognizer
    images: Tensor
    generators: Sequence[torch.Generator]
    momentum: float
    step_size: float
    eps: float
    velocity: Tensor
    index: int = 0
    looks: list[tuple[Tensor, Tensor, Tensor]] = field(default_factory=list)

    @classmethod
    def begin(
        cls, surrogate: Recognizer, images: Tensor, *, eps: float, step_size: float, momentum: float = 0.0, seed: int = 0
    ) -> Run:
        """A run that has not taken a step, with a generator for each person; all have the same seed."""
        images = images.detach().to(surrogate.device)
        generators = [torch.Generator().manual_seed(seed) for _ in images]
        return cls(surrogate, images, generators, momentum, step_size, eps, torch.zeros_like(images[:, 0]))

    def uniform(self, *shape: int) -> Tensor:
        """Random numbers from 0 to 1, ``(P, *shape)``, each person's from their own generator."""
        return torch.stack([torch.rand(shape, generator=one, dtype=torch.float32) for one in self.generators]).to(
            self.images.device
        )


def start(run: Run) -> Tensor:
    """Noise of its own for every photo, uniform in ±eps: ``(K, 3, H, W)``, the same for every person, as is the seed.

    Noise that all photos share would stay in the mask.

    Example:
        >>> run = Run.begin(surrogate, ada.train[None], eps=8 / 255, step_size=1 / 255)
        >>> start(run).shape
        torch.Size([10, 3, 112, 112])
    """
    drawn = torch.rand(run.images.shape[1:], generator=run.generators[0], dtype=torch.float32)
    for generator in run.generators[1:]:
        generator.set_state(run.generators[0].get_state())
    return run.eps * (2 * drawn - 1)


def gradient(run: Run, objective: Targets, embed: Embed, transforms: Sequence[Transform] = ()) -> Gradient:
    """The gradient of the objective, averaged over each person's photos; ``run.looks`` takes what was seen.

    Raises:
        ValueError: when it is called, if the surrogate cuts off gradients.
    """

    def find(masked: Tensor) -> Tensor:
        with torch.enable_grad():  # whatever the caller has set
            masked = masked.detach().requires_grad_()
            embeddings = embed(transformed(masked, transforms, run.generators))
            targets = objective.targets(embeddings.detach(), run.index)
            loss = objective.loss(embeddings, targets)
            (found,) = torch.autograd.grad(loss.sum(), masked, allow_unused=True)
        if found is None:
            raise ValueError(f"{run.surrogate.name} gives no gradient: its forward or preprocess cuts the images off")
        run.looks.append((loss.detach(), embeddings.detach(), targets))
        return found.mean(1)

    return find


def project(moved: Tensor, images: Tensor, eps: float) -> Tensor:
    """One mask for all photos of a person from their own moved photos: the mean change, within ±eps.

    Where a photo is already black or white a mask cannot change it further, hence the mean of what it can do.

    Args:
        moved, images: ``(..., K, 3, H, W)``, after and before the step; ``images`` lie in [0, 1].
        eps: budget, 0 to 1.

    Returns:
        ``(..., 3, H, W)``.

    Example:
        >>> images = torch.tensor([0.5, 1.0]).reshape(2, 1, 1, 1).expand(2, 3, 1, 1)
        >>> project(images + 0.04, images, eps=0.1).flatten()  # the white photo cannot become brighter
        tensor([0.0200, 0.0200, 0.0200])
    """
    return (moved.clamp(0, 1) - images).mean(-4).clamp(-eps, eps)


def ascend(run: Run, find: Gradient, noise: Tensor, steps: int) -> Iterator[Step]:
    """The loop: sign steps along the gradient that ``find`` gives, each followed by :func:`project`.

    Args:
        noise: ``(3, H, W)`` or ``(K, 3, H, W)``, where to begin; see :func:`start`.

    Example:
        >>> from opom_edu.masks.objectives import Targets
        >>> run = Run.begin(surrogate, ada.train[None], eps=8 / 255, step_size=1 / 255)
        >>> clean = surrogate.embed(ada.train)[None]
        >>> find = gradient(run, Targets(clean), lambda photos: surrogate.embed(photos[0])[None])
        >>> [step.delta.shape for step in ascend(run, find, start(run), steps=1)]
        [torch.Size([1, 3, 112, 112])]
    """
    masked = (run.images + noise.to(run.images.device)).clamp(0, 1)
    for run.index in range(steps):
        found = find(masked)
        loss, embeddings, targets = run.looks[0]  # of the first look, where several are taken
        run.looks.clear()
        strength = found.abs().mean((1, 2, 3), keepdim=True).clamp_min(torch.finfo(found.dtype).tiny)
        run.velocity = run.momentum * run.velocity + found / strength
        moved = masked + run.step_size * run.velocity.sign()[:, None]
        delta = project(moved, run.images, run.eps)
        masked = (run.images + delta[:, None]).clamp(0, 1)
        yield Step(run.index, (run.index + 1) / steps, loss, embeddings, targets, delta)


def transformed(images: Tensor, transforms: Sequence[Transform], generators: Sequence[torch.Generator]) -> Tensor:
    """Every person's images ``(P, K, 3, H, W)`` transformed with that person's own random numbers, whoever is beside."""
    if not transforms:
        return images
    results = []
    for own, generator in zip(images, generators, strict=True):
        for transform in transforms:
            own = transform(own, generator)
        results.append(own)
    return torch.stack(results)
