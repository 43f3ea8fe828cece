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
        y: Tensor = self.prelu(self.bn(self.conv(x)))
        return y


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
        y: Tensor = x * self.weigh(x)
        return y


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
        y: Tensor = self.shortcut(x) + self.body(x)
        return y


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
        y: Tensor = self.output(self.blocks(self.stem(x)))
        return y


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
            ConvRelu(first, c(384), 3, stride=2),
            nn.Sequential(ConvRelu(first, c(192), 1), ConvRelu(c(192), c(192), 3), ConvRelu(c(192), c(256), 3, stride=2)),
            nn.MaxPool2d(3, 2, 1),
        )
        self.b = nn.Sequential(*(self._block_b(second, c(128), b) for _ in range(blocks[1])))
        self.reduce_b = Branches(
            nn.Sequential(ConvRelu(second, c(256), 1), ConvRelu(c(256), c(384), 3, stride=2)),
            nn.Sequential(ConvRelu(second, c(256), 1), ConvRelu(c(256), c(256), 3, stride=2)),
            nn.Sequential(ConvRelu(second, c(256), 1), ConvRelu(c(256), c(256), 3), ConvRelu(c(256), c(256), 3, stride=2)),
            nn.MaxPool2d(3, 2, 1),
        )
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
