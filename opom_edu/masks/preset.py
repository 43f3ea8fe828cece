"""A preset for masks that transfer, and the way there, one aid more at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opom_edu.masks.gradients import Aid, perceptual_budget
from opom_edu.masks.loop import OPOM
from opom_edu.masks.transforms import Transform, random_affine, random_flip, random_spectrum, random_warp
from opom_edu.recognizers import Recognizer

TRANSFORMS: Sequence[Transform] = (random_flip(), random_affine(5, 0.05, 0.04, 0.5), random_warp(), random_spectrum())
AIDS: Sequence[Aid] = (perceptual_budget(0.87),)
STEPS = 100


def strong(surrogate: Recognizer, eps: float = 8 / 255, seed: int = 0, *, steps: int = STEPS) -> OPOM:
    """OPOM with momentum and the aids that did well on recognizers it had not seen, held to an SSIM of 0.87.

    Without that bound a hundred steps fill the whole of ±eps, and the mask shows more than the one of 16 plain steps. What
    each aid is worth, and on whom it was tried: ``benchmarks/strong.py``.

    Args:
        surrogate: the white-box recognizer, differentiable.
        eps: budget, the largest change of a pixel, from 0 to 1.
        seed: of the noise and of the transforms.
        steps: fewer are quicker.
    """
    return ladder(surrogate, eps=eps, seed=seed, steps=steps)["+ budget"]


def ladder(surrogate: Recognizer, **parameters: Any) -> dict[str, OPOM]:
    """From OPOM with momentum to :func:`strong`, by what each rung adds.

    Args:
        parameters: of all of them, see :class:`opom_edu.OPOM`; 100 steps, if not given.
    """
    given = {"steps": STEPS, "momentum": 1.0} | parameters
    return {
        "momentum": OPOM(surrogate, **given),
        "+ flips": OPOM(surrogate, transforms=TRANSFORMS[:1], **given),
        "+ affine": OPOM(surrogate, transforms=TRANSFORMS[:2], **given),
        "+ warp": OPOM(surrogate, transforms=TRANSFORMS[:3], **given),
        "+ spectrum": OPOM(surrogate, transforms=TRANSFORMS, **given),
        "+ budget": OPOM(surrogate, transforms=TRANSFORMS, aids=AIDS, **given),
    }
