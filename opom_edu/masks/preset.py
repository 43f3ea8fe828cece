"""Arguments and methods for masks that transfer: the bundle that labs and commands offer, and the preset ``strong``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from opom_edu.masks.gradients import GradientChange, perceptual_budget, symmetric
from opom_edu.masks.opom import OPOM
from opom_edu.masks.transforms import Transform, input_diversity, random_affine, random_flip, random_spectrum, random_warp
from opom_edu.recognizers import Recognizer

TRANSFER = ("momentum", "flips", "diversity")
TRANSFORMS: Sequence[Transform] = (random_flip(), random_affine(5, 0.05, 0.04, 0.5), random_warp(), random_spectrum())
BUDGET: Sequence[GradientChange] = (perceptual_budget(0.87),)
STEPS = 100


def transfer(parts: Iterable[str] = TRANSFER) -> dict[str, Any]:
    """The transfer bundle, or some of its parts, as arguments of a method: momentum 1, random flips, input diversity.

    Args:
        parts: some of ``TRANSFER``.

    Raises:
        ValueError: for an unknown part; the message lists the choices.

    Example:
        >>> transfer(["momentum"])
        {'momentum': 1.0, 'transforms': ()}
    """
    wanted = {*parts}
    if unknown := wanted - {*TRANSFER}:
        raise ValueError(f"the transfer bundle has no {', '.join(sorted(unknown))}; choose some of {', '.join(TRANSFER)}")
    transforms = {"flips": random_flip(), "diversity": input_diversity()}
    return {
        "momentum": float("momentum" in wanted),
        "transforms": tuple(transform for name, transform in transforms.items() if name in wanted),
    }


def strong(surrogate: Recognizer, eps: float = 8 / 255, seed: int = 0, *, steps: int = STEPS) -> OPOM:
    """OPOM with what did well on recognizers it had not seen: momentum, transforms, symmetric steps, and an SSIM of 0.87.

    Without that bound a hundred steps fill the whole of ±eps, and the mask shows more than the one of 16 plain steps. What
    each part is worth, and on whom it was tried: ``benchmarks/strong.py``, and ``transfer.py`` beside it.

    Args:
        surrogate: the white-box recognizer, differentiable.
        eps: budget, the largest change of a pixel, from 0 to 1.
        seed: of the noise and of the transforms.
        steps: fewer are quicker.

    Raises:
        ValueError: for an argument out of range, or a surrogate without gradients.

    Example:
        >>> from opom_edu import load_recognizer
        >>> strong(load_recognizer("ir-softmax")).recipe()["gradients"]
        ['symmetric()', 'perceptual_budget(least=0.87)']
    """
    return ladder(surrogate, eps=eps, seed=seed, steps=steps)["+ budget"]


def ladder(surrogate: Recognizer, **parameters: Any) -> dict[str, OPOM]:
    """From OPOM with momentum to :func:`strong`, by what each rung adds.

    Args:
        surrogate: the white-box recognizer, differentiable.
        parameters: of all of them, see :class:`opom_edu.OPOM`; 100 steps, if not given.

    Raises:
        ValueError: as :class:`opom_edu.OPOM` does.

    Example:
        >>> from opom_edu import load_recognizer
        >>> list(ladder(load_recognizer("ir-softmax")))
        ['momentum', '+ flips', '+ affine', '+ warp', '+ spectrum', '+ symmetric', '+ budget']
    """
    given = {"steps": STEPS, "momentum": 1.0} | parameters
    rungs = ("momentum", "+ flips", "+ affine", "+ warp", "+ spectrum")
    made = {name: OPOM(surrogate, transforms=TRANSFORMS[:count], **given) for count, name in enumerate(rungs)}
    gradients = {"+ symmetric": (symmetric(),), "+ budget": (symmetric(), *BUDGET)}
    return made | {name: OPOM(surrogate, transforms=TRANSFORMS, gradients=each, **given) for name, each in gradients.items()}
