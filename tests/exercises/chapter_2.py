"""Chapter 2's answers, right and wrong."""

from typing import Any

import numpy as np
import torch

from opom_edu.exercises.chapter_2 import _features, _shares


def enough(held: Any, share: float) -> Any:
    return np.searchsorted(held, share) + 1


def answers() -> dict[str, tuple[list[Any], list[Any]]]:
    """By exercise, right answers and wrong ones."""
    embeddings, people = _features()
    own = embeddings[torch.from_numpy(people == "Ada")]
    pair = divmod(int((own @ own.T).argmin()), len(own))
    flat, whole = _shares()
    return {
        "2.1": (
            [enough, lambda h, s: int((h < s).sum()) + 1, lambda h, s: float(enough(h, s))],
            [
                lambda h, s: enough(h, s) - 1, lambda h, s: enough(h, 0.9), lambda h, s: h[-1], lambda h, s: 5, 3,
                lambda h, s: float("nan"), lambda h, s: enough(h, s) + 1,
            ],
        ),
        "2.2": (
            [0.7067, np.float32(0.707), torch.tensor(0.707)],
            [-0.707, 0.6215, 2.447, 0.5, 0.4, 1, "0.7"],
        ),
        "2.3": (
            [pair, list(pair[::-1]), torch.tensor(pair)],
            [(0, 0), (pair[0],), (-1, pair[1]), (pair[0], 20), (0.5, 1), (pair[0], (pair[1] + 1) % 20), 3],
        ),
        "2.4": (
            [(50, flat), [100, np.float32(flat)], (flat, torch.tensor(flat))],
            [flat, (50, 100), (50, whole), (50, flat / 100), (float("nan"), flat), (50, flat + 2), (50, 50, flat)],
        ),
    }  # fmt: skip
