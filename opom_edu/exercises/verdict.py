"""What an exercise is, and what its check answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any, Literal, NamedTuple

# An answer to a hint, or to None where the answer is right. It trusts nothing but the answer: the truth is computed anew.
Check = Callable[..., str | None]
Kind = Literal["write", "predict", "criticize", "compute", "look up"]


class Exercise(NamedTuple):
    """An exercise that is checked: what it trains, its check, and the praise for a right answer.

    Example:
        >>> Exercise("compute", lambda answer: None if answer == 4 else "Count again.", "Four it is.").kind
        'compute'
    """

    kind: Kind
    check: Check
    praise: str


def number(answer: Any) -> float:
    """An answer as one finite number: a float, an int, or an array or tensor that holds a single value.

    Raises:
        ValueError: for anything else.

    Example:
        >>> number(np.float32(2))
        2.0
    """
    if isinstance(answer, (str, bytes, bool)) or answer is None:
        raise ValueError(f"a number is wanted, this is {answer!r}")
    value = float(answer)
    if not math.isfinite(value):
        raise ValueError(f"a finite number is wanted, this is {value}")
    return value


def near(answer: Any, right: float, within: float, *mistakes: tuple[float, str], otherwise: str) -> str | None:
    """None for the right number; else the hint to the first of the ``mistakes`` that gives this one, or ``otherwise``.

    Example:
        >>> near(0.51, 0.5, 0.02, (1.0, "That is the whole."), otherwise="Divide.")
    """
    value = number(answer)
    for wanted, hint in ((right, None), *mistakes):
        if abs(value - wanted) <= within:
            return hint
    return otherwise


def one_of(answer: Any, choices: Any, what: str) -> str | None:
    """A hint that lists the choices where an answer is none of them.

    Example:
        >>> one_of("cente", ("center", "convex"), "a hull")
        "The name of a hull is wanted: center, convex; this is 'cente'."
    """
    names = list(map(str, choices))
    if isinstance(answer, str) and answer in names:
        return None
    return f"The name of {what} is wanted: {', '.join(names)}; this is {str(answer)[:60]!r}."


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right; ``text`` is praise or a hint. A notebook shows it where the check is the last line.

    Example:
        >>> Verdict(right=False, text="not yet").right
        False
    """

    right: bool
    text: str

    def __repr__(self) -> str:
        return f"{'✓ Right.' if self.right else '✗ Not yet.'} {self.text}"

    def _repr_html_(self) -> str:
        return f'<b role="status">{"✓ Right." if self.right else "✗ Not yet."}</b> {escape(self.text)}'
