"""Chapter 1: faces, embeddings, galleries, thresholds."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from opom_edu.evaluation import roc, threshold_at
from opom_edu.exercises.verdict import Check
from opom_edu.recognizers import Recognizer


def _similarity(answer: Any, *, recognizer: Recognizer, first: Tensor, second: Tensor) -> str | None:
    one, two = recognizer.embed(torch.stack([first, second]))
    value, right = float(answer), float(one @ two)
    if abs(value - right) < 0.006:
        return None
    if abs(value - float((one - two).norm())) < 0.006:
        return "This is the distance of the two points. The similarity is the cosine of the angle between them."
    if not -1 <= value <= 1:
        return "A cosine lies between -1 and 1. Are both vectors embeddings, of length 1?"
    return "Embed both photos, multiply number by number, and add up. Photos count from 0."


def _strict(answer: Any, *, genuine: Tensor, impostor: Tensor, fmr: float) -> str | None:
    value = float(answer)
    found, tar = (100 * float((values > value).float().mean()) for values in (impostor, genuine))
    if found > 100 * fmr:
        return f"This threshold has a false-match rate of {found:.2f} %, which is more than {100 * fmr:g} %."
    best = 100 * float((genuine > threshold_at(impostor, fmr)).float().mean())
    if tar < best - 1e-6:
        return f"Strict enough, but it accepts only {tar:.1f} % of the genuine pairs, and a lower one accepts more."
    return None


def _balance(answer: Any, *, genuine: Tensor, impostor: Tensor) -> str | None:
    value = float(answer)
    matched, rejected = float((impostor > value).float().mean()), float((genuine <= value).float().mean())
    curve = roc(genuine, impostor)
    least = float((curve["fmr"] - (1 - curve["tar"])).abs().min())
    # At a pair's own similarity "above" and "at or above" differ by that pair.
    if abs(matched - rejected) <= least + 1 / len(genuine) + 1e-9:
        return None
    told = (
        f"{100 * matched:.2f} % of the impostor pairs are matched, and {100 * rejected:.2f} % of the genuine ones rejected"
    )
    return f"{told}: the threshold is too {'low' if matched > rejected else 'high'}."


def _allowed(answer: Any, *, strangers: int, allowed: float) -> str | None:
    value = float(answer)
    right = 1 - (1 - allowed) ** (1 / strangers)
    if abs(value - right) <= 0.02 * right:
        return None
    if not 0 < value < 1:
        return "A share between 0 and 1 is wanted."
    if abs(value - allowed / strangers) <= 1e-3 * allowed / strangers:
        return "A good approximation while the result is small, but it counts a search with two false matches twice."
    return f"With this rate, {100 * (1 - (1 - value) ** strangers):.2g} % of the searches match a stranger."


CHECKS: dict[str, tuple[Check, str]] = {
    "1.1": (_similarity, "One number for two photos; whether it is a match, only a threshold can say."),
    "1.2": (_strict, "Now look at the genuine pairs below it: these are the people locked out."),
    "1.3": (
        _balance,
        "The equal error rate is one number for a whole ROC; who must not let strangers in works far left of it.",
    ),
    "1.4": (_allowed, "A thousand strangers ask for a rate near one in ten thousand. What would a million ask for?"),
}
