"""What a mask per person has to beat: noise, one mask for everybody, and an attack on every single photo."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from opom_edu.masks.gradients import convolutions
from opom_edu.masks.learner import Learner, OnStep, Step, check_training, learning
from opom_edu.masks.mask import Mask, check_eps, plain
from opom_edu.masks.objectives import Impersonation, LogNorms, Targets
from opom_edu.masks.opom import FIUAP, Method
from opom_edu.recognizers import Recognizer


@dataclass(frozen=True)
class RandomNoise(Learner[Mask]):
    """Every pixel up or down by ``eps``, by the toss of a coin: as large as a mask may be, and nothing learned.

    Example:
        >>> noise = RandomNoise(eps=8 / 255, seed=1).fit(ada.train)
        >>> sorted({round(255 * value) for value in noise.delta.flatten().tolist()})
        [-8, 8]
    """

    _: KW_ONLY
    eps: float = 8 / 255
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "eps", check_eps(self.eps))
        object.__setattr__(self, "seed", plain(self.seed))

    @property
    def name(self) -> str:
        return "random noise"

    def iterate(self, images: Tensor) -> Iterator[Step]:
        """A single step, without embeddings: nothing is learned."""
        nothing = torch.empty(0, 0, dtype=torch.float32)
        yield Step(0, 1.0, torch.tensor(0.0, dtype=torch.float32), nothing, nothing, self.fit(images).delta)

    @learning
    def fit_many(self, people: Sequence[Tensor], on_step: OnStep | None = None) -> list[Mask]:
        """One mask for each person; ``on_step`` is never called, for nothing is learned.

        Raises:
            ValueError: for images that are not a batch of aligned crops.
        """
        return [self._draw(check_training(images)) for images in people]

    def _draw(self, images: Tensor) -> Mask:
        generator = torch.Generator().manual_seed(self.seed)
        signs = torch.randint(0, 2, images.shape[1:], generator=generator).to(torch.float32) * 2 - 1
        return Mask(signs * self.eps, self.eps, {"method": self.name, "seed": self.seed})


@dataclass(frozen=True, eq=False)
class FromOthers(Method):
    """A method that learns from photos of people who are not to be protected."""

    _: KW_ONLY
    others: Tensor

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.others, Tensor):
            hint = "torch.cat([person.train for person in ...])"
            raise ValueError(f"others must be one batch of photos of other people: {hint}")
        check_training(self.others)

    def recipe(self) -> dict[str, Any]:
        return {**super().recipe(), "others": len(self.others)}


class Universal(Method):
    """One mask for everybody, learned without the people it is given to; their photos are checked and left alone."""

    @abstractmethod
    def photos(self) -> Tensor:
        """What it learns on, ``(N, 3, 112, 112)`` in [0, 1]."""

    def iterate(self, images: Tensor, start: Tensor | None = None) -> Iterator[Step]:
        """Learn everybody's mask step by step, from ``start`` or from noise; ``images`` are not learned from.

        Raises:
            ValueError: for images that are not a batch of aligned crops.
        """
        check_training(images)
        return super().iterate(self.photos(), start)

    @learning
    def fit_many(
        self, people: Sequence[Tensor], on_step: OnStep | None = None, *, memory: float | None = None
    ) -> list[Mask]:
        """The same mask for each person; it is learned once in a call.

        Raises:
            ValueError: for images that are not a batch of aligned crops.
        """
        for images in people:
            check_training(images)
        return super().fit_many([self.photos()], on_step, memory=memory) * len(people)


@dataclass(frozen=True, eq=False)
class FIUAPAll(Universal, FromOthers, FIUAP):
    """FI-UAP for everybody: each photo of ``others``, people who are not to be protected, leaves its own clean embedding.

    Args:
        others: ``(N, 3, 112, 112)`` in [0, 1], best several photos of each of many people.

    The other arguments: see :class:`opom_edu.masks.Method`.

    Example:
        >>> FIUAPAll(surrogate, steps=2, others=people.distractors).fit(ada.train).recipe["method"]
        'FI-UAP all'
    """

    label: ClassVar[str] = "FI-UAP all"

    def photos(self) -> Tensor:
        return self.others


@dataclass(frozen=True, eq=False)
class UAP(FIUAPAll):
    """The universal perturbation: as :class:`FIUAPAll`, but each step sees ``batch`` of the photos, drawn at random.

    Moosavi-Dezfooli et al. (CVPR 2017, arXiv 1610.08401) go through the photos one by one with a minimal perturbation each;
    this is the stochastic sign ascent of Shafahi et al. (AAAI 2020, arXiv 1811.11304). Every step stands alone, so that
    ``momentum`` has no effect.

    Example:
        >>> UAP(surrogate, steps=2, others=people.distractors).fit(ada.train).recipe["method"]
        'UAP'
    """

    _: KW_ONLY
    batch: int = 10

    label: ClassVar[str] = "UAP"

    def ascend(self, images: Tensor, surrogate: Recognizer, start: Tensor | None = None) -> Iterator[Step]:
        """The loop, a step at a time on other photos."""
        generator = torch.Generator().manual_seed(self.seed)
        for index in range(self.steps):
            chosen = torch.randperm(images.shape[1], generator=generator)[: self.batch]
            one = replace(self, steps=1, seed=self.seed + index)
            step = next(Method.ascend(one, images[:, chosen], surrogate, start))
            start = step.delta[0]
            yield replace(step, index=index, progress=(index + 1) / self.steps)


@dataclass(frozen=True, eq=False)
class GDUAP(Universal):
    """A universal mask without any photo: on plain gray it drives up the activations of all convolutions.

    Mopuri et al., TPAMI 2019, arXiv 1801.08092, without their stopping rule. Arguments: see :class:`opom_edu.masks.Method`.

    Raises:
        ValueError: for a surrogate without convolutions.

    Example:
        >>> GDUAP(surrogate, steps=2).fit(ada.train).recipe["method"]
        'GD-UAP'
    """

    label: ClassVar[str] = "GD-UAP"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not convolutions(self.surrogate):
            raise ValueError(f"GD-UAP drives up the activations of convolutions, and {self.surrogate.name} has none")

    def photos(self) -> Tensor:
        return torch.full((1, 3, 112, 112), 0.5, dtype=torch.float32)

    def objective(self, clean: Tensor, surrogate: Recognizer) -> Targets:
        return LogNorms(clean)

    def embed(self, images: Tensor, surrogate: Recognizer) -> Tensor:
        """In place of an embedding, the norms of all convolutions' outputs, ``(P, K, layers)``."""
        norms: list[Tensor] = []

        def note(_layer: nn.Module, _inputs: Any, output: Tensor) -> None:
            norms.append(output.flatten(1).norm(dim=1))

        with ExitStack() as hooks:
            for layer in convolutions(surrogate):
                hooks.enter_context(layer.register_forward_hook(note))
            surrogate.embed(images.flatten(0, 1))
        return torch.stack(norms, dim=-1).unflatten(0, images.shape[:2])


