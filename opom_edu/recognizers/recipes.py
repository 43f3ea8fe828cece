"""How each recognizer of the zoo is built and trained: data, not code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from torch import Tensor, nn

from opom_edu.recognizers.backbones import IRNet, MobileFaceNet
from opom_edu.recognizers.inception import InceptionResNet

BACKBONES: dict[str, Callable[..., nn.Module]] = {
    network.__name__: network for network in (IRNet, MobileFaceNet, InceptionResNet)
}


def _frozen(**settings: Any) -> Mapping[str, Any]:
    return MappingProxyType(settings)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A network, a head and a schedule.

    Args:
        backbone, network: one of ``BACKBONES`` and its arguments.
        head, loss: one of :data:`opom_edu.training.heads.HEADS` and its arguments.
        epochs, batch: passes over the photos, and photos per step.
        rate: highest learning rate of AdamW, reached after the share ``warmup`` of all steps; then a cosine down to zero.
        decay: weight decay, of weights with more than one dimension.
        ramp: share of all steps over which the head's margin rises from zero: a small network cannot start with all of it.
    """

    backbone: str
    network: Mapping[str, Any]
    head: str
    loss: Mapping[str, Any] = field(default_factory=_frozen)
    epochs: int = 8
    batch: int = 64
    rate: float = 4e-3
    warmup: float = 0.15
    decay: float = 0.05
    ramp: float = 0.0

    def build(self) -> nn.Module:
        """The network with random weights."""
        return BACKBONES[self.backbone](**self.network)


def centered(images: Tensor) -> Tensor:
    """From [0, 1] to [-1, 1]: what the networks of the recipes want.

    Example:
        >>> centered(torch.tensor([0.0, 0.5, 1.0]))
        tensor([-1.,  0.,  1.])
    """
    return images * 2 - 1


# A fixed slope in place of PReLU or ReLU, and a stem of stride 4, make training on one CPU core several times as fast.
DIM = 128
IR = _frozen(blocks=(2, 2, 1), width=32, dim=DIM, stem_stride=4, dropout=0.0, slope=0.25)
SEIR = _frozen(**IR, se=True)
MOBILE = _frozen(width=0.6, dim=DIM, stem_stride=4, slope=0.25)
INCEPTION = _frozen(width=0.25, blocks=(1, 2, 1), dim=DIM, stem_stride=4, pool=False, dropout=0.0, slope=0.25)
SOFTMAX = _frozen(scale=14.0)
MARGIN = _frozen(scale=14.0, margin=0.15)

RECIPES: dict[str, Recipe] = {
    "ir-softmax": Recipe(backbone="IRNet", network=IR, head="softmax", loss=SOFTMAX),
    "ir-arcface": Recipe(backbone="IRNet", network=IR, head="arcface", loss=MARGIN, ramp=0.75),
    "ir-cosface": Recipe(backbone="IRNet", network=IR, head="cosface", loss=MARGIN, ramp=0.75),
    "ir-sface": Recipe(backbone="IRNet", network=IR, head="sface", epochs=14),
    "mobilefacenet-softmax": Recipe(backbone="MobileFaceNet", network=MOBILE, head="softmax", loss=SOFTMAX, epochs=10),
    "seir-softmax": Recipe(backbone="IRNet", network=SEIR, head="softmax", loss=SOFTMAX),
    "inception-softmax": Recipe(backbone="InceptionResNet", network=INCEPTION, head="softmax", loss=SOFTMAX, epochs=9),
}
