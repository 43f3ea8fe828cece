"""Files that are either whole or absent, checksums that say so, and where files are kept."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opom_edu.errors import OpomError

UNFINISHED = ".unfinished-"  # how the name of a temporary file begins


def _prefix(path: Path) -> str:
    """How the names of temporary files for ``path`` begin; of one length, however long the file's own name is."""
    return f"{UNFINISHED}{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}-"


@contextmanager
def unfinished(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that is gone at the end."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=_prefix(path), suffix=path.suffix, dir=path.parent)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``, moved onto it at the end; after an error nothing has changed."""
    with unfinished(path) as temporary:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)  # mkstemp makes files private; the result should be like any other file
        with temporary.open("rb") as file:
            os.fsync(file.fileno())  # or a power cut could leave the name without its content
        temporary.replace(path)


def remove_unfinished(path: Path) -> None:
    """Remove what a process that was killed left unfinished of the file ``path``, or in the folder ``path`` and below."""
    left = path.rglob(f"{UNFINISHED}*") if path.is_dir() else path.parent.glob(f"{_prefix(path)}*")
    for file in left:
        file.unlink(missing_ok=True)


def check_folder(path: str | Path) -> None:
    """Make sure, before long work, that files can be written to the folder ``path``, which need not exist yet.

    Raises:
        OpomError: if they cannot.
    """
    nearest = next(folder for folder in (Path(path).absolute(), *Path(path).absolute().parents) if folder.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        reason = "cannot be written to" if nearest.is_dir() else "is a file"
        raise OpomError(f"{path} cannot take the results: {nearest} {reason}; name another folder")


def user_cache() -> Path:
    """Where this user's programs keep what can be made again; XDG_CACHE_HOME names another place."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "opom_edu"


def sha256(path: str | Path) -> str:
    """The file's SHA-256 as hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
