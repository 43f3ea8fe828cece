"""Chapter 0's answers, right and wrong."""

from typing import Any

import numpy as np
import torch

from opom_edu.exercises.chapter_0 import FMR, QUICK, SURROGATE, _similarity, classroom
from opom_edu.masks import Mask, RandomNoise


def cosine(a: Any, b: Any) -> Any:
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def answers() -> dict[str, tuple[list[Any], list[Any]]]:
    """By exercise, right answers and wrong ones."""
    mask, eps = classroom.learned(), 8 / 255
    draw = torch.Generator().manual_seed(5)
    uniform = (torch.rand(mask.delta.shape, generator=draw) * 2 - 1) * eps
    threshold = classroom.recognizer().thresholds[FMR]
    level = next(level for level in range(9) if _similarity(SURROGATE, level, True) <= threshold)
    still = [name for name in QUICK if _similarity(name, 4) > classroom.recognizer(name).thresholds[FMR]]
    return {
        "0.1": (
            [cosine, lambda a, b: float(cosine(a, b)), lambda a, b: torch.tensor(cosine(a, b))],
            [
                lambda a, b: a @ b, lambda a, b: np.arccos(cosine(a, b)), lambda a, b: np.linalg.norm(a - b), lambda a,
                b: 1.0,
                lambda a, b: a @ b / np.linalg.norm(a), lambda a, b: a * b, lambda a, b: -cosine(a, b), 0.5,
            ],
        ),
        "0.2": (
            [RandomNoise(eps=eps).fit(classroom.person().train), uniform, uniform.tolist(), uniform.sign().numpy() * eps],
            [
                mask, torch.zeros_like(mask.delta), Mask(mask.delta, eps, {"method": "random noise"}), 2 * uniform,
                0.1 * uniform,
                uniform[:1], torch.full_like(uniform, eps), -mask.delta, 255 * uniform,
            ],
        ),
        "0.3": (
            [(4, level), [0, np.int64(level)], (level, torch.tensor(level))],
            [level, (4, level - 1), (4, level + 1), (4, level / 255), (float("nan"), level), (4, 8), (1, 2, level)],
        ),
        "0.4": (
            [still, tuple(reversed(still)), set(still)],
            [still[:-1], [*still, "seir-softmax"], list(QUICK), [], ["ir-softmax"], still[0], [3]],
        ),
    }  # fmt: skip
