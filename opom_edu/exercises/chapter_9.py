"""Chapter 9: limits and the arms race."""

from __future__ import annotations

from typing import Any

import pandas as pd
from torch import Tensor

from opom_edu.evaluation import severest
from opom_edu.exercises.verdict import Check, near
from opom_edu.faces import check_images


def _costliest(answer: Any, *, table: pd.DataFrame) -> str | None:
    left = severest(table).groupby("transformation", sort=False)["psr_1"].mean()
    if answer not in left.index:
        return f"The name of a transformation is wanted, one of {', '.join(left.index)}."
    if left[answer] > left.min():
        return f"There a PSR of {left[answer]:.0f} % is left; elsewhere it is less."
    return None


def _cleaned(answer: Any, *, clean: Tensor, protected: Tensor) -> str | None:
    check_images(answer, name="the answer")
    if answer.shape != clean.shape:
        return f"Photos of shape {tuple(clean.shape)} are wanted, got {tuple(answer.shape)}."
    error, before = (float((images - clean).square().mean()) for images in (answer, protected))
    if error == 0:
        return "These are the clean photos themselves. The adversary does not have them: start from the protected ones."
    if error >= before:
        return "These are no closer to the clean photos than the protected ones are. Is the estimate subtracted, not added?"
    return None


def _found_again(answer: Any, *, table: pd.DataFrame) -> str | None:
    missed = table.groupby("masked")["psr_1"].mean()
    one_side = "There only one side is masked. Take the rows in which both are."
    return near(
        answer, 100 - missed["both"], 0.05,
        (missed["both"], "That is the PSR, the share that is missed. How many are found?"),
        (100 - missed["probe"], one_side), (100 - missed["gallery"], one_side),
        otherwise="A mean over recognizers is wanted, in percent: 100 less the PSR of the rows with both sides masked.",
    )  # fmt: skip


def _unseen(answer: Any, *, table: pd.DataFrame, method: str, share: float) -> str | None:
    visible = table[table["method"] == method].groupby("levels")["visible"].mean()
    few = visible[visible < share]
    value, largest = float(answer), float(few.index.max()) if len(few) else 0.0
    if not (abs(visible.index - value) < 1e-3).any():
        return f"One of the tried sizes is wanted: {', '.join(f'{level:g}' for level in visible.index)}."
    if value > largest + 1e-3:
        return f"At this size too many pixels change visibly: less than {share:.0%} are wanted."
    if value < largest - 1e-3:
        return "Few enough, but a larger one would do too."
    return None


CHECKS: dict[str, tuple[Check, str]] = {
    "9.1": (_costliest, "Would a photo that went through this still be shown to anybody? Then it is a limit that matters."),
    "9.2": (
        _cleaned,
        "And that without a clean photo, a recognizer or a gradient: two photos more, and it is closer still.",
    ),
    "9.3": (_found_again, "One mask moves all photos to the same place, where they meet again."),
    "9.4": (_unseen, "Now look up what this mask is worth: that is the trade."),
}
