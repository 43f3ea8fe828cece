"""The preset that transfers best, and the way there, one aid more at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opom_edu.masks.aids import Aid, feature_dropout
from opom_edu.masks.optimize import OPOM
from opom_edu.masks.transfer import Transform, random_affine, random_flip, random_light, random_resize
from opom_edu.recognizers import Recognizer

TRANSFORMS: Sequence[Transform] = (random_flip(), random_affine(20, 0.3, 0.1), random_resize(0.3), random_light(0.5))
AIDS: Sequence[Aid] = (feature_dropout(0.2),)
STEPS = 100


def strong(surrogate: Recognizer, eps: float = 8 / 255, seed: int = 0, *, steps: int = STEPS) -> OPOM:
    """OPOM with the aids to transferability that together did best on recognizers it had not seen.

    They were chosen by ``benchmarks/strong.py`` on some people and are reported there on others. A step takes about twice
    the time of a plain one.

    Args:
        surrogate: the white-box recognizer, differentiable.
        eps: budget, the largest change of a pixel, from 0 to 1.
        seed: of the noise, the transforms and the dropout.
        steps: fewer are quicker and transfer less.
    """
    return ladder(surrogate, eps=eps, seed=seed, steps=steps)["+ dropout"]


def ladder(surrogate: Recognizer, **parameters: Any) -> dict[str, OPOM]:
    """From OPOM with momentum to :func:`strong`, by what each rung adds.

    Args:
        parameters: of all of them, see :class:`opom_edu.OPOM`; 100 steps, if not given.
    """
    given = {"steps": STEPS, "momentum": 1.0} | parameters
    rungs = {"momentum": OPOM(surrogate, **given)}
    names = ("+ flips", "+ affine", "+ resizing", "+ light")
    for count, name in enumerate(names, start=1):
        rungs[name] = OPOM(surrogate, transforms=TRANSFORMS[:count], **given)
    rungs["+ dropout"] = OPOM(surrogate, transforms=TRANSFORMS, aids=AIDS, **given)
    return rungs
