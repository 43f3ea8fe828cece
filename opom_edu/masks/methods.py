"""The one table of methods: by name, what each builds, and for whom it learns one mask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import Tensor

from opom_edu.masks.baselines import GDUAP, TIPIM, UAP, FIUAPAll, PerImage, RandomNoise
from opom_edu.masks.learner import Learner
from opom_edu.masks.opom import FIUAP, OPOM, FIUAPPlus
from opom_edu.recognizers import Recognizer


@dataclass(frozen=True)
class NamedMethod:
    """A row of the table.

    Attributes:
        build: from a surrogate and keyword arguments to the method.
        one_for: for whom it learns one mask: "nobody" (noise), "everybody", a "person", or a "photo".
        paper: whether the paper's main comparison has it.
        others: whether it learns from photos of other people.
    """

    build: Callable[..., Learner[Any]]
    one_for: str = "person"
    paper: bool = False
    others: bool = False


def _random(surrogate: Recognizer, *, eps: float, seed: int, **_: Any) -> Learner[Any]:
    return RandomNoise(eps=eps, seed=seed)


def _per_photo(method: Callable[..., Any], label: str, surrogate: Recognizer, /, **parameters: Any) -> Learner[Any]:
    return PerImage(method(surrogate, **parameters), label)


def _mi_fgsm(surrogate: Recognizer, **parameters: Any) -> Learner[Any]:
    return PerImage(FIUAP(surrogate, **(parameters | {"momentum": 1.0})), "MI-FGSM")


# In the order of a results table: the paper's five from the weakest model of an identity to the best.
METHODS: dict[str, NamedMethod] = {
    "random": NamedMethod(_random, "nobody", paper=True),
    "gd-uap": NamedMethod(GDUAP, "everybody"),
    "uap": NamedMethod(UAP, "everybody", others=True),
    "fi-uap-all": NamedMethod(FIUAPAll, "everybody", others=True),
    "fi-uap": NamedMethod(FIUAP, paper=True),
    "fi-uap+": NamedMethod(FIUAPPlus, paper=True),
    "affine": NamedMethod(partial(OPOM, hull="affine"), paper=True),
    "center": NamedMethod(partial(OPOM, hull="center"), paper=True),
    "convex": NamedMethod(partial(OPOM, hull="convex"), paper=True),
    "reduced": NamedMethod(partial(OPOM, hull="reduced")),
    "pgd": NamedMethod(partial(_per_photo, FIUAP, "PGD"), "photo"),
    "mi-fgsm": NamedMethod(_mi_fgsm, "photo"),
    "tip-im": NamedMethod(partial(_per_photo, TIPIM, "TIP-IM"), "photo", others=True),
}
LEARNED = tuple(name for name, entry in METHODS.items() if entry.one_for == "person")


def find_method(name: str) -> NamedMethod:
    """The row of that name.

    Raises:
        ValueError: for an unknown name; the message lists the choices.

    Example:
        >>> find_method("convex").one_for
        'person'
    """
    if name not in METHODS:
        raise ValueError(f"unknown method {name!r}; choose one of {', '.join(METHODS)}")
    return METHODS[name]


def make_method(
    name: str, surrogate: Recognizer, *, eps: float = 8 / 255, seed: int = 0, others: Tensor | None = None, **parameters: Any
) -> Learner[Any]:
    """The method of that name, one of ``METHODS``.

    Args:
        surrogate: the white-box recognizer, differentiable; noise does without.
        eps: budget, the largest change of a pixel, 0 to 1.
        seed: of all that is random.
        others: ``(N, 3, 112, 112)``, photos of people who are not to be protected; only methods that need them get them.
        parameters: go to the learned ones alone (``steps``, ...).

    Raises:
        ValueError: for an unknown name (the message lists the choices), or a method that lacks ``others``.

    Example:
        >>> from opom_edu import load_recognizer
        >>> make_method("affine", load_recognizer("ir-softmax"), steps=8).name
        'OPOM affine'
    """
    entry = find_method(name)
    if entry.others:
        if others is None:
            raise ValueError(f"{name} learns from photos of people who are not to be protected; give them as others=")
        parameters["others"] = others
    return entry.build(surrogate, eps=eps, seed=seed, **parameters)
