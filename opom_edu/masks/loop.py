"""The one loop that learns every mask, and the methods that run it."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import KW_ONLY, dataclass, replace
from functools import partial
from typing import Any, ClassVar, Self

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from opom_edu.errors import MaskWarning
from opom_edu.faces.images import SIZE
from opom_edu.hulls import hull_type
from opom_edu.masks.gradients import Aid, Gradient, Run
from opom_edu.masks.learner import Learner, OnStep, Step, check_training
from opom_edu.masks.mask import Mask, check_eps
from opom_edu.masks.objectives import EveryTarget, HullTargets, Targets
from opom_edu.masks.transforms import Transform, describe
from opom_edu.recognizers import Recognizer, check_recognizer


@dataclass(frozen=True, eq=False)
class Method(Learner[Mask]):
    """A mask learned by sign-gradient ascent on a surrogate.

    Args:
        surrogate: the white-box recognizer, differentiable.
        eps: budget, the largest change of a pixel, from 0 to 1 (L-infinity norm).
        steps: number of steps.
        step_size: change per step and pixel.
        momentum: share of the previous direction kept (MI-FGSM, Dong et al., CVPR 2018); the paper uses 0, or 1 with 100
            steps. Every gradient is first divided by its mean absolute value over the whole mask.
        transforms: applied in order to the masked images before each step; see :mod:`opom_edu.masks.transforms`.
        aids: what else is done to the gradient, the last outermost; see :mod:`opom_edu.masks.gradients`.
        seed: of the starting noise and of the transforms; the same seed gives the same mask, to the bit, on one machine.

    As in the paper's released code, every image starts with noise of its own, uniform in ±eps, and from the first step on
    all share the mean of their clipped differences. (Noise common to all would stay in the mask.) Otherwise than there,
    pixels are rounded to the nearest level, not down; each mask has its own generator instead of a global seed; and
    momentum adds up gradients averaged over the images and divided by their mean size over the whole mask, where the
    released code takes it apart by columns.

    Raises:
        ValueError: for an argument out of range, or a surrogate without gradients.
    """

    surrogate: Recognizer
    _: KW_ONLY
    eps: float = 8 / 255
    steps: int = 16
    step_size: float = 1 / 255
    momentum: float = 0.0
    transforms: Sequence[Transform] = ()
    aids: Sequence[Aid] = ()
    seed: int = 0

    label: ClassVar[str]

    def __post_init__(self) -> None:
        check_recognizer(self.surrogate, "surrogate")
        check_eps(self.eps)
        if not self.surrogate.differentiable:
            raise ValueError(f"{self.surrogate.name} is a black box without gradients: it cannot be the surrogate")
        if not isinstance(self.steps, int) or self.steps < 1:
            raise ValueError(f"steps must be a whole number of at least 1, got {self.steps}")
        if callable(self.transforms):
            raise ValueError("transforms must be a list of them: transforms=[random_flip()]")
        if callable(self.aids):
            raise ValueError("aids must be a list of them: aids=[nesterov()]")
        if not (self.step_size > 0 and self.momentum >= 0):
            raise ValueError(f"step_size must be positive and momentum not negative, got {self.step_size}, {self.momentum}")

    @property
    def name(self) -> str:
        return self.label

    @abstractmethod
    def objective(self, clean: Tensor) -> Targets:
        """The objective for people with these clean embeddings, ``(P, K, D)``."""

    def recipe(self) -> dict[str, Any]:
        """The parameters that made a mask, as plain values."""
        return {
            "method": self.name,
            "surrogate": self.surrogate.name,
            "steps": self.steps,
            "step_size": self.step_size,
            "momentum": self.momentum,
            "transforms": [describe(transform) for transform in self.transforms],
            "aids": [describe(aid) for aid in self.aids],
            "seed": self.seed,
        }

    def iterate(self, images: Tensor, start: Tensor | None = None) -> Iterator[Step]:
        """Learn one person's mask step by step; the last step's ``delta`` is the mask.

        Args:
            start: ``(3, H, W)``, clipped to ±eps: where to begin instead of noise, for instance a mask learned for a larger
                eps, from which few steps lead to the one for this eps.
        """
        check_training(images)
        return (step.of(0) for step in self._quick()._ascend(images[None], start))

    def _quick(self, memory: float | None = None) -> Self:
        """The same method on a frozen copy of the surrogate, made anew because the surrogate may have changed."""
        made = copy(self)
        object.__setattr__(made, "surrogate", self.surrogate.frozen(memory=memory))
        return made

    def fit_many(
        self, people: Sequence[Tensor], on_step: OnStep | None = None, *, memory: float | None = None
    ) -> list[Mask]:
        """One mask for each person, learned together: as many people per forward pass as the surrogate takes images.

        People with equally many images share a pass. The masks are those that :meth:`fit` gives one by one.

        Args:
            memory: bytes that a batch may take, beside the people's images; see :meth:`Recognizer.frozen`.
        """
        if isinstance(people, Tensor | Mapping):
            raise ValueError("people must be a list with each person's images; for one person use fit(images)")
        for images in people:
            check_training(images)
        # One block: masks left lying among the passes' large buffers would keep the heap from shrinking.
        deltas = torch.empty(len(people), 3, SIZE, SIZE)
        done = 0
        quick = self._quick(memory)
        for group in quick._groups(people):
            for step in quick._ascend(torch.stack([people[i] for i in group])):
                if on_step is not None:
                    share = (done + step.progress * len(group)) / len(people)
                    on_step(replace(step, progress=share))
            done += len(group)
            deltas[group] = step.delta.cpu()
        return [Mask(delta.clone(), self.eps, self.recipe()) for delta in deltas]

    def _groups(self, people: Sequence[Tensor]) -> Iterator[list[int]]:
        """Indices of people who are learned together: equally many images of each, no more than a batch in all."""
        by_count: dict[int, list[int]] = {}
        for index, images in enumerate(people):
            by_count.setdefault(len(images), []).append(index)
        for count, members in by_count.items():
            size = max(1, self.surrogate.batch_size // count)
            yield from (members[start : start + size] for start in range(0, len(members), size))

    def _ascend(self, images: Tensor, start: Tensor | None = None) -> Iterator[Step]:
        """The loop, for people with equally many images: ``images (P, K, 3, H, W)``."""
        images = images.detach().to(self.surrogate.device)
        generators = [torch.Generator().manual_seed(self.seed) for _ in images]
        objective = self.objective(self._embed(images))
        if start is None:
            drawn = torch.rand(images.shape[1:], generator=generators[0])  # for everybody: all have the same seed
            for generator in generators[1:]:
                generator.set_state(generators[0].get_state())
            noise = self.eps * (2 * drawn - 1)
        else:
            noise = start.clamp(-self.eps, self.eps)
        masked = (images + noise.to(images.device)).clamp(0, 1)
        run = Run(
            self.surrogate, images, generators, self.momentum, self.step_size, self.eps, torch.zeros_like(images[:, 0])
        )
        seen: list[tuple[Tensor, Tensor, Tensor]] = []
        find = self._gradient(objective, run, seen)
        for aid in self.aids:
            find = aid(find, run)
        for index in range(self.steps):
            run.index = index
            gradient = find(masked)
            loss, embeddings, targets = seen[0]  # of the first look, where aids take several
            seen.clear()
            strength = gradient.abs().mean((1, 2, 3), keepdim=True).clamp_min(torch.finfo(gradient.dtype).tiny)
            run.velocity = self.momentum * run.velocity + gradient / strength
            moved = masked + self.step_size * run.velocity.sign()[:, None]
            # Where a photo is already black or white the mask cannot change it further, hence the mean of what it can do.
            delta = (moved.clamp(0, 1) - images).mean(1).clamp(-self.eps, self.eps)
            masked = (images + delta[:, None]).clamp(0, 1)
            yield Step(index, (index + 1) / self.steps, loss, embeddings, targets, delta)

    def _gradient(self, objective: Targets, run: Run, seen: list[tuple[Tensor, Tensor, Tensor]]) -> Gradient:
        """The gradient that aids improve; ``seen`` takes loss, embeddings and targets of every look."""

        def gradient(masked: Tensor) -> Tensor:
            with torch.enable_grad():  # whatever the caller has set
                masked = masked.detach().requires_grad_()
                embeddings = self._embed(self._transform(masked, run.generators))
                targets = objective.targets(embeddings.detach(), run.index)
                loss = objective.loss(embeddings, targets)
                (found,) = torch.autograd.grad(loss.sum(), masked, allow_unused=True)
            if found is None:
                raise ValueError(f"{self.surrogate.name} gives no gradient: its forward or preprocess cuts the images off")
            seen.append((loss.detach(), embeddings.detach(), targets))
            return found.mean(1)

        return gradient

    def _embed(self, images: Tensor) -> Tensor:
        """Embeddings ``(P, K, D)``. Where one person has more images than a batch, what a batch needs for its gradient is
        computed again instead of kept, so that memory stays bounded."""
        batches = images.flatten(0, 1).split(self.surrogate.batch_size)
        embed = self.surrogate.embed if len(batches) == 1 else partial(checkpoint, self.surrogate.embed, use_reentrant=False)
        return torch.cat([embed(batch) for batch in batches]).unflatten(0, images.shape[:2])

    def _transform(self, images: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
        """Every person's images transformed with that person's own random numbers, whoever is learned beside."""
        if not self.transforms:
            return images
        results = []
        for own, generator in zip(images, generators, strict=True):
            for transform in self.transforms:
                own = transform(own, generator)
            results.append(own)
        return torch.stack(results)


@dataclass(frozen=True, eq=False)
class FIUAP(Method):
    """Every image leaves its own clean embedding: the paper's baseline. Arguments: see :class:`Method`."""

    label: ClassVar[str] = "FI-UAP"

    def objective(self, clean: Tensor) -> Targets:
        return Targets(clean)


