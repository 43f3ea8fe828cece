"""OPOM and the paper's two baselines: methods that run the one loop with an objective each."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, fields, replace
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from opom_edu.errors import MaskWarning
from opom_edu.faces.images import SIZE
from opom_edu.hulls import hull_type
from opom_edu.masks import loop
from opom_edu.masks.gradients import GradientChange
from opom_edu.masks.learner import Learner, OnStep, Step, check_training, learning
from opom_edu.masks.loop import Run
from opom_edu.masks.mask import Mask, check_count, check_eps, plain
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
        gradients: what is done to the gradient, the last outermost; see :mod:`opom_edu.masks.gradients`.
        seed: of the starting noise and of the transforms; the same seed gives the same mask, to the bit, on one machine.

    As in the paper's released code, every image starts with noise of its own, uniform in ±eps, and from the first step on
    all share the mean of their clipped differences. (Noise common to all would stay in the mask.) Otherwise than there,
    pixels are rounded to the nearest level, not down; each mask has its own generator instead of a global seed; and
    momentum adds up gradients averaged over the images and divided by their mean size over the whole mask, where the
    released code takes it apart by columns.

    Raises:
        ValueError: for an argument out of range, or a surrogate without gradients.

    Example:
        >>> method = OPOM(surrogate, steps=3, hull="center")
        >>> [step.index for step in method.iterate(ada.train)]
        [0, 1, 2]
        >>> method.fit(ada.train).delta.shape
        torch.Size([3, 112, 112])
    """

    surrogate: Recognizer
    _: KW_ONLY
    eps: float = 8 / 255
    steps: int = 16
    step_size: float = 1 / 255
    momentum: float = 0.0
    transforms: Sequence[Transform] = ()
    gradients: Sequence[GradientChange] = ()
    seed: int = 0

    label: ClassVar[str]

    def __post_init__(self) -> None:
        check_recognizer(self.surrogate, "surrogate")
        for field in fields(self):
            object.__setattr__(self, field.name, plain(getattr(self, field.name)))
        check_eps(self.eps)
        if not self.surrogate.differentiable:
            raise ValueError(f"{self.surrogate.name} is a black box without gradients: it cannot be the surrogate")
        check_count(self.steps, "steps")
        if callable(self.transforms):
            raise ValueError("transforms must be a list of them: transforms=[random_flip()]")
        if callable(self.gradients):
            raise ValueError("gradients must be a list of them: gradients=[nesterov()]")
        if not (self.step_size > 0 and self.momentum >= 0):
            raise ValueError(f"step_size must be positive and momentum not negative, got {self.step_size}, {self.momentum}")

    @property
    def name(self) -> str:
        return self.label

    @abstractmethod
    def objective(self, clean: Tensor, surrogate: Recognizer) -> Targets:
        """The objective for people with these clean embeddings, ``(P, K, D)``, on this form of the surrogate."""

    def recipe(self) -> dict[str, Any]:
        """The parameters that made a mask, as plain values."""
        return {
            "method": self.name,
            "surrogate": self.surrogate.name,
            "steps": self.steps,
            "step_size": self.step_size,
            "momentum": self.momentum,
            "transforms": [describe(transform) for transform in self.transforms],
            "gradients": [describe(change) for change in self.gradients],
            "seed": self.seed,
        }

    def iterate(self, images: Tensor, start: Tensor | None = None) -> Iterator[Step]:
        """Learn one person's mask step by step; the last step's ``delta`` is the mask.

        Args:
            start: ``(3, H, W)``, clipped to ±eps: where to begin instead of noise, for instance a mask learned for a larger
                eps, from which few steps lead to the one for this eps.

        Raises:
            ValueError: for images that are not such a batch, or a surrogate that gives no gradient.
        """
        check_training(images)
        return (step.of(0) for step in self.ascend(images[None], self.surrogate.frozen(), start))

    @learning
    def fit_many(
        self, people: Sequence[Tensor], on_step: OnStep | None = None, *, memory: float | None = None
    ) -> list[Mask]:
        """One mask for each person, learned together: as many people per forward pass as the surrogate takes images.

        People with equally many images share a pass. The masks are those that :meth:`fit` gives one by one.

        Args:
            memory: bytes that a batch may take, beside the people's images; see :meth:`Recognizer.frozen`.

        Raises:
            ValueError: for images that are not such batches, or a surrogate that gives no gradient.
        """
        if isinstance(people, Tensor | Mapping):
            raise ValueError("people must be a list with each person's images; for one person use fit(images)")
        for images in people:
            check_training(images)
        # One block: masks left lying among the passes' large buffers would keep the heap from shrinking.
        deltas = torch.empty(len(people), 3, SIZE, SIZE, dtype=torch.float32)
        done = 0
        surrogate = self.surrogate.frozen(memory=memory)  # made anew, for the recognizer may have changed
        for group in _groups(people, surrogate.batch_size):
            for step in self.ascend(torch.stack([people[i] for i in group]), surrogate):
                if on_step is not None:
                    share = (done + step.progress * len(group)) / len(people)
                    on_step(replace(step, progress=share))
            done += len(group)
            deltas[group] = step.delta.cpu()
        return [Mask(delta.clone(), self.eps, self.recipe()) for delta in deltas]

    def ascend(self, images: Tensor, surrogate: Recognizer, start: Tensor | None = None) -> Iterator[Step]:
        """The loop, for people with equally many photos: ``images (P, K, 3, H, W)``, on this form of the surrogate."""
        run = Run.begin(surrogate, images, eps=self.eps, step_size=self.step_size, momentum=self.momentum, seed=self.seed)
        embed = partial(self.embed, surrogate=surrogate)
        objective = self.objective(embed(run.images), surrogate)
        noise = loop.start(run) if start is None else start.clamp(-self.eps, self.eps)
        find = loop.gradient(run, objective, embed, self.transforms)
        for change in self.gradients:
            find = change(find, run)
        return loop.ascend(run, find, noise, self.steps)

    def embed(self, images: Tensor, surrogate: Recognizer) -> Tensor:
        """Embeddings ``(P, K, D)``. Where one person has more images than a batch, what a batch needs for its gradient is
        computed again instead of kept, so that memory stays bounded."""
        batches = images.flatten(0, 1).split(surrogate.batch_size)
        embed = surrogate.embed if len(batches) == 1 else partial(checkpoint, surrogate.embed, use_reentrant=False)
        return torch.cat([embed(batch) for batch in batches]).unflatten(0, images.shape[:2])


