"""Results that outlive a killed run: one JSON file per configuration, whole or absent, found again by its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opom_edu import __version__
from opom_edu.files import check_folder, replacing


class Records:
    """A folder of finished results. Several processes may share it: each file is moved into place as a whole.

    Args:
        folder: made at the first :meth:`save`.

    Raises:
        OpomError: if files cannot be written there.
    """

    def __init__(self, folder: str | Path) -> None:
        check_folder(folder)
        self.folder = Path(folder)

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
        try:
            record = json.loads(self.path(config).read_text(encoding="utf-8"))
            whole = record["digest"] == _digest(record["result"])
            return dict(record["result"]) if whole else None
        except (FileNotFoundError, ValueError, KeyError, TypeError):  # no file; no JSON; JSON of another shape
            return None

    def save(self, config: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        """Keep ``result``, of what JSON can hold, beside the configuration that led to it."""
        record = {"config": dict(config), "result": dict(result), "digest": _digest(dict(result))}
        with replacing(self.path(config)) as temporary:
            temporary.write_text(json.dumps(record, indent=1), encoding="utf-8")


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, allow_nan=False).encode()).hexdigest()
