"""Tables that take longer than a lesson: each was computed by a benchmark of the repository, and says by which."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

TABLES = Path(__file__).with_name("tables")


def precomputed(name: str) -> pd.DataFrame:
    """The rows of a benchmark. ``attrs["source"]`` says which command made them, when and on what.

    Raises:
        ValueError: if there is no such table.

    Example:
        >>> precomputed("purifier").attrs["source"].split(",")[0]
        'python benchmarks/purifier.py'
    """
    path = TABLES / f"{name}.json"
    if not path.exists():
        raise ValueError(f"no table {name!r}; there are {', '.join(sorted(each.stem for each in TABLES.glob('*.json')))}")
    kept = json.loads(path.read_text())
    machine = kept["machine"]
    table = pd.DataFrame(kept["rows"])
    table.attrs["source"] = (
        f"python benchmarks/{name}.py, {machine['date']}, {machine['processor']}, torch {machine['torch']}"
    )
    return table
