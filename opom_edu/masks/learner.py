"""What every method of making masks answers to, baselines included, and a step of learning as it is told."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Generic, TypeVar, cast

import torch
from torch import Tensor

from opom_edu.faces.images import SIZE, check_images
from opom_edu.masks.mask import Cloak


@dataclass(frozen=True, eq=False)
class Step:
    """One step of the loop, for progress bars and live figures.

    With :meth:`Method.fit_many` every tensor has one more dimension in front, the people worked on together.

    Attributes:
        index: of this step, counted from 0.
        progress: share of the whole call that is done after this step, up to 1.
        loss: ``()``, of the masked images as they entered the step.
        embeddings, targets: ``(K, D)``, of the masked images as they entered the step, and what they were to leave.
        delta: ``(3, H, W)``, the mask after the step.

    Example:
        >>> step = next(OPOM(surrogate, steps=4).iterate(ada.train))
        >>> step.index, step.progress, step.embeddings.shape, step.delta.shape
        (0, 0.25, torch.Size([10, 128]), torch.Size([3, 112, 112]))
    """

    index: int
    progress: float
    loss: Tensor
    embeddings: Tensor
    targets: Tensor
    delta: Tensor

    def of(self, person: int) -> Step:
        """The step of one of several people."""
        parts = {name: getattr(self, name)[person] for name in ("loss", "embeddings", "targets", "delta")}
        return replace(self, **parts)


OnStep = Callable[[Step], None]
Fit = TypeVar("Fit", bound=Callable[..., Any])
Made = TypeVar("Made", bound=Cloak, covariant=True)


class Learner(ABC, Generic[Made]):
    """The verbs that every method of making masks answers to, baselines included.

    Example:
        >>> isinstance(OPOM(surrogate), Learner), OPOM(surrogate).name
        (True, 'OPOM convex')
    """

    eps: float

    @property
    def passes_per_photo(self) -> int:
        """Gradients that each further protected photo costs; none where one mask serves them all."""
        return 0

    @property
    @abstractmethod
    def name(self) -> str:
        """What tables call the method."""

    @abstractmethod
    def iterate(self, images: Tensor) -> Iterator[Step]:
        """Learn one person's mask step by step; the last step's ``delta`` is the mask that :meth:`fit` returns."""

    @abstractmethod
    def fit_many(self, people: Sequence[Tensor], on_step: OnStep | None = None) -> Sequence[Made]:
        """One mask for each person; ``people`` holds their images, each ``(K, 3, 112, 112)`` in [0, 1]."""

    def fit(self, images: Tensor, on_step: OnStep | None = None) -> Made:
        """One mask for the person in ``images (K, 3, 112, 112)``, in [0, 1].

        Args:
            on_step: called after every step with a :class:`Step`, for instance to move a progress bar.

        Raises:
            ValueError: for images that are not such a batch.
        """
        single = None if on_step is None else lambda step: on_step(step.of(0))
        return self.fit_many([images], single)[0]


def learning(fit_many: Fit) -> Fit:
    """A ``fit_many`` that also learns where its caller has switched gradients off by ``torch.inference_mode``."""

    @wraps(fit_many)
    def outside(method: Any, people: Any, *arguments: Any, **named: Any) -> Any:
        if not torch.is_inference_mode_enabled():
            return fit_many(method, people, *arguments, **named)
        with torch.inference_mode(False):  # copies of what was made inside can be learned from
            if isinstance(people, Sequence):
                people = [images.clone() if isinstance(images, Tensor) else images for images in people]
            return fit_many(method, people, *arguments, **named)

    return cast(Fit, outside)


def check_training(images: Tensor) -> Tensor:
    """Return ``images`` if they are a batch of at least one aligned crop.

    Raises:
        ValueError: if they are not, or where ``torch.inference_mode`` makes learning impossible.

    Example:
        >>> check_training(ada.train).shape
        torch.Size([10, 3, 112, 112])
    """
    if torch.is_inference_mode_enabled():
        raise ValueError("no mask can be learned step by step inside torch.inference_mode; use fit, or torch.no_grad there")
    check_images(images, size=SIZE, name="training images")
    if not len(images):
        raise ValueError("training images are empty; give at least one, better ten")
    return images
