"""Every photo's vote on every pixel: which way each one's gradient would change it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from opom_edu.faces.images import check_images
from opom_edu.recognizers import Recognizer

SHOWN = 56  # places on a side: the mean of two by two pixels


def votes(surrogate: Recognizer, images: Tensor) -> Tensor:
    """Each photo's gradient of its squared distance to the class center, green channel, ``(K, 56, 56)``, largest 1.

    Args:
        surrogate: a recognizer with gradients.
        images: ``(K, 3, 112, 112)`` of one person.

    Raises:
        ValueError: for images that are no such batch, or a black box.

    Example:
        >>> votes(surrogate, ada.train).shape
        torch.Size([10, 56, 56])
    """
    check_images(images)
    if not surrogate.differentiable:
        raise ValueError(f"{surrogate.name} is a black box without gradients; choose a surrogate")
    given = images.clone().requires_grad_()
    embeddings = surrogate.embed(given)
    center = embeddings.detach().mean(0)
    (gradient,) = torch.autograd.grad((embeddings - center).square().sum(), given)
    green = functional.avg_pool2d(gradient[:, 1:2], 112 // SHOWN)[:, 0]
    return (green / green.abs().amax().clamp(min=1e-12)).cpu()
