"""What a check answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

# (answer, **given) to a hint, or to None where the answer is right.
Check = Callable[..., str | None]


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right; ``text`` is praise or a hint. A notebook shows it where the check is the last line."""

    right: bool
    text: str

    def __repr__(self) -> str:
        return f"{'✓ Right.' if self.right else '✗ Not yet.'} {self.text}"

    def _repr_html_(self) -> str:
        return f'<b role="status">{"✓ Right." if self.right else "✗ Not yet."}</b> {escape(self.text)}'
