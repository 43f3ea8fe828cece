"""What the benchmarks share: times taken in turn, peak memory, the machine's facts, and a table, a JSON file and a plot.

A benchmark run as ``python benchmarks/NAME.py`` imports this as ``common``. Figures are rows: dictionaries of plain values.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np

from opom_edu.files import replacing

RESULTS = Path(__file__).parent / "results"
TABLES = Path(__file__).parent.parent / "opom_edu/lessons/tables"  # what chapters show
Rows = Sequence[Mapping[str, object]]


def arguments(description: str | None, rounds: int = 5, out: Path = RESULTS) -> argparse.ArgumentParser:
    """The options that every benchmark has; ``--tiny`` is for trying the script out, its figures say nothing."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=rounds, help="how often each task is timed, in turn with the others")
    parser.add_argument("--tiny", action="store_true", help="the smallest sizes: does the script run?")
    parser.add_argument("--out", type=Path, default=out, help="folder of the JSON file and the plot")
    return parser


def in_turn(
    tasks: Mapping[str, Callable[[], object]], rounds: int = 5, clock: Callable[[], float] = time.perf_counter
) -> dict[str, np.ndarray]:
    """Seconds of every task in each of ``rounds``, ``(rounds,)``, after one run to warm up.

    The tasks take turns, forward and backward, so that other work on the machine burdens all alike. With one thread on a
    busy machine, ``clock=time.process_time`` counts the processor's seconds instead. A task on a GPU has to wait for it:
    ``torch.cuda.synchronize()``.
    """
    for task in tasks.values():
        task()
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for index in range(rounds):
        for name in list(tasks)[:: 1 if index % 2 == 0 else -1]:
            started = clock()
            tasks[name]()
            times[name].append(clock() - started)
    return {name: np.array(taken) for name, taken in times.items()}


def ratio(times: Mapping[str, np.ndarray], a: str, b: str) -> float:
    """How long ``a`` takes for one second of ``b``: the median of the rounds' ratios."""
    return float(np.median(times[a] / times[b]))


def peak_memory(*command: str) -> float:
    """Peak memory, in MB, of a Python process that runs ``command``, which ends with :func:`report_memory` (Linux)."""
    output = subprocess.check_output([sys.executable, *command], text=True)
    return int(output.split("VmHWM:")[1].split()[0]) / 1024


def report_memory() -> None:
    """Print what :func:`peak_memory` reads."""
    print(Path("/proc/self/status").read_text())


def machine() -> dict[str, object]:
    """What the figures depend on."""
    torch = sys.modules.get("torch")
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    gpu = torch.cuda.get_device_name() if torch is not None and torch.cuda.is_available() else None
    return {
        "date": date.today().isoformat(),
        "processor": models[0] if models else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "gpu": gpu,
        "threads": None if torch is None else torch.get_num_threads(),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": version("torch"),
    }


def report(name: str, rows: Rows, *, out: Path = RESULTS, note: str = "") -> Path:
    """Print the rows as a table, and write them with the machine's facts to ``out/NAME.json``."""
    import pandas as pd

    facts = machine()
    print(f"{name}: {note}\n" if note else f"{name}\n", pd.DataFrame(list(rows)).to_string(index=False), sep="")
    print(", ".join(f"{key} {value}" for key, value in facts.items() if value is not None))
    path = out / f"{name}.json"
    with replacing(path) as temporary:
        temporary.write_text(json.dumps({"benchmark": name, "note": note, "machine": facts, "rows": list(rows)}, indent=1))
    return path


def plot(name: str, rows: Rows, *, x: str, y: str, by: str = "", out: Path = RESULTS, log: bool = True) -> Path:
    """A line of ``y`` against the size ``x``, one for each value of the column ``by``, to ``out/NAME.png``."""
    import matplotlib.style
    import pandas as pd
    from matplotlib.figure import Figure

    with matplotlib.style.context("tableau-colorblind10"):
        figure = Figure(figsize=(6.4, 4), layout="constrained")
        axes = figure.subplots()
    table = pd.DataFrame(list(rows))
    for (label, part), marker in zip(table.groupby(by, sort=False) if by else [("", table)], "osD^vP*X" * 4, strict=False):
        axes.plot(part[x], part[y], marker=marker, label=label)
    axes.set(xlabel=x, ylabel=y, title=name.replace("_", " "), **({"xscale": "log", "yscale": "log"} if log else {}))
    axes.grid(alpha=0.3)
    if by:
        axes.legend(title=by)
    with replacing(out / f"{name}.png") as temporary:
        figure.savefig(temporary, dpi=120)
    return out / f"{name}.png"
