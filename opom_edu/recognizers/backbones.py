"""Network architectures: crops in, embeddings out, not yet normalized."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def scaled(channels: float, width: float = 1.0) -> int:
    """``channels * width``, rounded to a multiple of 8, as vector units like it; at the least 8."""
    return max(8, 8 * round(channels * width / 8))


def activation(channels: int, slope: float | None) -> nn.Module:
    """PReLU as in the papers, or leaky ReLU of a fixed slope: one fifth of the time when training on a CPU."""
    return nn.PReLU(channels) if slope is None else nn.LeakyReLU(slope, inplace=True)


def stem_kernel(stride: int) -> int:
    """3 as in the papers; 7 for a stride of 4, so that no pixel is skipped."""
    return 3 if stride <= 2 else 2 * stride - 1


class ConvBlock(nn.Module):
    """Convolution, batch norm and, unless ``linear``, PReLU (or leaky ReLU of a fixed ``slope``)."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int | tuple[int, int], *, stride: int = 1, padding: int = 0,
        groups: int = 1, linear: bool = False, slope: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs)
        self.prelu = nn.Identity() if linear else activation(outputs, slope)

    def forward(self, x: Tensor) -> Tensor:
        return self.prelu(self.bn(self.conv(x)))


class Bottleneck(nn.Module):
    """Widen, filter each channel, narrow; with a shortcut where the shape stays."""

    def __init__(self, inputs: int, outputs: int, *, stride: int, expansion: int, slope: float | None = None) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.shortcut = stride == 1 and inputs == outputs
        self.conv = nn.Sequential(
            nn.Conv2d(inputs, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden),
            activation(hidden, slope),
            nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False),
            nn.BatchNorm2d(hidden),
            activation(hidden, slope),
            nn.Conv2d(hidden, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return x + y if self.shortcut else y


class MobileFaceNet(nn.Module):
    """MobileFaceNet (Chen et al. 2018, arXiv 1804.07573, table 1), 1.0 M parameters.

    Args:
        size: height and width of the input.
        dim: length of the embedding.
        width: share of the paper's channels, each number rounded to a multiple of 8.
        stem_stride: 2 in the paper; 4 saves three quarters of the work.
        slope: of leaky ReLU instead of PReLU: trains faster on a CPU.

    Its parameters carry the names of the public ArcFace checkpoints of this network, so that those load as they are.
    """

    # expansion, channels, repeats, stride of the first
    STAGES = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))

    def __init__(
        self, *, size: tuple[int, int] = (112, 112), dim: int = 128, width: float = 1.0, stem_stride: int = 2,
        slope: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        inputs, last = scaled(64, width), scaled(512, width)
        kernel = stem_kernel(stem_stride)
        self.conv1 = ConvBlock(3, inputs, kernel, stride=stem_stride, padding=kernel // 2, slope=slope)
        self.dw_conv1 = ConvBlock(inputs, inputs, 3, padding=1, groups=inputs, slope=slope)
        blocks: list[nn.Module] = []
        for expansion, channels, repeats, stride in self.STAGES:
            for repeat in range(repeats):
                outputs = scaled(channels, width)
                blocks.append(Bottleneck(inputs, outputs, stride=1 if repeat else stride, expansion=expansion, slope=slope))
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.conv2 = ConvBlock(inputs, last, 1, slope=slope)

        def left(side: int) -> int:
            return -(-side // (8 * stem_stride))

        # One weight per place and channel instead of average pooling: a face's corners matter less than its middle.
        self.linear7 = ConvBlock(last, last, (left(size[0]), left(size[1])), groups=last, linear=True)
        self.linear1 = ConvBlock(last, dim, 1, linear=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.dw_conv1(self.conv1(x)))
        return torch.flatten(self.linear1(self.linear7(self.conv2(x))), 1)


class SqueezeExcite(nn.Module):
    """Each channel times a weight in (0, 1), computed from the means of all (Hu et al. 2018, arXiv 1709.01507)."""

    def __init__(self, channels: int, *, reduction: int = 16) -> None:
        super().__init__()
        hidden = max(4, channels // reduction)
        self.weigh = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, channels, 1), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weigh(x)


class IRBlock(nn.Module):
    """Batch norm, convolution, batch norm, PReLU, convolution, batch norm; and a shortcut."""

    def __init__(self, inputs: int, outputs: int, *, stride: int, se: bool, slope: float | None = None) -> None:
        super().__init__()
        # The first batch norm stands before a padded convolution, where zeros are not what the norm would give: it cannot
        # be folded.
        self.body = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
            activation(outputs, slope),
            nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            SqueezeExcite(outputs) if se else nn.Identity(),
        )
        shortcut: nn.Module = nn.Identity()
        if inputs != outputs:
            shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        elif stride != 1:
            shortcut = nn.MaxPool2d(1, stride)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        return self.shortcut(x) + self.body(x)


class IRNet(nn.Module):
    """ArcFace's residual network with IR blocks (Deng et al. 2019, arXiv 1801.07698, section 3.1).

    The defaults are IR-50 (``se=True``: SE-IR-50); our small networks are the same code with other figures.

    Args:
        blocks: number of IR blocks in each of four stages; the first of each halves height and width.
        width: channels of the first stage; each further stage has twice as many.
        dim: length of the embedding.
        se: whether each block weighs its channels (squeeze and excitation).
        size: height and width of the input.
        stem_stride: 1 in the paper; 2 saves three quarters of the work, 4 saves 15 of 16 parts.
        dropout: share of the last features dropped while training; 0.4 in the public code of the paper.
        slope: of leaky ReLU instead of PReLU: trains faster on a CPU.
    """

    def __init__(
        self, *, blocks: Sequence[int] = (3, 4, 14, 3), width: int = 64, dim: int = 512, se: bool = False,
        size: tuple[int, int] = (112, 112), stem_stride: int = 1, dropout: float = 0.4,
        slope: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        kernel = stem_kernel(stem_stride)
        self.stem = nn.Sequential(
            nn.Conv2d(3, width, kernel, stem_stride, kernel // 2, bias=False),
            nn.BatchNorm2d(width),
            activation(width, slope),
        )
        stages: list[nn.Module] = []
        inputs, (height, wide) = width, (-(-side // stem_stride) for side in size)
        for stage, repeats in enumerate(blocks):
            outputs = width * 2**stage
            for repeat in range(repeats):
                stages.append(IRBlock(inputs, outputs, stride=1 if repeat else 2, se=se, slope=slope))
                inputs = outputs
            height, wide = -(-height // 2), -(-wide // 2)
        self.blocks = nn.Sequential(*stages)
        self.output = nn.Sequential(
            nn.BatchNorm2d(inputs), nn.Dropout(dropout), nn.Flatten(), nn.Linear(inputs * height * wide, dim),
            nn.BatchNorm1d(dim),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.blocks(self.stem(x)))
