"""What a check answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

# (answer, **given) to a hint, or to None where the answer is right.
Check = Callable[..., str | None]


def near(answer: Any, right: float, within: float, *mistakes: tuple[float, str], otherwise: str) -> str | None:
    """None for the right number; else the hint to the first of the ``mistakes`` that gives this one, or ``otherwise``."""
    value = float(answer)
    for number, hint in ((right, None), *mistakes):
        if abs(value - number) < within:
            return hint
    return otherwise


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
