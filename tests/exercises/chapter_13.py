"""Chapter 13's answers, right and wrong."""

from typing import Any

import numpy as np
import torch


def fnir(own: Any, best: Any, outside: Any, fpir: float) -> Any:
    return 100 * np.mean(own <= np.maximum(best, np.quantile(outside, 1 - fpir)))


def answers() -> dict[str, tuple[list[Any], list[Any]]]:
    """By exercise, right answers and wrong ones."""
    chance, right = 100 * (1 - 0.95**100), 100 * 40 / 139.5
    return {
        "13.1": (
            [fnir, lambda *given: torch.tensor(fnir(*given))],
            [
                lambda own, best, outside, fpir: 100 * np.mean(own <= best),
                lambda own, best, outside, fpir: 100 * np.mean(own <= np.quantile(outside, 1 - fpir)),
                lambda *given: fnir(*given) / 100, lambda *given: 100 - fnir(*given), lambda *given: None, 50.0,
                lambda own, best, outside, fpir: fnir(own, best, outside, 1 - fpir),
            ],
        ),
        "13.2": ([(50, chance), [5, np.float64(chance)]], [chance, (50, 5), (50, 500), (50, 100), (50, 0.6), ("x", chance)]),
        "13.3": ([right, torch.tensor(right)], [99, 1, 100 - right, right / 100, 33.4, 80, "28.7"]),
        "13.4": ([20, np.int64(20)], [-20, 40, 60, 70, 0, 50, "20"]),
    }  # fmt: skip
