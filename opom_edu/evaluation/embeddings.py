"""Embeddings of photos, kept on disk and found again by the content of the photos and of the recognizer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from opom_edu.faces import quantize
from opom_edu.faces.images import SIZE
from opom_edu.files import check_folder, replacing
from opom_edu.recognizers import Recognizer


def made_by(recognizer: Recognizer) -> str | None:
    """What tells a recognizer's answers from any other's: its fingerprint, its device, and its answer to one fixed picture,
    in which preprocessing takes part. None without a fingerprint."""
    fingerprint = recognizer.fingerprint()
    if fingerprint is None:
        return None
    answer = recognizer.embed(torch.linspace(0, 1, 3 * SIZE * SIZE).reshape(1, 3, SIZE, SIZE))
    return f"{fingerprint} {recognizer.device} {hashlib.sha256(answer.cpu().numpy().tobytes()).hexdigest()}"


def embedder(recognizer: Recognizer, cache: str | Path | None = None) -> Callable[[Tensor], Tensor]:
    """A function that rounds photos ``(N, 3, 112, 112)`` to 8 bit, as saving them does, and embeds them: ``(N, D)``.

    Args:
        cache: a folder where each batch's embeddings are kept, in a file named by a hash of its pixels and :func:`made_by`.
            A recognizer without a fingerprint is asked every time. Files can be deleted at any time.

    Raises:
        OpomError: if files cannot be written to the folder.
    """
    maker = None if cache is None else made_by(recognizer)
    if cache is None or maker is None:
        return lambda images: recognizer.embed(quantize(images))
    check_folder(cache)
    folder = Path(cache)

    def embed(images: Tensor) -> Tensor:
        levels = images.mul(255).round().byte().cpu().contiguous().numpy()
        key = hashlib.sha256(f"{maker} {levels.shape}".encode())
        key.update(levels.tobytes())
        path = folder / f"{key.hexdigest()}.npy"
        found = _read(path, len(images))
        if found is None:
            found = recognizer.embed(quantize(images))
            with replacing(path) as temporary:
                np.save(temporary, found.cpu().numpy(), allow_pickle=False)
        return found.to(recognizer.device)

    return embed


def _read(path: Path, count: int) -> Tensor | None:
    """Embeddings of ``count`` photos; None if there is no such file or it is damaged."""
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    whole = found.ndim == 2 and len(found) == count and found.dtype == np.float32
    whole = whole and np.allclose(np.square(found).sum(1), 1, atol=1e-3)  # flipped bits, for the most part
    return torch.from_numpy(found) if whole else None
