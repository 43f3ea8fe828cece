"""Masks as the code released with the OPOM paper leaves them: one NumPy file per person, in gray levels."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from opom_edu.errors import MaskError
from opom_edu.masks.mask import Mask


def released_masks(folder: str | Path, people: Iterable[str]) -> dict[str, Mask]:
    """The masks ``mask_id0.npy``, ``mask_id1.npy``, ... of these people, in their order (see ``load_people("opom:PATH")``).

    Raises:
        MaskError: if one is missing or is not of shape ``(3, H, W)`` or ``(1, 3, H, W)``, in gray levels of 255, naming it.
    """
    return {name: _read(Path(folder) / f"mask_id{i}.npy") for i, name in enumerate(people)}


def _read(path: Path) -> Mask:
    try:
        levels = np.load(path, allow_pickle=False)
        delta = torch.from_numpy(np.asarray(levels, np.float32)[None].reshape(levels.shape[-3:]) / 255)
        eps = math.ceil(255 * float(delta.abs().max()) - 1e-3) / 255  # the release gives none: whole levels
        return Mask(delta, eps, {"method": "OPOM release", "file": path.name})
    except (OSError, EOFError, ValueError) as error:
        raise MaskError(f"{path} is not a mask of the OPOM release ({error})") from error