@dataclass(frozen=True, eq=False)
class FIUAP(Method):
    """Every image leaves its own clean embedding: the paper's baseline. Arguments: see :class:`Method`.

    Example:
        >>> FIUAP(surrogate, steps=2).fit(ada.train).recipe["method"]
        'FI-UAP'
    """

    label: ClassVar[str] = "FI-UAP"

    def objective(self, clean: Tensor, surrogate: Recognizer) -> Targets:
        return Targets(clean)


@dataclass(frozen=True, eq=False)
class FIUAPPlus(Method):
    """Every image leaves all clean embeddings of the person: the paper's second baseline. Arguments: see :class:`Method`.

    On unit embeddings its gradient is the class center's: ``mean_j |e - f_j|^2 = |e - c|^2 + mean_j |f_j - c|^2`` with the
    center c, and the last term is constant. The two masks differ by rounding alone.

    Example:
        >>> FIUAPPlus(surrogate, steps=2).fit(ada.train).recipe["method"]
        'FI-UAP+'
    """

    label: ClassVar[str] = "FI-UAP+"

    def objective(self, clean: Tensor, surrogate: Recognizer) -> Targets:
        return EveryTarget(clean)


@dataclass(frozen=True, eq=False)
class OPOM(Method):
    """One person, one mask (arXiv 2205.11981): every image leaves the nearest point of a hull of the clean embeddings.

    Args:
        surrogate: the white-box recognizer, differentiable.
        hull: "center", "affine", "convex" or "reduced".
        warmup: steps on the class center before the hull takes over: near its own corner, a photo's nearest point is almost
            itself, so that steps would be weak and every photo would leave another way. An affine hull gets none.
        dispersal: how much it also counts that the masked photos leave one another: a mask alone moves all of them to
            the same place, where they still match each other. (After Protego, arXiv 2508.02034.)

    The other arguments: see :class:`Method`. The released code solves one problem per image and step in CVXPY; here one
    batched projection serves all images, exact to rounding.

    Example:
        >>> mask = OPOM(surrogate, hull="convex", steps=6).fit(ada.train)
        >>> mask.delta.shape, bool(mask.delta.abs().max() <= 8 / 255)
        (torch.Size([3, 112, 112]), True)
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

    def objective(self, clean: Tensor, surrogate: Recognizer) -> Targets:
        warmup = 0 if self.hull == "affine" else self.warmup
        return HullTargets(clean, hull=self.hull, warmup=warmup, dispersal=self.dispersal)

    def recipe(self) -> dict[str, Any]:
        return {**super().recipe(), "hull": self.hull, "warmup": self.warmup, "dispersal": self.dispersal}


def _groups(people: Sequence[Tensor], most: int) -> Iterator[list[int]]:
    """Indices of people who are learned together: equally many images of each, no more than ``most`` in all."""
    by_count: dict[int, list[int]] = {}
    for index, images in enumerate(people):
        by_count.setdefault(len(images), []).append(index)
    for count, members in by_count.items():
        size = max(1, most // count)
        yield from (members[begin : begin + size] for begin in range(0, len(members), size))
