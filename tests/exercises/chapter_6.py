"""Chapter 6's answers, right and wrong."""

from typing import Any

import numpy as np
import torch

from opom_edu.exercises.chapter_6 import _bundle, _psnr, _rate


def clip(delta: Any, levels: float) -> Any:
    return delta.clamp(-levels / 255, levels / 255)


def answers() -> dict[str, tuple[list[Any], list[Any]]]:
    """By exercise, right answers and wrong ones."""
    fall, first, later = _psnr(8) - _psnr(16), _rate(2) - _rate(0), _rate(6) - _rate(4)
    return {
        "6.1": (
            [clip, lambda d, n: clip(d, n).numpy(), lambda d, n: np.clip(d.numpy(), -n / 255, n / 255).tolist()],
            [
                lambda d, n: d, lambda d, n: d * n / 16, lambda d, n: d.clamp(-n, n), lambda d, n: d.clamp(max=n / 255),
                lambda d, n: d.clamp(0, n / 255), lambda d, n: clip(d, n)[:1], lambda d, n: d.sign() * n / 255,
                clip(torch.ones(3), 4),
                lambda d, n: clip(d, 8),
            ],
        ),
        "6.2": (
            [(6, fall), [1.0, np.float32(fall)], (fall, torch.tensor(fall))],
            [fall, (6, 6.02), (6, -fall), (fall, _psnr(16)), (float("nan"), fall), (6, fall, 1), ("six", fall)],
        ),
        "6.3": (
            [(first, later), [np.float32(first), later], torch.tensor([first, later])],
            [(later, first), (_rate(2), _rate(6)), first, (first, first), (first, _rate(6)), (0, 0), (first, float("inf"))],
        ),
        "6.4": (
            [_bundle(), torch.tensor(_bundle()), np.float64(_bundle() + 0.002)],
            [-_bundle(), 100 * _bundle(), 0, 1, float("nan"), _bundle() + 0.05],
        ),
    }  # fmt: skip
