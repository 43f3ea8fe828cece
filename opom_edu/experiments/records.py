"""Results that outlive a killed run: one JSON file per configuration, whole or absent, found again by its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opom_edu import __version__
from opom_edu.files import Store, check_folder


class Records:
    """A folder of finished results. Several processes may share it: each file is moved into place as a whole.

    Args:
        folder: made at the first :meth:`save`; also an attribute.

    Raises:
        OpomError: if files cannot be written there.

    Example:
        >>> import tempfile
        >>> records = Records(tempfile.mkdtemp())
        >>> records.save({"eps": 0.03, "seed": 0}, {"psr_1": 97.5})
        >>> records.load({"seed": 0, "eps": 0.03})
        {'psr_1': 97.5}
        >>> records.load({"eps": 0.03, "seed": 1}) is None
        True
    """

    def __init__(self, folder: str | Path) -> None:
        check_folder(folder)
        self.folder = Path(folder)
        self._store = Store(folder, _read, _write)

    def key(self, config: Mapping[str, Any]) -> str:
        """SHA-256, 64 hexadecimal digits, of ``config`` as JSON with sorted keys, and of the package's version.

        Raises:
            TypeError, ValueError: for values that JSON lacks, such as tensors or NaN.
        """
        return _digest({"version": __version__, "config": dict(config)})

    def path(self, config: Mapping[str, Any]) -> Path:
        """The record's file, which need not exist."""
        return self.folder / f"{self.key(config)}.json"

    def load(self, config: Mapping[str, Any]) -> dict[str, Any] | None:
        """The result saved for ``config``, or None if there is none or its file is damaged: then compute it again."""
        record = self._store.get(self.path(config).name)
        return None if record is None else dict(record["result"])

    def save(self, config: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        """Keep ``result``, of what JSON can hold, beside the configuration that led to it.

        Raises:
            OpomError: if the file cannot be written.
        """
        record = {"config": dict(config), "result": dict(result), "digest": _digest(dict(result))}
        self._store.put(self.path(config).name, record)


def _read(path: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if record["digest"] != _digest(record["result"]):
        raise ValueError("its figures do not match their checksum")
    return record


def _write(path: Path, record: dict[str, Any]) -> None:
    path.write_text(json.dumps(record, indent=1), encoding="utf-8")


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, allow_nan=False).encode()).hexdigest()
