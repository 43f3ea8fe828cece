"""Chapter 0: one person, one mask, one slider."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from opom_edu.evaluation import image_quality
from opom_edu.exercises.verdict import Check
from opom_edu.faces import quantize
from opom_edu.masks import Mask
from opom_edu.recognizers import Recognizer


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


CHECKS: dict[str, tuple[Check, str]] = {
    "0.1": (_largest_change, "No pixel of the photo moved further, and few eyes would notice."),
    "0.2": (_random_noise, "As large, as visible, and as good as useless: what counts is not the size but the direction."),
    "0.3": (_first_no_match, "And a mask learned for so small an epsilon, instead of a clipped one, may do with less."),
}
