"""What ``import opom_edu`` costs beside starting Python, and what the first use adds beside importing torch.

python benchmarks/import_time.py
"""

from __future__ import annotations

import resource
import subprocess
import sys
from functools import partial

import numpy as np
from common import arguments, in_turn, ratio, report

CODE = {
    "python": "pass",
    "import opom_edu": "import opom_edu",
    "import torch": "import torch",
    "opom_edu.OPOM": "import opom_edu; opom_edu.OPOM",
    "opom_edu.protection": "import opom_edu; opom_edu.protection",
    "opom-edu --help": "from opom_edu.cli import app; app(['--help'], standalone_mode=False)",
}


def children() -> float:
    """The processor's seconds of all processes started so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    options = arguments(__doc__).parse_args()

    def run(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)

    tasks = {name: partial(run, code) for name, code in CODE.items()}
    times = in_turn(tasks, 1 if options.tiny else options.rounds, children)
    rows = [
        {
            "what": name, "seconds": float(np.median(times[name])), "to starting Python": ratio(times, name, "python"),
            "to importing torch": ratio(times, name, "import torch"),
        }
        for name in CODE
    ]  # fmt: skip
    report("import_time", rows, out=options.out, note="seconds of the processor, medians")


if __name__ == "__main__":
    main()
