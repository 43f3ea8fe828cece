"""Packages of npm, of which a site needs a few files."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opom_edu.errors import OpomError


@contextmanager
def npm_package(name: str) -> Iterator[Path]:
    """The unpacked files of a package, ``NAME@VERSION``, while the block runs.

    Raises:
        OpomError: if npm is not there, or cannot fetch it.

    Example:
        >>> with npm_package("mathjax@3.2.2") as package:  # doctest: +SKIP
        ...     (package / "es5" / "tex-svg.js").is_file()
        True
    """
    if shutil.which("npm") is None:
        raise OpomError("npm is not there; install Node.js, from which the site takes ONNX Runtime and MathJax")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["npm", "pack", name, "--silent"], cwd=folder, capture_output=True, text=True)
        archives = list(Path(folder).glob("*.tgz"))
        if done.returncode or not archives:
            raise OpomError(f"npm cannot fetch {name}: {done.stderr.strip()[-300:] or done.returncode}")
        shutil.unpack_archive(archives[0], folder)
        yield Path(folder, "package")