@dataclass(frozen=True, eq=False)
class FIUAPPlus(Method):
    """Every image leaves all clean embeddings of the person: the paper's second baseline. Arguments: see :class:`Method`.

    On unit embeddings its gradient is the class center's: ``mean_j |e - f_j|^2 = |e - c|^2 + mean_j |f_j - c|^2`` with the
    center c, and the last term is constant. The two masks differ by rounding alone.
    """

    label: ClassVar[str] = "FI-UAP+"

    def objective(self, clean: Tensor) -> Targets:
        return EveryTarget(clean)


@dataclass(frozen=True, eq=False)
class OPOM(Method):
    """One person, one mask (arXiv 2205.11981): every image leaves the nearest point of a hull of the clean embeddings.

    Args:
        surrogate: the white-box recognizer, differentiable.
        hull: "center", "affine", "convex" or "reduced".
        warmup: steps on the class center before the hull takes over, to get outside of it first; an affine hull, which has
            no inside, needs none.
        dispersal: how much it also counts that the masked photos leave one another: a mask alone moves all of them to
            the same place, where they still match each other. (After Protego, arXiv 2508.02034.)

    The other arguments: see :class:`Method`. The released code solves one problem per image and step in CVXPY; here one
    batched projection serves all images, exact to rounding.

    Example::

        mask = OPOM(surrogate, hull="convex", eps=8 / 255).fit(person.train)  # (10, 3, 112, 112) in [0, 1]
        protected = mask.apply(person.test)
    """

    _: KW_ONLY
    hull: str = "convex"
    warmup: int = 5
    dispersal: float = 0.0

    label: ClassVar[str] = "OPOM"

    def __post_init__(self) -> None:
        super().__post_init__()
        hull_type(self.hull)
        if self.warmup < 0 or not self.dispersal >= 0:
            raise ValueError(f"warmup and dispersal must not be negative, got {self.warmup} and {self.dispersal}")
        if self.hull in ("convex", "reduced") and self.warmup >= self.steps:
            never = f"with steps={self.steps} and warmup={self.warmup} the {self.hull} hull never takes over from the center"
            warnings.warn(f"{never}; use more steps or a shorter warmup", MaskWarning, stacklevel=3)

    @property
    def name(self) -> str:
        return f"{self.label} {self.hull}"

    def objective(self, clean: Tensor) -> Targets:
        warmup = 0 if self.hull == "affine" else self.warmup
        return HullTargets(clean, hull=self.hull, warmup=warmup, dispersal=self.dispersal)

    def recipe(self) -> dict[str, Any]:
        return {**super().recipe(), "hull": self.hull, "warmup": self.warmup, "dispersal": self.dispersal}
