"""Run every benchmark, one after another, and gather their figures into one table: make bench

    python benchmarks/run.py [--tiny] [--only NAME ...] [--table]

Each script leaves its figures and the machine's facts in a JSON file; ``all.csv`` holds all of them, a figure per line.
``--table`` runs nothing and gathers what is there. A script that fails is named at the end, and the others run.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
from common import arguments

from opom_edu.files import replacing

HERE = Path(__file__).parent


def scripts() -> list[Path]:
    """The benchmarks: what rests on ``common``. The others are helpers, or want to be told what to do."""
    return [path for path in sorted(HERE.glob("*.py")) if path.stem != "run" and "from common import" in path.read_text()]


def gathered(folder: Path) -> pd.DataFrame:
    """A line per figure: the benchmark, what the row is about, the figure's name, its value, the date and the processor."""
    lines = []
    for path in sorted(folder.glob("*.json")):
        found = json.loads(path.read_text())
        for row in found["rows"]:
            about = ", ".join(str(value) for value in row.values() if isinstance(value, str))
            sizes = ", ".join(f"{key} {value}" for key, value in row.items() if isinstance(value, int))
            for key, value in row.items():
                if isinstance(value, float) and value == value:
                    what = "; ".join(filter(None, (about, sizes)))
                    lines.append((path.stem, what, key, value, found["machine"]["date"], found["machine"]["processor"]))
    return pd.DataFrame(lines, columns=["benchmark", "what", "figure", "value", "date", "processor"])


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="names of benchmarks")
    parser.add_argument("--table", action="store_true", help="run nothing, gather the figures that are there")
    options = parser.parse_args()
    if unknown := {*options.only} - {path.stem for path in scripts()}:
        parser.error(f"no benchmark {', '.join(unknown)}; choose among {', '.join(path.stem for path in scripts())}")
    failed = []
    for path in [] if options.table else scripts():
        if options.only and path.stem not in options.only:
            continue
        print(f"\n=== {path.stem}", flush=True)
        more = ["--out", str(options.out), *(["--tiny"] if options.tiny else [])]
        if subprocess.run([sys.executable, str(path), *more]).returncode:
            failed.append(path.stem)
    table = gathered(options.out)
    with replacing(options.out / "all.csv") as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g")
    print(f"\n{table.drop(columns=['date', 'processor']).to_string(index=False, float_format='%.4g')}")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
