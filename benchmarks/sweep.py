"""Does a second worker halve a sweep? 64 jobs with one Dask worker and with two, of one thread each, in turn.

    python benchmarks/sweep.py [--rounds 2]

Each time from the start of the workers to the final table, in an empty folder. The ratio of the times is 0.5 at best; what
lies above it is starting Dask, and what both workers have to load. It means little unless two cores are otherwise idle.
"""

from __future__ import annotations

import tempfile
import time

import pandas as pd
from common import arguments, in_turn, ratio, report

from opom_edu.experiments import Grid, run_sweep

JOBS = {
    "methods": ["convex"], "eps": ["2/255", "4/255", "6/255", "8/255"], "seeds": [0, 1], "parts": 8,
}  # fmt: skip


def main() -> None:
    options = arguments(__doc__, rounds=2).parse_args()
    grid = Grid(**(JOBS | {"methods": ["random"], "seeds": [0], "parts": 1} if options.tiny else JOBS))  # type: ignore[arg-type]
    tables: list[pd.DataFrame] = []

    def swept(workers: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            tables.append(run_sweep(grid, folder, workers=workers))

    started = time.perf_counter()
    times = in_turn({"one": lambda: swept(1), "two": lambda: swept(2)}, options.rounds)
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0])
    row = {
        "jobs": len(grid.jobs()), "one worker, s": float(times["one"].mean()), "two workers, s": float(times["two"].mean()),
        "two / one": ratio(times, "two", "one"),
    }  # fmt: skip
    report("sweep", [row], out=options.out, note=f"24 synthetic people; all in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
