"""The preset that transfers best, and the way there, one aid more at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opom_edu.masks.optimize import OPOM
from opom_edu.masks.transfer import Transform, random_affine, random_flip, random_light, scale_invariance
from opom_edu.recognizers import Recognizer

TRANSFORMS: Sequence[Transform] = (random_flip(), random_affine(5, 0.05, 0.04), random_light(0.5), scale_invariance(2))
STEPS = 100


def strong(surrogate: Recognizer, eps: float = 8 / 255, seed: int = 0, *, steps: int = STEPS) -> OPOM:
    """OPOM with the aids to transferability that together did best on recognizers it had not seen.

    They were chosen by ``benchmarks/strong.py`` on some people and are reported there on others. Dropout,
    smoothing and variance tuning did not help there.

    Args:
        surrogate: the white-box recognizer, differentiable.
        eps: budget, the largest change of a pixel, from 0 to 1.
        seed: of the noise, the transforms and the dropout.
        steps: fewer are quicker and transfer less.
    """
    return ladder(surrogate, eps=eps, seed=seed, steps=steps)["+ scales"]


def ladder(surrogate: Recognizer, **parameters: Any) -> dict[str, OPOM]:
    """From OPOM with momentum to :func:`strong`, by what each rung adds.

    Args:
        parameters: of all of them, see :class:`opom_edu.OPOM`; 100 steps, if not given.
    """
    given = {"steps": STEPS, "momentum": 1.0} | parameters
    names = ("+ flips", "+ affine", "+ light", "+ scales")
    more = {name: OPOM(surrogate, transforms=TRANSFORMS[:count], **given) for count, name in enumerate(names, start=1)}
    return {"momentum": OPOM(surrogate, **given), **more}
