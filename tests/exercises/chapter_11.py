"""Chapter 11's answers, right and wrong."""

from typing import Any

import numpy as np
import pandas as pd
import torch


def means(rows: pd.DataFrame) -> Any:
    return rows[~rows["white_box"]].groupby("recognizer")["psr_1"].mean().mean()


def answers() -> dict[str, tuple[list[Any], list[Any]]]:
    """By exercise, right answers and wrong ones."""
    chance = 100 * (1 - 0.95**12)
    return {
        "11.1": (
            [means, lambda rows: float(means(rows)), lambda rows: np.float32(means(rows)).item() if False else means(rows)],
            [
                lambda rows: rows["psr_1"].mean(), lambda rows: rows[~rows["white_box"]]["psr_1"].mean(), lambda rows: None,
                lambda rows: rows[rows["white_box"]]["psr_1"].mean(), lambda rows: means(rows) / 100, lambda rows: rows,
                50.0,
                lambda rows: rows.groupby("recognizer")["psr_1"].mean().mean(), lambda rows: float("nan"),
            ],
        ),
        "11.2": (
            [(20, 64), [100, np.int64(64)], (64.0, torch.tensor(64))],
            [64, (20, 62), (20, 63), (20, 18), (20, 4), (float("nan"), 64), (64, 20), (20, 64, 1), ("many", 64)],
        ),
        "11.3": (
            [chance, np.float32(chance), 46],
            [60, 5, chance / 100, 100 - chance, 40, 95, float("inf"), "46 %"],
        ),
        "11.4": (
            [16.1, np.float64(16.12), torch.tensor(16.1)],
            [-16.1, 0.161, 52.3, 68.4, 0, 15.0, "16.1"],
        ),
        "11.5": (
            [16, np.int64(16), torch.tensor(16.0)],
            [36, 20, 2, 6, 12, 18, True],
        ),
    }  # fmt: skip
