"""Inception-ResNet v1: many small ways side by side, and a shortcut around them."""

from __future__ import annotations

from collections.abc import Sequence

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
    """Branches, a 1x1 convolution back to the input's channels, and a shortcut."""

    def __init__(
        self, channels: int, stacked: int, branches: Sequence[nn.Module], *, scale: float, linear: bool = False
    ) -> None:
        super().__init__()
        self.scale = scale
        self.branches = Branches(*branches)
        self.project = nn.Conv2d(stacked, channels, 1)
        self.relu = nn.Identity() if linear else nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.relu(x + self.scale * self.project(self.branches(x)))
        return y


def _chain(inputs: int, *channels: int) -> nn.Module:
    """A 1x1 convolution, then 3x3 ones, the last of which halves height and width."""
    pairs = list(zip((inputs, *channels), channels, strict=False))
    kernels, strides = [1] + [3] * (len(pairs) - 1), [1] * (len(pairs) - 1) + [2]
    return nn.Sequential(
        *(ConvRelu(*pair, kernel, stride=stride) for pair, kernel, stride in zip(pairs, kernels, strides, strict=True))
    )


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
        self.a = nn.Sequential(*(self._block_a(first, c(32), a) for _ in range(blocks[0])))
        self.reduce_a = Branches(
            ConvRelu(first, c(384), 3, stride=2), _chain(first, c(192), c(192), c(256)), nn.MaxPool2d(3, 2, 1)
        )
        self.b = nn.Sequential(*(self._block_b(second, c(128), b) for _ in range(blocks[1])))
        self.reduce_b = Branches(
            _chain(second, c(256), c(384)), _chain(second, c(256), c(256)), _chain(second, c(256), c(256), c(256)),
            nn.MaxPool2d(3, 2, 1),
        )  # fmt: skip
        self.c = nn.Sequential(
            *(self._block_c(third, c(192), d) for _ in range(blocks[2])), self._block_c(third, c(192), 1.0)
        )
        self.output = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(third, dim, bias=False),
            nn.BatchNorm1d(dim),
        )
        if slope is not None:
            for part in list(self.modules()):
                for name, child in part.named_children():
                    if isinstance(child, nn.ReLU):
                        setattr(part, name, nn.LeakyReLU(slope, inplace=True))

    @staticmethod
    def _block_a(channels: int, n: int, scale: float) -> nn.Module:
        branches = (
            ConvRelu(channels, n, 1),
            nn.Sequential(ConvRelu(channels, n, 1), ConvRelu(n, n, 3)),
            nn.Sequential(ConvRelu(channels, n, 1), ConvRelu(n, n, 3), ConvRelu(n, n, 3)),
        )
        return InceptionBlock(channels, 3 * n, branches, scale=scale)

    @staticmethod
    def _block_b(channels: int, n: int, scale: float) -> nn.Module:
        crossed = nn.Sequential(ConvRelu(channels, n, 1), ConvRelu(n, n, (1, 7)), ConvRelu(n, n, (7, 1)))
        return InceptionBlock(channels, 2 * n, (ConvRelu(channels, n, 1), crossed), scale=scale)

    @staticmethod
    def _block_c(channels: int, n: int, scale: float) -> nn.Module:
        crossed = nn.Sequential(ConvRelu(channels, n, 1), ConvRelu(n, n, (1, 3)), ConvRelu(n, n, (3, 1)))
        return InceptionBlock(channels, 2 * n, (ConvRelu(channels, n, 1), crossed), scale=scale, linear=scale == 1.0)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.output(self.c(self.reduce_b(self.b(self.reduce_a(self.a(self.stem(x)))))))
        return y
