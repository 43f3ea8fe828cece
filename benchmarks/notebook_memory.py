"""The peak memory of each notebook's kernel, and how long the notebook runs. Binder guarantees 1 GB and ends at 2.

python benchmarks/notebook_memory.py [--only 03]
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import nbclient
import nbformat
from common import arguments, report

FOLDER = Path(__file__).parents[1] / "notebooks"
MEASURE = "from pathlib import Path\nprint(Path('/proc/self/status').read_text())"


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--only", default="", help="notebooks whose names begin so")
    options = parser.parse_args()
    rows = []
    for path in sorted(FOLDER.glob(f"{options.only}*.ipynb"))[: 1 if options.tiny else None]:
        notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        notebook.cells.append(nbformat.v4.new_code_cell(MEASURE))  # type: ignore[no-untyped-call]
        started = time.perf_counter()
        nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(FOLDER)}}).execute()
        told = notebook.cells[-1].outputs[0].text
        peak = int(told.split("VmHWM:")[1].split()[0]) / 1024
        rows.append({"notebook": path.stem, "peak MB": peak, "seconds": time.perf_counter() - started})
    report("notebook_memory", rows, out=options.out, note="kernels of the chapters, run without a browser")


if __name__ == "__main__":
    main()
