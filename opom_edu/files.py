"""Files that are either whole or absent, checksums that say so, and the one store of what is kept on disk."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from opom_edu.errors import OpomError, OpomWarning

if TYPE_CHECKING:
    import pandas as pd

CACHE_VARIABLE = "OPOM_EDU_CACHE"
T = TypeVar("T")
UNFINISHED = ".unfinished-"  # how the name of a temporary file begins
FORMULA = tuple("=+-@\t\r")  # how a text begins that a spreadsheet would run


def _prefix(path: Path) -> str:
    """How the names of temporary files for ``path`` begin; of one length, however long the file's own name is."""
    return f"{UNFINISHED}{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}-"


@contextmanager
def unfinished(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``, with the same suffix, that is gone at the end.

    Raises:
        OSError: if the folder, which is made, cannot be written to.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder, unfinished(f"{folder}/a.txt") as path:
        ...     _ = path.write_text("a draft")
        >>> path.exists()
        False
    """
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
    """Yield a temporary path beside ``path``, moved onto it at the end; after an error nothing has changed.

    Raises:
        OSError: if the folder, which is made, or the file cannot be written to.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with replacing(f"{folder}/a.txt") as path:
        ...         _ = path.write_text("whole")
        ...     Path(folder, "a.txt").read_text()
        'whole'
    """
    with unfinished(path) as temporary:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        with contextlib.suppress(OSError):  # a file system may know no rights (FAT, a network's folder)
            temporary.chmod(0o666 & ~mask)  # mkstemp makes files private; the result should be like any other file
        with temporary.open("rb") as file:
            os.fsync(file.fileno())  # or a power cut could leave the name without its content
        temporary.replace(path)


@contextmanager
def alone(path: str | Path) -> Iterator[None]:
    """Make sure that no other run of this user's on this machine writes to the same place at the same time.

    Raises:
        OpomError: if one does; it names the place.

    Example:
        >>> with alone("out"):
        ...     try:
        ...         alone("out").__enter__()
        ...     except OpomError as error:
        ...         print(str(error)[-43:])
        wait for it, or name another place to write
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    name = hashlib.sha256(os.fsencode(Path(path).absolute())).hexdigest()[:16]
    with Path(tempfile.gettempdir(), f"opom_edu-{os.getuid()}-{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            told = f"another run is writing to {path}"
            raise OpomError(f"{told}; wait for it, or name another place to write") from error
        yield


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as CSV, without its index and rounded to four decimals, whole or not at all.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.

    Raises:
        OSError: if the folder, which is made, or the file cannot be written to.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_table(f"{folder}/rates.csv", pd.DataFrame({"psr": [2 / 3]}))
        ...     Path(folder, "rates.csv").read_text()
        'psr\\n0.6667\\n'
    """
    safe = table.round(4).map(lambda value: f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value)
    with replacing(path) as temporary:
        safe.to_csv(temporary, index=False)


def remove_unfinished(path: Path) -> None:
    """Remove what a process that was killed left unfinished of the file ``path``, or in the folder ``path`` and below.

    Raises:
        OSError: if it cannot be removed.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Path(folder, UNFINISHED + "a.txt").touch()
        ...     remove_unfinished(Path(folder))
        ...     os.listdir(folder)
        []
    """
    left = path.rglob(f"{UNFINISHED}*") if path.is_dir() else path.parent.glob(f"{_prefix(path)}*")
    for file in left:
        file.unlink(missing_ok=True)


def check_folder(path: str | Path) -> None:
    """Make sure, before long work, that files can be written to the folder ``path``, which need not exist yet.

    Raises:
        OpomError: if they cannot; it names the folder.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     check_folder(f"{folder}/results/of/today")
    """
    nearest = next(folder for folder in (Path(path).absolute(), *Path(path).absolute().parents) if folder.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        reason = "cannot be written to" if nearest.is_dir() else "is a file"
        raise OpomError(f"{path} cannot take the results: {nearest} {reason}; name another folder")


def user_cache() -> Path:
    """Where this user's programs keep what can be made again; XDG_CACHE_HOME names another place.

    Example:
        >>> user_cache().name
        'opom_edu'
    """
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "opom_edu"


def people_cache() -> Path:
    """Where rendered and aligned photos of people are kept: OPOM_EDU_CACHE, else the user's cache folder.

    Example:
        >>> from unittest import mock
        >>> with mock.patch.dict(os.environ, {CACHE_VARIABLE: "photos"}):
        ...     str(people_cache())
        'photos'
    """
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else user_cache() / "people"


class Store(Generic[T]):
    """A folder of values that can be computed again, each in a file named by what it was computed from.

    A damaged file is as good as none. Several processes may share the folder: each file is moved into place as a whole.

    Args:
        folder: made when the first value is kept.
        read: from a file's path to its value; raises any error if the file is damaged.
        write: writes a value to a path.

    Example:
        >>> notes = Store(tempfile.mkdtemp(), Path.read_text, Path.write_text)
        >>> notes.put("a.txt", "seen")
        >>> notes.get("a.txt"), notes.get("b.txt")
        ('seen', None)
        >>> notes.get_or_make("b.txt", lambda: "made"), notes.get("b.txt")
        ('made', 'made')
    """

    def __init__(self, folder: str | Path, read: Callable[[Path], T], write: Callable[[Path, T], object]) -> None:
        self.folder, self._read, self._write = Path(folder), read, write

    def get(self, name: str) -> T | None:
        """The value kept under this name; None if there is none, or, with a warning, if its file is damaged."""
        path = self.folder / name
        if not path.is_file():
            return None
        try:
            return self._read(path)
        except Exception as error:  # a file cut off in the middle raises whatever its remains suggest
            warnings.warn(f"{path} is damaged and is made anew ({error})", OpomWarning, stacklevel=2)
            return None

    def put(self, name: str, value: T) -> None:
        """Keep a value.

        Raises:
            OpomError: if the file cannot be written; it names the file.
        """
        try:
            with replacing(self.folder / name) as temporary:
                self._write(temporary, value)
        except OSError as error:
            raise OpomError(f"{self.folder / name} cannot be written: {error}; make room or name another folder") from error

    def try_put(self, name: str, value: T) -> None:
        """Keep a value if the folder can be written; otherwise warn, since only time is lost."""
        try:
            self.put(name, value)
        except OpomError as error:
            told = f"nothing is kept for next time: {error}; set {CACHE_VARIABLE} to another folder"
            warnings.warn(told, OpomWarning, stacklevel=2)

    def get_or_make(self, name: str, make: Callable[[], T]) -> T:
        """The value kept under this name; if there is none, what ``make`` returns, which is then kept.

        Raises:
            OpomError: see :meth:`put`.
        """
        value = self.get(name)
        if value is None:
            self.put(name, value := make())
        return value


def sha256(path: str | Path) -> str:
    """The file's SHA-256 as 64 hexadecimal digits.

    Raises:
        OSError: if it cannot be read.

    Example:
        >>> sha256(os.devnull)[:8]  # of no bytes at all
        'e3b0c442'
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
