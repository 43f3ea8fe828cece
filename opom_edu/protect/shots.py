"""A photo on its way to a protected copy."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from opom_edu.faces.aligned import Faces

Row = dict[str, Any]  # of a report's table


@dataclass(frozen=True, eq=False)
class Shot:
    """A photo of a person's folder that could be read, where its copy goes, and who is in it (None: a stranger)."""

    owner: str
    path: Path
    target: Path
    digest: str
    faces: Faces
    embeddings: Tensor
    note: str
    names: list[str | None] = field(default_factory=list)
