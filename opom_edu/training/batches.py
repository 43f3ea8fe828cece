"""What a training takes in: photos, fetched by workers, at lower precision and by several processes where there are any."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, distributed, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from opom_edu.faces.images import SIZE
from opom_edu.recognizers.networks import evaluating
from opom_edu.recognizers.recipes import centered

EMBED_BATCH = 128


@dataclass(frozen=True)
class LabeledPhotos:
    """Photos of people.

    Args:
        images: uint8 ``(N, 112, 112, 3)``, RGB: an array, a memory map, or what is indexed like one, such as the photos of
            :func:`opom_edu.faces.synthetic.render_people` with ``lazy=True``.
        labels: int64 ``(N,)``, any numbers.
        groups: ``(N,)`` names, such as of skin tones, by which accuracy is also given; or none.

    Example:
        >>> photos = LabeledPhotos(np.zeros((6, 112, 112, 3), np.uint8), np.array([0, 0, 0, 1, 1]))
        >>> photos.check("photos")
        Traceback (most recent call last):
            ...
        ValueError: photos.labels must be whole numbers (6,), one per image, got int64 (5,)
    """

    images: Any
    labels: npt.NDArray[np.int64]
    groups: npt.NDArray[Any] | None = None

    def check(self, name: str) -> None:
        """Raise ValueError, blaming the argument ``name``, unless these are such arrays, 2 people or more, 2 photos each."""
        images, labels = self.images, self.labels
        kind, shape = getattr(images, "dtype", None), getattr(images, "shape", ())
        if kind != np.uint8 or shape[1:] != (SIZE, SIZE, 3):
            got = f"{kind} {shape}" if kind is not None else type(images).__name__
            raise ValueError(f"{name}.images must be a uint8 array (N, {SIZE}, {SIZE}, 3) of RGB crops, got {got}")
        if not isinstance(labels, np.ndarray) or labels.dtype.kind not in "iu" or labels.shape != images.shape[:1]:
            got = f"{labels.dtype} {labels.shape}" if isinstance(labels, np.ndarray) else type(labels).__name__
            raise ValueError(f"{name}.labels must be whole numbers ({len(images)},), one per image, got {got}")
        _, counts = np.unique(labels, return_counts=True)
        if len(counts) < 2 or counts.min() < 2:
            got = f"{len(counts)} people with {counts.min() if len(counts) else 0} photos or more"
            raise ValueError(f"{name} must hold at least 2 people with at least 2 photos each, got {got}; add photos")
        if self.groups is not None and len(self.groups) != len(images):
            raise ValueError(f"{name}.groups must name one group per image, {len(images)}, got {len(self.groups)}")


def fetch(images: Any, chosen: Sequence[Tensor], workers: int = 0) -> DataLoader[Tensor]:
    """The chosen photos, batch after batch, fetched ahead by other processes.

    Args:
        images: uint8 ``(N, H, W, 3)``, see :class:`LabeledPhotos`.
        chosen: of each batch, the places ``(n,)`` of its photos.
        workers: so many processes; 0 for none.

    Returns:
        Batches ``(n, H, W, 3)``, uint8.

    Example:
        >>> [batch.shape for batch in fetch(np.zeros((5, 8, 8, 3), np.uint8), torch.arange(5).split(3))]
        [torch.Size([3, 8, 8, 3]), torch.Size([2, 8, 8, 3])]
    """
    generator = torch.Generator()  # or the loader would draw from the one that dropout draws from
    batches = [places.numpy() for places in chosen]
    return DataLoader(images, batch_size=None, sampler=batches, num_workers=workers, generator=generator)


def floats(pixels: Tensor, device: str | torch.device) -> Tensor:
    """Float images ``(n, 3, H, W)`` in [0, 1], on the device, of uint8 ones ``(n, H, W, 3)``.

    Example:
        >>> floats(torch.full((1, 2, 2, 3), 255, dtype=torch.uint8), "cpu").mean()
        tensor(1.)
    """
    return pixels.to(device).permute(0, 3, 1, 2).to(torch.float32).div_(255)


def lower_precision(device: str | torch.device) -> AbstractContextManager[Any]:
    """Products in bfloat16 on GPUs that have it; elsewhere nothing changes.

    Example:
        >>> with lower_precision("cpu"):
        ...     (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
        torch.float32
    """
    on_gpu = str(device).startswith("cuda") and torch.cuda.is_bf16_supported()
    return torch.autocast("cuda", torch.bfloat16) if on_gpu else nullcontext()


@contextmanager
def processes(device: str | torch.device) -> Iterator[tuple[int, int, str | torch.device]]:
    """The number of this process, how many train together, and its device: one and ``device`` unless torchrun started it.

    On GPUs each process of a machine takes its own, and they talk by NCCL; on CPUs by Gloo.

    Example:
        >>> with processes("cpu") as (number, together, device):
        ...     print(number, together, device)
        0 1 cpu
    """
    if not distributed.is_torchelastic_launched():
        yield 0, 1, device
        return
    on_gpu = str(device).startswith("cuda")
    if on_gpu:
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if on_gpu else "gloo")
    try:
        yield distributed.get_rank(), distributed.get_world_size(), device
    finally:
        distributed.destroy_process_group()


def embed(module: nn.Module, images: Any) -> npt.NDArray[np.float32]:
    """Embeddings ``(N, D)``, float32 of unit norm, of uint8 RGB crops ``(N, 112, 112, 3)``.

    The module's mode, training or not, stays as it was.

    Example:
        >>> module = nn.Sequential(nn.AvgPool2d(28), nn.Flatten())
        >>> _ = module.append(nn.Linear(48, 4))
        >>> embed(module, np.zeros((3, 112, 112, 3), np.uint8)).shape
        (3, 4)
    """
    device = next(module.parameters()).device
    with evaluating(module), torch.no_grad():
        parts = [
            functional.normalize(module(centered(floats(torch.from_numpy(images[chosen]), device))))
            for chosen in np.array_split(np.arange(len(images)), math.ceil(len(images) / EMBED_BATCH))
        ]
    return torch.cat(parts).cpu().numpy()
