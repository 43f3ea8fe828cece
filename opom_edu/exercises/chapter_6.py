"""Chapter 6: the epsilon lab."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import torch

from opom_edu.exercises.verdict import Check, near
from opom_edu.masks import Mask


def _hardest(answer: Any, *, table: pd.DataFrame) -> str | None:
    rates = table[table["method"] == "OPOM"].set_index("recognizer")["psr_1"]
    if not isinstance(answer, str) or answer not in rates.index:
        return f"The name of a recognizer in the table is wanted: {', '.join(rates.index)}."
    if rates[answer] > rates.min():
        return "Another one has a lower PSR. Look at the rows of OPOM alone, and at psr_1."
    return None


def _clipped(answer: Any, *, large: Mask) -> str | None:
    if not isinstance(answer, Mask):
        return f"A Mask is wanted, this is a {type(answer).__name__}. Build one: Mask(delta, eps, recipe)."
    if abs(answer.eps * 255 - 4) > 1e-3:
        return f"This mask says that its epsilon is {answer.eps * 255:g} levels; 4 are wanted."
    if torch.allclose(answer.delta, large.delta / 4, atol=1e-6):
        return "This is the large mask made smaller as a whole. Clipping leaves small values alone and cuts large ones."
    if not torch.allclose(answer.delta, large.delta.clamp(-answer.eps, answer.eps), atol=1e-6):
        return "Start from large.delta, and cut off what lies beyond 4 levels on either side."
    return None


def _enough(answer: Any, *, levels: Sequence[float], psr: Sequence[float]) -> str | None:
    if answer not in levels:
        return f"One of {', '.join(map(str, levels))} is wanted."
    reached = [level for level, rate in zip(levels, psr, strict=True) if rate >= psr[-1] / 2]
    if answer < min(reached):
        return "At this size the rate is still below half of the last one."
    if answer > min(reached):
        return "That is large enough, but a smaller one would do."
    return None


def _psnr(answer: Any, *, eps: float) -> str | None:
    right = 10 * math.log10(1 / eps**2)
    return near(
        answer, right, 0.05,
        (right / 2, "Mind the square: the error is squared before the mean and the logarithm."),
        (-right, "The ratio is upside down."),
        otherwise="If every value moves by the same amount, the mean squared error is that amount squared.",
    )  # fmt: skip


CHECKS: dict[str, tuple[Check, str]] = {
    "6.1": (_hardest, "A mask is as good as the recognizer that it does not fool."),
    "6.2": (_clipped, "It is no longer what a learner would choose under the smaller bound: the two are worth comparing."),
    "6.3": (_enough, "The first levels buy the most; what is enough depends on who is looking, and who is searching."),
    "6.4": (_psnr, "A mask's PSNR at this epsilon lies a little above: not every pixel is moved as far as it may."),
}
