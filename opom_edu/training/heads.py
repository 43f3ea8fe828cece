"""Heads: what turns embeddings and labels into a training loss. A head is thrown away after training."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from opom_edu.errors import import_extra

LOSSES = ("pytorch_metric_learning.losses", "train", "pytorch-metric-learning")


class Softmax(nn.Module):
    """A linear classifier and cross entropy, the "Softmax" of the paper's recognizers, on the sphere: both embeddings and
    class weights are normalized (NormFace, Wang et al. 2017, arXiv 1704.06369), as they are when people are compared.

    Args:
        dim: length of the embeddings.
        classes: number of people.
        scale: of the cosines.

    Example:
        >>> head = Softmax(dim=8, classes=3)
        >>> head(torch.rand(4, 8), torch.tensor([0, 1, 2, 0])).shape
        torch.Size([])
    """

    def __init__(self, dim: int, classes: int, *, scale: float = 24.0) -> None:
        super().__init__()
        self.weight, self.scale = nn.Parameter(0.1 * torch.randn(classes, dim)), scale

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Mean loss of ``embeddings (N, dim)`` and ``labels (N,)``."""
        cosine = functional.linear(functional.normalize(embeddings), functional.normalize(self.weight))
        return functional.cross_entropy(self.scale * cosine, labels)


class SFace(nn.Module):
    """Sigmoid-constrained hypersphere loss (Zhong et al. 2021, arXiv 2205.12010, equations 8 to 13).

    An embedding at the angle theta to its own class is pulled by ``scale * sigmoid(slope * (theta - intra))`` along the
    sphere, and pushed from every other class by ``scale * sigmoid(-slope * (theta - inter))``: neither goes on once it is
    near enough, or far enough. Both factors are constants to the gradient, as in the paper.

    Args:
        dim: length of the embeddings.
        classes: number of people.
        scale, slope: s and k of the paper, here with its values.
        intra, inter: a and b of the paper, in radians; its values depend on the data, these are its released code's.

    Example:
        >>> head = SFace(dim=8, classes=3)
        >>> head(torch.rand(4, 8), torch.tensor([0, 1, 2, 0])).shape
        torch.Size([])
    """

    def __init__(
        self, dim: int, classes: int, *, scale: float = 64.0, slope: float = 80.0, intra: float = 0.80, inter: float = 1.23
    ) -> None:
        super().__init__()
        self.scale, self.slope, self.intra, self.inter = scale, slope, intra, inter
        self.weight = nn.Parameter(nn.init.xavier_normal_(torch.empty(classes, dim)))

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Mean loss of ``embeddings (N, dim)`` and ``labels (N,)``."""
        cosine = functional.linear(functional.normalize(embeddings), functional.normalize(self.weight))
        own = functional.one_hot(labels, cosine.shape[1]).bool()
        with torch.no_grad():
            angle = cosine.clamp(-1, 1).acos()
            pull = -torch.sigmoid(self.slope * (angle - self.intra))
            push = torch.sigmoid(self.slope * (self.inter - angle))
            factor = self.scale * torch.where(own, pull, push)
        return (factor * cosine).sum(1).mean()


def cosface(dim: int, classes: int, *, scale: float = 64.0, margin: float = 0.35) -> nn.Module:
    """CosFace (Wang et al. 2018, arXiv 1801.09414): the own class's cosine less ``margin``, all times ``scale``.

    Args:
        dim: length of the embeddings.
        classes: number of people.

    Raises:
        MissingExtraError: without pytorch-metric-learning.

    Example:
        >>> cosface(8, 3)(torch.rand(4, 8), torch.tensor([0, 1, 2, 0])).shape
        torch.Size([])
    """
    return _quick(import_extra(*LOSSES).CosFaceLoss(num_classes=classes, embedding_size=dim, margin=margin, scale=scale))


def arcface(dim: int, classes: int, *, scale: float = 64.0, margin: float = 0.5) -> nn.Module:
    """ArcFace (Deng et al. 2019, arXiv 1801.07698): the own class's angle plus ``margin`` radians; cosines times ``scale``.

    Args:
        dim: length of the embeddings.
        classes: number of people.

    Raises:
        MissingExtraError: without pytorch-metric-learning.

    Example:
        >>> arcface(8, 3)(torch.rand(4, 8), torch.tensor([0, 1, 2, 0])).shape
        torch.Size([])
    """
    degrees = margin * 180 / torch.pi
    return _quick(import_extra(*LOSSES).ArcFaceLoss(num_classes=classes, embedding_size=dim, margin=degrees, scale=scale))


HEADS: dict[str, Callable[..., nn.Module]] = {"softmax": Softmax, "cosface": cosface, "arcface": arcface, "sface": SFace}


def make_head(name: str, dim: int, classes: int, **settings: float) -> nn.Module:
    """A head by name: one of softmax, cosface, arcface, sface; maps ``(embeddings (N, dim), labels (N,))`` to the mean loss.

    Raises:
        ValueError: for an unknown name, listing the choices.
        MissingExtraError: if the head needs a package that is not installed.

    Example:
        >>> make_head("softmax", dim=8, classes=3, scale=16.0).weight.shape
        torch.Size([3, 8])
    """
    if name not in HEADS:
        raise ValueError(f"unknown head {name!r}; choose one of {', '.join(HEADS)}")
    return HEADS[name](dim, classes, **settings)


def _quick(loss: nn.Module) -> nn.Module:
    """Class weights of a tenth of a unit per number: only their direction counts, and Adam turns short ones faster."""
    with torch.no_grad():
        for weight in loss.parameters():
            weight.mul_(0.1)
    return loss
