"""The other side of the race: a recognizer that learns to look past masks."""

from __future__ import annotations

import torch
from torch import Tensor

from opom_edu.faces.images import check_images
from opom_edu.recognizers.recognizer import Recognizer


def hardened(
    recognizer: Recognizer, clean: Tensor, changed: Tensor, *, epochs: int = 4, rate: float = 1e-3, seed: int = 0
) -> Recognizer:
    """A copy of ``recognizer``, fine-tuned to embed changed photos where the original embeds the clean ones.

    The loss is the squared distance of the copy's embeddings, of changed and of clean photos, to the original's of the clean
    ones; it needs no names, and a gallery that was enrolled before stays valid. That a recognizer adapted to a protection
    sees through it is the argument of Radiya-Dixit et al., ICLR 2022 (arXiv 2106.14851).

    Args:
        recognizer: made by :meth:`Recognizer.from_module`; it stays as it is.
        clean, changed: ``(N, 3, 112, 112)`` in [0, 1], the same photos before and after.
        epochs, rate: passes over the photos, and the learning rate of AdamW, which falls to zero along a cosine.
        seed: of the order of the photos.

    Raises:
        ValueError: for invalid images or differing shapes, or a recognizer that cannot be copied.

    Example:
        >>> harder = hardened(surrogate, ada.train, masks["Ada"].apply(ada.train), epochs=1)
        >>> harder.name
        'ir-softmax, hardened'
    """
    check_images(clean, name="clean images")
    if check_images(changed, name="changed images").shape != clean.shape:
        raise ValueError(f"clean {tuple(clean.shape)} and changed images {tuple(changed.shape)} must be the same photos")
    copy, module = recognizer.twin(f"{recognizer.name}, hardened")
    module.requires_grad_(True)
    targets = recognizer.embed(clean)
    optimizer = torch.optim.AdamW(module.parameters(), lr=rate)
    generator = torch.Generator().manual_seed(seed)
    batches = [
        b for _ in range(epochs) for b in torch.randperm(len(clean), generator=generator).split(recognizer.batch_size)
    ]
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, len(batches))
    for chosen in batches:
        with torch.enable_grad():
            photos = torch.cat([clean[chosen], changed[chosen]]).to(copy.device)
            loss = (copy.forward(photos) - targets[chosen].repeat(2, 1)).square().sum(-1).mean()
            optimizer.zero_grad()
            loss.backward()
        optimizer.step()
        schedule.step()
    module.requires_grad_(False)
    return copy
