"""Checks of the notebooks' exercises: they say whether an answer is right, and hint without giving it away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

from torch import Tensor

from opom_edu.evaluation import image_quality
from opom_edu.faces import quantize
from opom_edu.masks import Mask
from opom_edu.recognizers import Recognizer

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


def check(exercise: str, answer: Any, **given: Any) -> Verdict:
    """Check the answer to an exercise.

    Args:
        exercise: its name, as the notebook writes it.
        answer: what was found; the blank ``...`` is never right.
        given: what the exercise started from.

    Raises:
        ValueError: for an unknown exercise; the message lists the choices.
    """
    if exercise not in CHECKS:
        raise ValueError(f"unknown exercise {exercise!r}; choose one of {', '.join(CHECKS)}")
    if answer is ...:
        return Verdict(False, "Put your answer in place of the three dots, run that cell, then this one.")
    test, praise = CHECKS[exercise]
    try:
        hint = test(answer, **given)
    except (TypeError, ValueError) as error:
        hint = f"The check cannot read this answer: {error}"
    return Verdict(hint is None, praise if hint is None else hint)


def _largest_change(answer: Any, *, before: Tensor, after: Tensor) -> str | None:
    right = float((quantize(after) - quantize(before)).abs().max()) * 255
    value = float(answer)
    if abs(value * 255 - right) < 0.5 and value < 1:
        return "This is a share of the range 0 to 1. Gray levels run from 0 to 255."
    if abs(value - right) < 0.5:
        return None
    return "Subtract the photos, and mind that a change may be downward as well as upward."


def _random_noise(answer: Any, *, mask: Mask) -> str | None:
    if not isinstance(answer, Mask):
        return f"A Mask is wanted, this is a {type(answer).__name__}. RandomNoise, like OPOM, answers to .fit(images)."
    if answer.recipe.get("method") != "random noise":
        return "This mask was learned. For noise, nothing looks at a recognizer: see opom_edu.masks.RandomNoise."
    if abs(answer.eps - mask.eps) > 1e-6:
        return f"A fair comparison has equal sizes; this noise has {answer.eps * 255:g} levels. The mask's size is mask.eps."
    return None


def _first_no_match(
    answer: Any, *, recognizer: Recognizer, mask: Mask, photo: Tensor, enrolled: Tensor, threshold: float
) -> str | None:
    value = float(answer)
    if value != int(value) or not 0 <= value <= round(mask.eps * 255):
        return f"A whole number of gray levels from 0 to {mask.eps * 255:g} is wanted."
    photos = [quantize(mask.apply(photo, eps=level / 255)) for level in (max(value - 1, 0), value)]
    below, here = (float((recognizer.embed(p) @ recognizer.embed(enrolled).T).item()) for p in photos)
    if here > threshold:
        return "At this level it is still a match: the similarity exceeds the threshold."
    if value and below <= threshold:
        psnr = float(image_quality(photo, photos[0])["psnr"].iloc[0])
        return f"No match here, but a smaller mask, of {psnr:.0f} dB, does it too."
    return None


# The chapter's number, then the exercise's.
CHECKS: dict[str, tuple[Check, str]] = {
    "0.1": (_largest_change, "No pixel of the photo moved further, and few eyes would notice."),
    "0.2": (_random_noise, "As large, as visible, and as good as useless: what counts is not the size but the direction."),
    "0.3": (_first_no_match, "And a mask learned for so small an epsilon, instead of a clipped one, may do with less."),
}
