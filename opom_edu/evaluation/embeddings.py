"""Embeddings of photos, kept on disk and found again by the content of the photos and of the recognizer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from opom_edu.faces import quantize
from opom_edu.faces.images import SIZE
from opom_edu.files import Store, check_folder
from opom_edu.recognizers import Recognizer


def made_by(recognizer: Recognizer) -> str | None:
    """What tells a recognizer's answers from any other's: its fingerprint, its device, and its answer to one fixed picture,
    in which preprocessing takes part. None without a fingerprint.

    Example:
        >>> box = Recognizer.from_callable(lambda images: images.mean((2, 3)), name="color")
        >>> made_by(box) is None
        True
        >>> made_by(Recognizer.from_callable(lambda images: images.mean((2, 3)), name="color", version="1")).split()[1]
        'cpu'
    """
    fingerprint = recognizer.fingerprint()
    if fingerprint is None:
        return None
    answer = recognizer.embed(torch.linspace(0, 1, 3 * SIZE * SIZE, dtype=torch.float32).reshape(1, 3, SIZE, SIZE))
    return f"{fingerprint} {recognizer.device} {hashlib.sha256(answer.cpu().numpy().tobytes()).hexdigest()}"


def photos_digest(batches: Iterable[Tensor]) -> str:
    """SHA-256, 64 hexadecimal digits, of the shapes and the levels, 0 to 255, of batches of photos ``(N, 3, H, W)``.

    Example:
        >>> photos_digest([ada.test]) == photos_digest([ada.test + 0.001])  # the same levels
        True
    """
    digest = hashlib.sha256()
    for images in batches:
        digest.update(f"{tuple(images.shape)}".encode())
        digest.update(images.mul(255).round().byte().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def embedder(recognizer: Recognizer, cache: str | Path | None = None) -> Callable[[Tensor], Tensor]:
    """A function that rounds photos ``(N, 3, 112, 112)`` to 8 bit, as saving them does, and embeds them: ``(N, D)``.

    Args:
        cache: a folder where each batch's embeddings are kept, in a file named by a hash of its pixels and :func:`made_by`.
            A recognizer without a fingerprint is asked every time. Files can be deleted at any time.

    Raises:
        OpomError: if files cannot be written to the folder.

    Example:
        >>> import tempfile
        >>> box = Recognizer.from_callable(lambda images: images.mean((2, 3)), name="color", version="1")
        >>> with tempfile.TemporaryDirectory() as cache:
        ...     embedder(box, cache)(torch.ones(5, 3, 112, 112)).shape, len(list(Path(cache).iterdir()))
        (torch.Size([5, 3]), 1)
    """
    maker = None if cache is None else made_by(recognizer)
    if cache is None or maker is None:
        return lambda images: recognizer.embed(quantize(images))
    check_folder(cache)
    kept = Store(cache, _read, _write)

    def embed(images: Tensor) -> Tensor:
        key = hashlib.sha256(f"{maker} {photos_digest([images])}".encode()).hexdigest()
        return kept.get_or_make(f"{key}.npy", lambda: recognizer.embed(quantize(images))).to(recognizer.device)

    return embed


def _read(path: Path) -> Tensor:
    found = np.load(path, allow_pickle=False)
    # Flipped bits show, for the most part, in the norm.
    if found.ndim != 2 or found.dtype != np.float32 or not np.allclose(np.square(found).sum(1), 1, atol=1e-3):
        raise ValueError("it holds no embeddings of unit norm")
    return torch.from_numpy(found)


def _write(path: Path, embeddings: Tensor) -> None:
    np.save(path, embeddings.cpu().numpy(), allow_pickle=False)
