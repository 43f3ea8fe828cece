"""What is done to the gradient so that masks transfer: smooth or average it, find it elsewhere or on other networks.

Each function returns a change ``(gradient, run) -> gradient``. A gradient is a function of the masked photos
``(P, K, 3, H, W)`` of P people: their mean gradient per person, ``(P, 3, H, W)``. A change makes a better one of it. A
method lays its changes around each other in order, the last outermost: ``OPOM(surrogate, gradients=[nesterov()])``.
Transforms of the photos (:mod:`opom_edu.masks.transforms`) happen inside of all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from opom_edu.masks.loop import Gradient, Run
from opom_edu.masks.mask import check_count
from opom_edu.recognizers import Recognizer

GradientChange = Callable[[Gradient, Run], Gradient]


def nesterov() -> GradientChange:
    """Look at the gradient where momentum would lead (NI-FGSM, Lin et al., ICLR 2020, arXiv 1908.06281).

    Example:
        >>> OPOM(surrogate, momentum=1.0, gradients=[nesterov()]).recipe()["gradients"]
        ['nesterov()']
    """
    return _nesterov


def smooth_gradient(width: float = 3.0) -> GradientChange:
    """Blur the gradient: a mask that still works when moved a little (TI-FGSM, Dong et al., CVPR 2019, arXiv 1904.02884).

    Args:
        width: standard deviation of the Gaussian, in pixels, above 0.

    Raises:
        ValueError: for an argument out of its range.

    Example:
        >>> OPOM(surrogate, gradients=[smooth_gradient(3.0)]).recipe()["gradients"]
        ['smooth_gradient(width=3.0)']
    """
    if not width > 0:
        raise ValueError(f"width must be positive, got {width}")
    return partial(_smooth_gradient, width=width)


def variance_tuning(samples: int = 5, radius: float = 1.5) -> GradientChange:
    """Add how the gradients nearby, at the step before, differed from the one in place (VT, Wang and He, CVPR 2021).

    (arXiv 2103.15571.)

    Args:
        samples: gradients nearby, at each step, at least 1.
        radius: how far away they lie at most, as a multiple of eps, at least 0.

    Raises:
        ValueError: for fewer than one sample.

    Example:
        >>> OPOM(surrogate, gradients=[variance_tuning(2)]).recipe()["gradients"]
        ['variance_tuning(samples=2, radius=1.5)']
    """
    return partial(_variance_tuning, samples=check_count(samples, "samples"), radius=radius)


def symmetric() -> GradientChange:
    """Take the same step left and right: a face in a mirror is the same person's, whatever the recognizer.

    The steps are those that a photo and its mirror image ask for together, if the surrogate treats them alike.

    Example:
        >>> OPOM(surrogate, gradients=[symmetric()]).recipe()["gradients"]
        ['symmetric()']
    """
    return _symmetric


def repeated(copies: int = 4) -> GradientChange:
    """Average over several draws of everything random inside, transforms and dropout.

    Args:
        copies: how many draws, at least 1.

    Raises:
        ValueError: for an argument out of its range.

    Example:
        >>> OPOM(surrogate, gradients=[repeated(2)]).recipe()["gradients"]
        ['repeated(copies=2)']
    """
    return partial(_repeated, copies=check_count(copies, "copies"))


def feature_dropout(rate: float = 0.1) -> GradientChange:
    """Drop values of the convolutions' outputs at random: every step has another network (DFANet).

    (Zhong and Deng, IEEE TIFS 2021, arXiv 2004.05790.) Through forward hooks, on any torch network, which stays as it
    is. Every photo of a batch has its own values dropped; what is kept grows by ``1 / (1 - rate)``.

    Args:
        rate: share of values dropped, from 0 to below 1.

    Raises:
        ValueError: for a rate out of its range; in learning, if the surrogate has no convolutions.

    Example:
        >>> OPOM(surrogate, gradients=[feature_dropout(0.1)]).recipe()["gradients"]
        ['feature_dropout(rate=0.1)']
    """
    if not 0 <= rate < 1:
        raise ValueError(f"rate must be at least 0 and below 1, got {rate}")
    return partial(_feature_dropout, rate=rate)


def perceptual_budget(ssim: float = 0.9) -> GradientChange:
    """A bound on how visible the mask is, in place of one on its size: the method's ``eps`` may then be large.

    A step that finds the person's masked photos below this mean SSIM makes them more alike, and learns nothing. (After
    P3-Mask, ECCV 2024, arXiv 2407.13975, where it is a penalty with a weight; to switch instead goes back to Polyak, 1967.)

    Args:
        ssim: the least structural similarity of masked and clean photos, 0 to 1. The mask ends near it, to either side.

    Raises:
        ValueError: for an argument out of its range.

    Example:
        >>> OPOM(surrogate, gradients=[perceptual_budget(0.87)]).recipe()["gradients"]
        ['perceptual_budget(least=0.87)']
    """
    if not 0 <= ssim <= 1:
        raise ValueError(f"ssim must be within 0 and 1, got {ssim}")
    return partial(_perceptual_budget, least=ssim)


def _nesterov(gradient: Gradient, run: Run) -> Gradient:
    def ahead(masked: Tensor) -> Tensor:
        jump = run.step_size * run.momentum * run.velocity[:, None]
        return gradient((masked + jump).clamp(0, 1))

    return ahead


def _smooth_gradient(gradient: Gradient, run: Run, *, width: float) -> Gradient:
    from kornia.filters import gaussian_blur2d

    size = 2 * round(2 * width) + 1  # two standard deviations to either side
    return lambda masked: gaussian_blur2d(gradient(masked), (size, size), (width, width), "constant")


def _variance_tuning(gradient: Gradient, run: Run, *, samples: int, radius: float) -> Gradient:
    variance = torch.zeros_like(run.velocity)

    def tuned(masked: Tensor) -> Tensor:
        nonlocal variance
        here = gradient(masked)
        reach = radius * run.eps
        noise = [reach * (2 * run.uniform(*masked.shape[1:]) - 1) for _ in range(samples)]
        near = torch.stack([gradient((masked + one).clamp(0, 1)) for one in noise]).mean(0)
        result, variance = here + variance, near - here
        return result

    return tuned


def _symmetric(gradient: Gradient, run: Run) -> Gradient:
    def both(masked: Tensor) -> Tensor:
        found = gradient(masked)
        return (found + found.flip(-1)) / 2

    return both


def _repeated(gradient: Gradient, run: Run, *, copies: int) -> Gradient:
    return lambda masked: torch.stack([gradient(masked) for _ in range(copies)]).mean(0)


def _feature_dropout(gradient: Gradient, run: Run, *, rate: float) -> Gradient:
    layers = convolutions(run.surrogate)
    if not layers:
        raise ValueError(f"{run.surrogate.name} has no convolutions whose values feature_dropout could drop")

    def dropped(masked: Tensor) -> Tensor:
        kept: dict[nn.Module, Tensor] = {}

        def drop(layer: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
            # Drawn once: where a batch is computed again for its gradient (see Method.embed), it must be the same network.
            if layer not in kept:
                rows = len(output) // len(run.generators)
                kept[layer] = (run.uniform(rows, *output.shape[1:]).flatten(0, 1) >= rate) / (1 - rate)
            return output * kept[layer][: len(output)]

        with ExitStack() as hooks:
            for layer in layers:
                hooks.enter_context(layer.register_forward_hook(drop))
            return gradient(masked)

    return dropped


def convolutions(recognizer: Recognizer) -> list[nn.Module]:
    """The convolution layers of a recognizer's network.

    Example:
        >>> len(convolutions(surrogate)) > 0
        True
    """
    return [layer for layer in recognizer.module.modules() if isinstance(layer, nn.Conv2d)]


def _perceptual_budget(gradient: Gradient, run: Run, *, least: float) -> Gradient:
    from kornia.metrics import ssim

    def alike(masked: Tensor) -> Tensor:
        structure = ssim(masked.flatten(0, 1), run.images.flatten(0, 1), 11, padding="valid").mean((1, 2, 3))
        return structure.unflatten(0, masked.shape[:2]).mean(1)

    def within(masked: Tensor) -> Tensor:
        free = gradient(masked)
        with torch.no_grad():
            beyond = alike(masked) < least
        if not beyond.any():
            return free
        with torch.enable_grad():
            masked = masked.detach().requires_grad_()
            (back,) = torch.autograd.grad(alike(masked).sum(), masked)
        return torch.where(beyond[:, None, None, None], back.mean(1), free)

    return within
