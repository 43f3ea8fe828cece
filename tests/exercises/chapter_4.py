"""Chapter 4's answers, right and wrong."""

from typing import Any

import numpy as np
import torch

from opom_edu.exercises.chapter_4 import _gaps, _share, _warmups


def loss(masked: Any, targets: Any) -> Any:
    return (masked - targets).square().sum(1).mean()


def step(delta: Any, gradients: Any, alpha: float, eps: float) -> Any:
    return (delta + alpha * gradients.mean(0).sign()).clamp(-eps, eps)


def answers() -> dict[str, tuple[list[Any], list[Any]]]:
    """By exercise, right answers and wrong ones."""
    (none, one), share, gaps = _warmups(), _share(), _gaps()
    fall, gap = none - one, gaps[0] - gaps[1]
    return {
        "4.1": (
            [loss, lambda m, t: float(loss(m, t)), lambda m, t: np.mean(np.sum((m.numpy() - t.numpy()) ** 2, 1))],
            [
                lambda m, t: (m - t).norm(dim=1).mean(), lambda m, t: (m - t).square().sum(), lambda m,
                t: (m - t).square().mean(),
                lambda m, t: loss(m, t.mean(0)), lambda m, t: (m - t).square().sum(1), lambda m, t: -loss(m, t), 1.0,
            ],
        ),
        "4.2": (
            [step, lambda d, g, a, e: step(d, g, a, e).numpy(), lambda d, g, a,
                e: torch.clip(d + a * torch.sign(g.sum(0)), -e, e)],
            [
                lambda d, g, a, e: d + a * g.mean(0).sign(), lambda d, g, a, e: step(d, -g, a, e), lambda d, g, a, e: d,
                lambda d, g, a, e: (d + a * g.mean(0)).clamp(-e, e), lambda d, g, a,
                e: (d + a * g.sign().mean(0)).clamp(-e, e),
                lambda d, g, a, e: step(0 * d, g, a, e), lambda d, g, a, e: step(d, g, e, e), lambda d, g, a,
                e: step(d, g[:1], a, e),
                lambda d, g, a, e: d * float("nan"),
            ],
        ),
        "4.3": (
            [(0.1, fall), [0, np.float32(fall)], (fall, torch.tensor(fall))],
            [fall, (0.1, -fall), (0.1, one), (0.1, fall + 0.01), (float("nan"), fall), (0, 0, fall), ("more", fall)],
        ),
        "4.4": (
            [share, torch.tensor(share), np.float64(share + 0.1)],
            [share / 100, 100 - share, 100, 0, 50, float("inf"), share + 1],
        ),
        "4.5": (
            [gap, np.float32(gap), torch.tensor(gap)],
            [-gap, gaps[0], gaps[1], 0, 1, gap + 0.02, float("nan")],
        ),
    }  # fmt: skip
