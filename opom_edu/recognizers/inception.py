"""Inception-ResNet v1: many small ways side by side, and a shortcut around them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from opom_edu.recognizers.backbones import scaled, stem_kernel


class ConvRelu(nn.Sequential):
    """Convolution, batch norm and ReLU; padded so that only the stride changes the shape, unless ``padding`` is given."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int | tuple[int, int], *, stride: int = 1, padding: int | None = None
    ) -> None:
        sides = (kernel, kernel) if isinstance(kernel, int) else kernel
        pad = (sides[0] // 2, sides[1] // 2) if padding is None else (padding, padding)
        super().__init__(
            nn.Conv2d(inputs, outputs, sides, stride, pad, bias=False),
            nn.BatchNorm2d(outputs, eps=1e-3),
            nn.ReLU(inplace=True),
        )


class Branches(nn.Module):
    """Several ways side by side, their channels stacked."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], 1)


class InceptionBlock(nn.Module):
    """A 1x1 convolution, longer ways beside it, a 1x1 convolution back to the input's channels, and a shortcut.

    Args:
        channels, inner: of the input, and of each way.
        longer: by way, the kernels that follow its own 1x1 convolution.
        scale: of what is added to the input.
        linear: whether no ReLU follows.
    """

    def __init__(
        self, channels: int, inner: int, *longer: Sequence[int | tuple[int, int]], scale: float, linear: bool = False
    ) -> None:
        super().__init__()
        self.scale = scale
        ways: list[nn.Module] = [ConvRelu(channels, inner, 1)]
        for kernels in longer:
            ways.append(nn.Sequential(ConvRelu(channels, inner, 1), *(ConvRelu(inner, inner, kernel) for kernel in kernels)))
        self.branches = Branches(*ways)
        self.project = nn.Conv2d(len(ways) * inner, channels, 1)
        self.relu = nn.Identity() if linear else nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(x + self.scale * self.project(self.branches(x)))


def _chain(inputs: int, first: int, *channels: int) -> nn.Module:
    """A 1x1 convolution, then 3x3 ones, the last of which halves height and width."""
    layers = [ConvRelu(inputs, first, 1)]
    for i, (before, after) in enumerate(pairwise((first, *channels)), 1):
        layers.append(ConvRelu(before, after, 3, stride=2 if i == len(channels) else 1))
    return nn.Sequential(*layers)


class InceptionResNet(nn.Module):
    """Inception-ResNet v1 (Szegedy et al. 2016, arXiv 1602.07261, figures 10 to 14), the network of FaceNet's public code.

    The stem is padded, so that a 112x112 input leaves it as 14x14 (the paper's 299x299 leave it as 35x35).

    Args:
        width: share of the paper's channels, each number rounded to a multiple of 8.
        blocks: number of blocks of kinds A, B and C; 5, 10, 5 in the paper.
        dim: length of the embedding.
        stem_stride: of the first convolution, 2 in the paper; 4 saves three quarters of the work.
        pool: whether the stem halves height and width once more by max pooling, as in the paper.
        dropout: share of the last features dropped while training.
        slope: of leaky ReLU instead of ReLU.
    """

    SCALES = (0.17, 0.10, 0.20)  # of the residuals: section 3.3 of the paper, the values of its public code

    def __init__(
        self, *, width: float = 1.0, blocks: tuple[int, int, int] = (5, 10, 5), dim: int = 512, stem_stride: int = 2,
        pool: bool = True, dropout: float = 0.2, slope: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__()

        def c(channels: int) -> int:
            return scaled(channels, width)

        first, second = c(256), c(384) + c(192 + 64) + c(256)
        third = second + c(384) + c(256) + c(256)
        self.stem = nn.Sequential(
            ConvRelu(3, c(32), stem_kernel(stem_stride), stride=stem_stride), ConvRelu(c(32), c(32), 3),
            ConvRelu(c(32), c(64), 3), nn.MaxPool2d(3, 2, 1) if pool else nn.Identity(), ConvRelu(c(64), c(80), 1),
            ConvRelu(c(80), c(192), 3), ConvRelu(c(192), first, 3, stride=2),
        )  # fmt: skip
        a, b, d = self.SCALES
        self.a = nn.Sequential(*(InceptionBlock(first, c(32), [3], [3, 3], scale=a) for _ in range(blocks[0])))
        self.reduce_a = Branches(
            ConvRelu(first, c(384), 3, stride=2), _chain(first, c(192), c(192), c(256)), nn.MaxPool2d(3, 2, 1)
        )
        self.b = nn.Sequential(*(InceptionBlock(second, c(128), [(1, 7), (7, 1)], scale=b) for _ in range(blocks[1])))
        self.reduce_b = Branches(
            _chain(second, c(256), c(384)), _chain(second, c(256), c(256)), _chain(second, c(256), c(256), c(256)),
            nn.MaxPool2d(3, 2, 1),
        )  # fmt: skip
        crossed = [(1, 3), (3, 1)]
        last = [InceptionBlock(third, c(192), crossed, scale=d) for _ in range(blocks[2])]
        self.c = nn.Sequential(*last, InceptionBlock(third, c(192), crossed, scale=1.0, linear=True))
        self.output = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(third, dim, bias=False),
            nn.BatchNorm1d(dim),
        )  # fmt: skip
        if slope is not None:
            for part in list(self.modules()):
                for name, child in part.named_children():
                    if isinstance(child, nn.ReLU):
                        setattr(part, name, nn.LeakyReLU(slope, inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.c(self.reduce_b(self.b(self.reduce_a(self.a(self.stem(x)))))))
