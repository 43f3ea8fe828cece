"""Why does a mask learned on one recognizer work on another? Because the two agree; here is how far."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from opom_edu.faces import check_images
from opom_edu.recognizers import Recognizer, check_recognizer


def center_gradient(recognizer: Recognizer, images: Tensor, *, eps: float = 8 / 255, seed: int = 0) -> Tensor:
    """The way that leads one person's photos off their class center: the gradient that a mask's first step follows.

    Args:
        recognizer: differentiable.
        images: ``(K, 3, 112, 112)`` in [0, 1], two or more photos of one person.
        eps: of the noise, uniform in ±eps, that each photo gets first, as in :class:`opom_edu.OPOM`; 0 to 1.
        seed: of the noise.

    Returns:
        ``(3, 112, 112)``, the gradient of the mean squared distance to the center, mean over the photos.

    Raises:
        ValueError: for invalid images or fewer than two, or a recognizer without gradients.

    Example:
        >>> center_gradient(surrogate, ada.train).shape
        torch.Size([3, 112, 112])
    """
    check_images(images)
    if len(images) < 2:
        raise ValueError(f"one photo is its own center, and nothing leads off it; give two or more, got {len(images)}")
    if not check_recognizer(recognizer, "recognizer").differentiable:
        raise ValueError(f"{recognizer.name} is a black box without gradients")
    noise = eps * (2 * torch.rand(images.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float32) - 1)
    masked = (images + noise).clamp(0, 1).requires_grad_()
    center = recognizer.embed(images).mean(0)
    with torch.enable_grad():
        loss = (recognizer.embed(masked) - center).square().sum(-1).mean()
        (gradient,) = torch.autograd.grad(loss, masked)
    return gradient.mean(0).cpu()


def gradient_agreement(recognizers: Sequence[Recognizer], people: Sequence[Tensor]) -> pd.DataFrame:
    """Mean cosine between two recognizers' :func:`center_gradient` for the same photos, for each pair.

    Args:
        recognizers: differentiable ones.
        people: each person's photos, ``(K, 3, 112, 112)``.

    Returns:
        A row and a column per recognizer: 1 for the same direction, about 0 for directions that have nothing in common.

    Raises:
        ValueError: see :func:`center_gradient`; or if there are no people.

    Example:
        >>> gradient_agreement([surrogate, black_box], [ada.train]).shape
        (2, 2)
    """
    if not people:
        raise ValueError("give the photos of at least one person")
    gradients = torch.stack([torch.stack([center_gradient(r, own).flatten() for r in recognizers]) for own in people])
    directions = functional.normalize(gradients, dim=-1)
    names = [recognizer.name for recognizer in recognizers]
    return pd.DataFrame((directions @ directions.mT).mean(0).numpy(), names, names)


def opinion_agreement(recognizers: Sequence[Recognizer], images: Tensor) -> pd.DataFrame:
    """Correlation of what recognizers say about the same pairs of photos, for each two of them.

    Two recognizers' embeddings cannot be compared, for each has a space of its own; their similarities can.

    Args:
        recognizers: any, black boxes too.
        images: ``(N, 3, 112, 112)``, three or more photos; each pair of them counts once.

    Returns:
        A row and a column per recognizer, Pearson correlations.

    Raises:
        ValueError: for fewer than three photos.

    Example:
        >>> opinion_agreement([surrogate, black_box], ada.train).shape
        (2, 2)
    """
    if len(images) < 3:
        raise ValueError(f"a correlation needs more than one pair: give three photos or more, got {len(images)}")
    pairs = torch.triu_indices(len(images), len(images), 1)
    embeddings = [recognizer.embed(images).cpu() for recognizer in recognizers]
    opinions = torch.stack([(own @ own.T)[pairs[0], pairs[1]] for own in embeddings])
    names = [recognizer.name for recognizer in recognizers]
    return pd.DataFrame(torch.corrcoef(opinions).reshape(len(names), -1).numpy(), names, names)
