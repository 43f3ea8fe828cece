"""Forms of answers that several chapters ask for: a function, and a prediction with its measurement."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from opom_edu.exercises.verdict import near, number


def array_of(function: Any, shape: tuple[int, ...], *given: Any) -> NDArray[np.float64]:
    """What a student's function returns for ``given``, as an array of finite numbers of this shape.

    Raises:
        ValueError: for what is no function, and for what it should not return.

    Example:
        >>> array_of(lambda x: [x, x], (2,), 3)
        array([3., 3.])
    """
    if not callable(function):
        raise ValueError("a function is wanted, without the parentheses behind its name")
    found = function(*given)
    if found is None:
        raise ValueError("the function returns nothing; does it end with return?")
    values = np.asarray(found, float)
    if values.shape != shape:
        raise ValueError(f"the function should return the shape {shape}, it returns {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("the function returns values that are not finite")
    return values


def measured(answer: Any, right: float, within: float, *mistakes: tuple[float, str], otherwise: str) -> str | None:
    """None if the second of two numbers, the measurement, is right; the first, the prediction, may be any number.

    Example:
        >>> measured((70, 50.2), 50, 0.5, otherwise="Divide.")
    """
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        return "Two numbers are wanted: (your prediction, what you measured)."
    number(answer[0])
    return near(answer[1], right, within, *mistakes, otherwise=otherwise)
