"""Chapter 5's answers, right and wrong."""

from itertools import permutations
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cosine_similarity

from opom_edu.exercises.chapter_5 import QUICK, _measured, _worth


def margin(cosine: float, by: float, scale: float) -> Any:
    return scale * np.cos(np.arccos(cosine) + by)


def agree(first: Any, second: Any) -> Any:
    return cosine_similarity(first.flatten(1), second.flatten(1)).mean()


def answers() -> dict[str, tuple[list[Any], list[Any]]]:
    """By exercise, right answers and wrong ones."""
    found = _worth()
    gain = found["one"] - found["two"]
    agreement, rates = _measured()
    pairs = list(permutations(QUICK, 2))
    against = [pair for pair in pairs if agreement[pair[0]] > agreement[pair[1]] and rates[pair[0]] < rates[pair[1]]]
    fitting = [pair for pair in pairs if agreement[pair[0]] > agreement[pair[1]] and rates[pair[0]] >= rates[pair[1]]]
    return {
        "5.1": (
            [margin, lambda c, m, s: float(margin(c, m, s)), lambda c, m, s: torch.tensor(margin(c, m, s))],
            [
                lambda c, m, s: s * (c - m),
                lambda c, m, s: s * c,
                lambda c, m, s: margin(c, -m, s),
                lambda c, m, s: margin(c, m, 1),
                lambda c, m, s: float("nan"),
                lambda c, m, s: s * np.cos(c + m),
                12.0,
            ],
        ),
        "5.2": (
            [
                agree,
                lambda a, b: float(agree(a, b)),
                lambda a, b: np.mean([float(agree(x[None], y[None])) for x, y in zip(a, b, strict=True)]),
            ],
            [
                lambda a, b: cosine_similarity(a.flatten(), b.flatten(), 0),
                lambda a, b: (a * b).flatten(1).sum(1).mean(),
                lambda a, b: agree(a, a),
                lambda a, b: -agree(a, b),
                lambda a, b: agree(a[:1], b[:1]),
                lambda a, b: a,
                0.3,
            ],
        ),
        "5.3": (
            [(0.1, gain), [0, np.float32(gain)], (gain, torch.tensor(gain))],
            [
                gain,
                (0.1, -gain),
                (0.1, found["none"] - found["two"]),
                (0.1, gain + 0.02),
                (float("nan"), gain),
                (1, 2, gain),
            ],
        ),
        "5.4": (
            [against[0], list(against[-1]), tuple(against[0])],
            [fitting[0], against[0][::-1], ("ir-softmax", "dlib"), QUICK[:1], "ir-sface", (QUICK[0], QUICK[0]), (1, 2)],
        ),
        "5.5": ([45, np.float64(45.0), torch.tensor(45)], [63.0, 40.0, 37.5, 0, 1, 99, 62.667]),
    }
