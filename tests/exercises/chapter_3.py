"""Chapter 3's answers, right and wrong."""

from typing import Any

import numpy as np
import torch

from opom_edu.exercises.chapter_3 import _ada, _without
from opom_edu.hulls import AffineHull, ClassCenter, ConvexHull


def line(a: Any, b: Any, q: Any) -> Any:
    t = (q - a) @ (b - a) / ((b - a) @ (b - a))
    return 1 - t, t


def arrow(features: Any, x: Any) -> Any:
    away = x - ConvexHull(features).project(x[None])[0]
    return away / away.norm()


def centered(features: Any, x: Any) -> Any:
    away = x - features.mean(0)
    return away / away.norm()


def answers() -> dict[str, tuple[list[Any], list[Any]]]:
    """By exercise, right answers and wrong ones."""
    features, queries, strangers = _ada()
    share = 100 * float(AffineHull(features).distance(strangers).mean() / ClassCenter(features).distance(strangers).mean())
    weights = ConvexHull(features).weights(queries[3][None])[0]
    weighty = [k for k in range(10) if weights[k] > 1e-6]
    plain = [k for k in range(10) if k not in weighty and k not in _without()]
    return {
        "3.1": (
            [(0.1, -0.3), [0.15, -0.3], np.array([0.1, -0.3]), torch.tensor([0.1, -0.3])],
            [(0.6, -0.6), (-0.4, 0.0), (0.9, 0.9), (0.4,), (0.4, float("nan")), (-0.55, 0.0), 3, (0.2, 0.2)],
        ),
        "3.2": (
            [line, lambda a, b, q: np.array(line(a, b, q)), lambda a, b, q: torch.tensor(line(a, b, q))],
            [
                lambda a, b, q: line(b, a, q), lambda a, b, q: np.clip(line(a, b, q), 0, 1), lambda a, b, q: (0.5, 0.5),
                lambda a, b, q: line(a, b, q)[1], lambda a, b, q: (line(a, b, q)[1],) * 2, lambda a, b, q: a, (0.3, 0.7),
            ],
        ),
        "3.3": (
            [arrow, lambda f, x: arrow(f, x).numpy(), lambda f, x: arrow(f, x).tolist()],
            [
                centered, lambda f, x: -arrow(f, x), lambda f, x: 2 * arrow(f, x), lambda f, x: x, lambda f, x: f[0],
                lambda f, x: arrow(f, x)[:3], torch.ones(8) / 8**0.5, lambda f, x: arrow(f, x) * float("nan"),
            ],
        ),
        "3.4": (
            [_without()[0], torch.tensor(_without()[-1]), np.int64(_without()[0])],
            [weighty[0], weighty[-1], *plain[:2], -1, 10, 0.5, [_without()[0]] * 2, "photo"],
        ),
        "3.5": (
            [(50, share), [99, np.float32(share)], (share, torch.tensor(share))],
            [share, (50, 100 - share), (50, share / 100), (50, 1e4 / share), (50, share - 3), (float("inf"), share),
                ("most", share)],
        ),
    }  # fmt: skip