@dataclass(frozen=True, eq=False)
class TIPIM(FromOthers):
    """Every image leaves its own clean embedding for the nearest one of other people's.

    After TIP-IM (Yang et al., ICCV 2021, arXiv 2003.06814), which also keeps the picture natural by a term of its own, and
    tries several targets at each step where this takes the nearest. Made to be used photo by photo, see :class:`PerImage`.

    Args:
        others: ``(N, 3, 112, 112)`` in [0, 1], photos of people to be mistaken for.

    Example:
        >>> TIPIM(surrogate, steps=2, others=people.distractors).fit(ada.train).recipe["method"]
        'TIP-IM'
    """

    label: ClassVar[str] = "TIP-IM"

    def objective(self, clean: Tensor, surrogate: Recognizer) -> Targets:
        return Impersonation(clean, surrogate.embed(self.others))


@dataclass(frozen=True, eq=False)
class PerImageMask:
    """Protects photos as a :class:`Mask` does, but learns a mask of its own for each of them whenever they are new to it.

    Attributes:
        method: that learns, from each photo by itself.
        recipe: as a mask's.

    Example:
        >>> own = PerImage(FIUAP(surrogate, steps=2), "FIM").fit(ada.train)
        >>> own.apply(ada.test[:1]).shape
        torch.Size([1, 3, 112, 112])
    """

    method: Method
    recipe: Mapping[str, Any]
    _last: list[Tensor] = field(default_factory=list, init=False, repr=False)

    @property
    def eps(self) -> float:
        """Budget, the largest change of a pixel, 0 to 1."""
        return self.method.eps

    def apply(self, images: Tensor) -> Tensor:
        """The protected images. Those of the last call are kept, for several recognizers are measured on the same photos."""
        if not self._last or not torch.equal(self._last[0], images):
            masks = self.method.fit_many(list(images.unsqueeze(1)))
            protected = [mask.apply(image[None]) for mask, image in zip(masks, images, strict=True)]
            self._last[:] = [images, torch.cat(protected)]
        return self._last[1]


@dataclass(frozen=True, eq=False)
class PerImage(Learner[PerImageMask]):
    """An attack on every single photo: ``method`` with that photo as its only one.

    With :class:`opom_edu.FIUAP` it is PGD away from the clean embedding (Madry et al., ICLR 2018), and with momentum MI-FGSM
    (Dong et al., CVPR 2018). There is nothing to learn beforehand; every new photo costs as much as a whole mask does for
    one training photo, and needs the surrogate at hand.

    Args:
        method: see :class:`opom_edu.masks.Method`.
        label: what tables call it.

    Example:
        >>> made = PerImage(FIUAP(surrogate, steps=2), "FIM")
        >>> made.name, made.passes_per_photo
        ('FIM', 2)
    """

    method: Method
    label: str

    @property
    def eps(self) -> float:  # type: ignore[override]
        """Budget, the largest change of a pixel, 0 to 1."""
        return self.method.eps

    @property
    def passes_per_photo(self) -> int:
        return self.method.steps

    @property
    def name(self) -> str:
        return self.label

    def iterate(self, images: Tensor) -> Iterator[Step]:
        """The attack on these photos step by step; every tensor has one more dimension in front, the photos."""
        return self.method.ascend(check_training(images).unsqueeze(1), self.method.surrogate.frozen())

    @learning
    def fit_many(self, people: Sequence[Tensor], on_step: OnStep | None = None) -> list[PerImageMask]:
        """For each person what will attack their photos; nothing is learned from the photos given.

        Raises:
            ValueError: for images that are not a batch of aligned crops.
        """
        for images in people:
            check_training(images)
        return [PerImageMask(self.method, {**self.method.recipe(), "method": self.label}) for _ in people]
