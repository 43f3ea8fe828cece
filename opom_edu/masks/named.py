"""The methods by the names that tables, commands and widgets call them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opom_edu.masks.baselines import RandomNoise
from opom_edu.masks.optimize import FIUAP, OPOM, FIUAPPlus, Learner
from opom_edu.recognizers import Recognizer


def _opom(hull: str) -> Callable[..., Learner]:
    return lambda surrogate, **parameters: OPOM(surrogate, hull=hull, **parameters)


def _random(surrogate: Recognizer, *, eps: float, seed: int, **_: Any) -> Learner:
    return RandomNoise(eps=eps, seed=seed)


# In the order of a table: baselines first, then the paper's five from the weakest model of an identity to the best.
METHODS: dict[str, Callable[..., Learner]] = {
    "random": _random,
    "fi-uap": FIUAP,
    "fi-uap+": FIUAPPlus,
    "affine": _opom("affine"),
    "center": _opom("center"),
    "convex": _opom("convex"),
    "reduced": _opom("reduced"),
}
PAPER = ("random", "fi-uap", "fi-uap+", "affine", "center", "convex")


def make_method(name: str, surrogate: Recognizer, *, eps: float = 8 / 255, seed: int = 0, **parameters: Any) -> Learner:
    """The method of that name, one of ``METHODS``; other parameters go to the learned ones alone (``steps``, ...).

    Raises:
        ValueError: for an unknown name; the message lists the choices.
    """
    if name not in METHODS:
        raise ValueError(f"unknown method {name!r}; choose one of {', '.join(METHODS)}")
    return METHODS[name](surrogate, eps=eps, seed=seed, **parameters)
