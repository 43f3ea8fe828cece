"""The methods by the names that tables, commands and widgets call them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor

from opom_edu.masks.baselines import GDUAP, TIPIM, UAP, FIUAPAll, PerImage, RandomNoise
from opom_edu.masks.learner import Learner
from opom_edu.masks.loop import FIUAP, OPOM, FIUAPPlus, Method
from opom_edu.recognizers import Recognizer

Factory = Callable[..., Learner[Any]]


def _opom(hull: str) -> Factory:
    return lambda surrogate, **parameters: OPOM(surrogate, hull=hull, **parameters)


def _random(surrogate: Recognizer, *, eps: float, seed: int, **_: Any) -> Learner[Any]:
    return RandomNoise(eps=eps, seed=seed)


def _per_image(label: str, method: Callable[..., Method], **fixed: Any) -> Factory:
    return lambda surrogate, **parameters: PerImage(method(surrogate, **(parameters | fixed)), label)


# In the order of a table. One mask per person: the paper's five from the weakest model of an identity to the best.
PERSONAL: dict[str, Factory] = {
    "random": _random,
    "fi-uap": FIUAP,
    "fi-uap+": FIUAPPlus,
    "affine": _opom("affine"),
    "center": _opom("center"),
    "convex": _opom("convex"),
    "reduced": _opom("reduced"),
}
# One mask for everybody, without the person's own photos; and one attack per photo.
UNIVERSAL: dict[str, Factory] = {"gd-uap": GDUAP, "uap": UAP, "fi-uap-all": FIUAPAll}
PER_IMAGE: dict[str, Factory] = {
    "pgd": _per_image("PGD", FIUAP),
    "mi-fgsm": _per_image("MI-FGSM", FIUAP, momentum=1.0),
    "tip-im": _per_image("TIP-IM", TIPIM),
}
METHODS: dict[str, Factory] = {"random": _random, **UNIVERSAL, **PERSONAL, **PER_IMAGE}
PAPER = ("random", "fi-uap", "fi-uap+", "affine", "center", "convex")
WITH_OTHERS = ("uap", "fi-uap-all", "tip-im")


def make_method(
    name: str,
    surrogate: Recognizer,
    *,
    eps: float = 8 / 255,
    seed: int = 0,
    others: Tensor | None = None,
    **parameters: Any,
) -> Learner[Any]:
    """The method of that name, one of ``METHODS``.

    Args:
        others: ``(N, 3, 112, 112)``, photos of people who are not to be protected; goes to those in ``WITH_OTHERS`` alone.
        parameters: go to the learned ones alone (``steps``, ...).

    Raises:
        ValueError: for an unknown name (the message lists the choices), or a method that lacks ``others``.
    """
    check_methods([name])
    if name in WITH_OTHERS:
        if others is None:
            raise ValueError(f"{name} learns from photos of people who are not to be protected; give them as others=")
        parameters["others"] = others
    return METHODS[name](surrogate, eps=eps, seed=seed, **parameters)


def check_methods(names: Iterable[str]) -> None:
    """
    Raises:
        ValueError: for the first name that is not one of ``METHODS``, which the message lists.
    """
    for name in names:
        if name not in METHODS:
            raise ValueError(f"unknown method {name!r}; choose one of {', '.join(METHODS)}")
