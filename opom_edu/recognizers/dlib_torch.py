"""dlib's face recognizer as a torch network: the deployed black box "dlib", made a white box.

It is the very network of :mod:`opom_edu.recognizers.dlib` with the very weights, read from dlib's own file; what it says of
a chip agrees with dlib to rounding. dlib cuts its chip by landmarks that it finds in each photo; here the chip is one fixed
similarity of the aligned crop, so that gradients reach the crop. "dlib" and "dlib-torch" are therefore one recognizer, and a
mask learned on the one meets no stranger in the other.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from opom_edu.errors import WeightsError
from opom_edu.faces.photos import ARCFACE
from opom_edu.recognizers.dlib import CHIP, NETWORK, PADDING, model_folder
from opom_edu.recognizers.dlib_format import read_layers

# The middles of the eyes, x + iy, left one in the image first: in the ArcFace template, in pixels of a crop, and between
# the corners of each eye in dlib's mean face, in shares of a chip without padding (get_face_chip_details in
# dlib/image_transforms/interpolation.h).
EYES = [complex(*eye) for eye in ARCFACE[:2]]
DLIB_EYES = 0.2273300 + 0.2213958j, 0.7528140 + 0.2212328j
MEAN_COLOR = 122.782, 117.001, 104.298  # of the photos it was trained on; also in the file
FILTERS = (32, 32, 32), (64, 64, 64, 64), (128, 128, 128), (256, 256, 256), (256,)  # all stages but the first halve the size


class Residual(nn.Module):
    """Two convolutions beside a shortcut; dlib pads what is smaller with zeros."""

    def __init__(self, inputs: int, outputs: int, *, halve: bool) -> None:
        super().__init__()
        self.halve = halve
        self.first = nn.Conv2d(inputs, outputs, 3, 2, 0) if halve else nn.Conv2d(inputs, outputs, 3, 1, 1)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(self.first(x).relu())
        if self.halve:
            x = functional.avg_pool2d(x, 2)
            (_, channels, height, width), (_, more, less_high, less_wide) = x.shape, y.shape
            x = functional.pad(x, (0, 0, 0, 0, 0, more - channels))
            y = functional.pad(y, (0, width - less_wide, 0, height - less_high))
        return (x + y).relu()


class DlibResNet(nn.Module):
    """Chips ``(N, 3, 150, 150)``, RGB in [0, 1], to dlib's descriptors ``(N, 128)``: 29 convolutions, 5.6 M parameters.

    (dnn_face_recognition_ex.cpp of dlib. The scale and shift that follow each convolution there are folded into it.)
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 7, 2)
        blocks, channels = [], 32
        for stage, filters in enumerate(FILTERS):
            for i, more in enumerate(filters):
                blocks.append(Residual(channels, more, halve=stage > 0 and i == 0))
                channels = more
        self.blocks = nn.Sequential(*blocks)
        self.descriptor = nn.Linear(channels, 128, bias=False)

    def forward(self, chips: Tensor) -> Tensor:
        mean = torch.tensor(MEAN_COLOR, dtype=chips.dtype, device=chips.device).reshape(3, 1, 1)
        x = functional.max_pool2d(self.stem((chips * 255 - mean) / 256).relu(), 3, 2)
        return self.descriptor(self.blocks(x).mean((2, 3)))


def to_chip(images: Tensor) -> Tensor:
    """Aligned crops ``(N, 3, 112, 112)`` to dlib's chips ``(N, 3, 150, 150)``: turned and scaled so that the eyes fit.

    What lies outside of the crop is black, as outside of a photo in dlib. Differentiable.

    Example:
        >>> to_chip(torch.zeros(1, 3, 112, 112)).shape
        torch.Size([1, 3, 150, 150])
    """
    left, right = (CHIP * (PADDING * (1 + 1j) + eye) / (1 + 2 * PADDING) for eye in DLIB_EYES)
    turn = (EYES[1] - EYES[0]) / (right - left)  # a complex number turns and scales
    middle = EYES[0] + turn * (CHIP / 2 * (1 + 1j) - left)
    half = images.shape[-1] / 2
    # torch counts from -1 to 1 between the outer edges; 0 in the template is the middle of the first pixel
    turn, middle = turn * CHIP / 2 / half, (middle + 0.5 * (1 + 1j)) / half - (1 + 1j)
    theta = [[turn.real, -turn.imag, middle.real], [turn.imag, turn.real, middle.imag]]
    thetas = torch.tensor(theta, dtype=images.dtype, device=images.device).expand(len(images), 2, 3)
    grid = functional.affine_grid(thetas, [len(images), 3, CHIP, CHIP], align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


def convert(path: str | Path | None = None) -> dict[str, Tensor]:
    """The weights of :class:`DlibResNet` from dlib's file ``path``, by default that of face-recognition-models.

    Raises:
        MissingExtraError: without that package.
        WeightsError: if the file is damaged or of another network.
    """
    path = model_folder() / NETWORK if path is None else Path(path)
    layers = [layer for layer in read_layers(path) if layer.weights is not None]
    flat = [torch.tensor(layer.weights).flatten() for layer in layers]
    module = DlibResNet()
    convolutions = [(name, part) for name, part in module.named_modules() if isinstance(part, nn.Conv2d)]
    if [layer.name for layer in layers] != [*["con_4", "affine_"] * len(convolutions), "fc_2"]:
        raise WeightsError(f"{path} holds another network of dlib's than its face recognizer")
    weights = {}
    try:
        for (name, part), own, affine in zip(convolutions, flat[:-1:2], flat[1:-1:2], strict=True):
            scale, shift = affine.reshape(2, part.out_channels)
            kernel, bias = own.split([part.weight.numel(), part.out_channels])
            weights[f"{name}.weight"] = kernel.reshape(part.weight.shape) * scale.reshape(-1, 1, 1, 1)
            weights[f"{name}.bias"] = bias * scale + shift
        weights["descriptor.weight"] = flat[-1].reshape(module.descriptor.in_features, -1).T.contiguous()
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise WeightsError(f"{path} holds a layer of another size than dlib's face recognizer ({error})") from error
    return weights
