"""A network whose weights stand still: the same function of the images, with cheaper gradients to them.

Learning a mask needs the gradient to the images alone. A network in training also keeps what the gradients of its weights
need, computes its batch norms apart from its convolutions, and lays its channels out in the slower way.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from opom_edu.faces.images import SIZE
from opom_edu.recognizers.networks import evaluating

if TYPE_CHECKING:
    from opom_edu.recognizers.recognizer import Recognizer

MEMORY_CPU, SHARE_GPU = 2**30, 0.8  # what learning masks may take: bytes, and a share of what is free
CLOSE = 1e-3  # how far a unit embedding may move by rounding; a fold in the wrong place moves it by far more


class _FixedPReLU(torch.autograd.Function):
    """PReLU with a gradient to its input alone, without branches: torch's own, which has both, takes three times as long."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, slopes: Tensor) -> Tensor:
        y = functional.prelu(x, slopes)
        # Slopes of at least zero keep the sign, and the layer that follows keeps y anyway.
        ctx.save_for_backward(y, slopes)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        y, slopes = ctx.saved_tensors
        passed = torch.ops.aten.threshold_backward(gradient, y, 0.0)
        return passed.lerp_(gradient, slopes.view(-1, *[1] * (y.ndim - 2)).to(gradient.dtype)), None


class FrozenPReLU(nn.PReLU):
    """PReLU whose slopes are constants of at least zero."""

    def forward(self, x: Tensor) -> Tensor:
        if self.weight.requires_grad or torch.compiler.is_compiling():  # a compiler fuses torch's own
            return super().forward(x)
        return _FixedPReLU.apply(x, self.weight.to(x.dtype))  # type: ignore[no-untyped-call]


class Pointwise(nn.Conv2d):
    """A 1x1 convolution as the matrix product that it is where channels come last; its input need not be kept."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x.permute(0, 2, 3, 1), self.weight.flatten(1), self.bias).permute(0, 3, 1, 2)


def for_inference(module: nn.Module, *, fold: bool = True) -> nn.Module:
    """The network with frozen weights, batch norms folded into the convolutions before them, channels last; in place.

    The embeddings agree to rounding (benchmarks/mask_speed.py has the time). Folds where a batch norm directly follows its
    convolution among a submodule's children, which for foreign networks need not be the order in which they run; see
    :func:`frozen_copy`.
    """
    module.eval().requires_grad_(False)
    for parent in list(module.modules()) if fold else []:
        for (name, conv), (norm_name, norm) in pairwise(parent.named_children()):
            if type(conv) is nn.Conv2d and type(norm) is nn.BatchNorm2d and norm.num_features == conv.out_channels:
                setattr(parent, name, fuse_conv_bn_eval(conv, norm))
                setattr(parent, norm_name, nn.Identity())
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            setattr(parent, name, _quick(child))
    made: nn.Module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    made.opom_edu_frozen = True  # type: ignore[assignment]
    return made


def _quick(layer: nn.Module) -> nn.Module:
    """The layer, or one that computes the same in less time."""
    if type(layer) is nn.PReLU and bool((layer.weight >= 0).all()):
        made: nn.Module = FrozenPReLU(layer.num_parameters)
    elif type(layer) is nn.Conv2d and (layer.kernel_size, layer.stride, layer.padding, layer.groups) == (
        (1, 1), (1, 1), (0, 0), 1,
    ):  # fmt: skip
        made = Pointwise(layer.in_channels, layer.out_channels, 1, bias=layer.bias is not None)
    else:
        return layer
    made._parameters = layer._parameters
    return made.eval()


def _photo() -> Tensor:
    return torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0), dtype=torch.float32)


def frozen_copy(module: nn.Module, forward: Callable[[nn.Module, Tensor], Tensor]) -> nn.Module | None:
    """A copy by :func:`for_inference`, folded only if it still gives the same embedding; the module itself stays as it is.

    None where a copy would not help or would not be the same: for a network that is frozen already, one with hooks, and one
    that cannot be copied or is not repeatable.

    Args:
        module: in evaluation mode.
        forward: ``forward(module, images)`` gives embeddings ``(N, D)``.
    """
    if getattr(module, "opom_edu_frozen", False) or any(
        part._forward_hooks or part._forward_pre_hooks or part._backward_hooks or part._backward_pre_hooks
        for part in module.modules()
    ):
        return None
    device = next((parameter.device for parameter in module.parameters()), torch.device("cpu"))
    probe = _photo().to(device)
    with torch.no_grad():
        answer = forward(module, probe)
        if not isinstance(answer, Tensor):
            return None  # Recognizer.forward says what is wrong with it
        expected = functional.normalize(answer.float(), dim=-1)
        for fold in (True, False):
            try:
                made = for_inference(copy.deepcopy(module), fold=fold)
                found = functional.normalize(forward(made, probe).float(), dim=-1)
            except Exception:  # of a foreign network: then it is used as it is, only slower
                continue
            if found.shape == expected.shape and bool(((found - expected).abs() < CLOSE).all()):
                return made
    return None


def bytes_per_image(embed: Callable[[Tensor], Tensor], device: torch.device) -> int:
    """Memory that one image takes until its gradient is there: what is kept for it, and the largest buffers on the way."""
    sizes: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        if not isinstance(tensor, nn.Parameter):
            sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    image = _photo().to(device).requires_grad_()
    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        kept = embed(image)  # alive until all is counted, so that no address counts twice
    total = sum(sizes.values()) + 3 * max(sizes.values(), default=0) + 8 * image.nbytes
    del kept
    return total


def frozen(recognizer: Recognizer, *, memory: float | None, compile: bool) -> Recognizer:
    """What :meth:`Recognizer.frozen` gives, for a differentiable recognizer."""
    with evaluating(recognizer.module):
        made = copy.copy(_still(recognizer))
    device = made.device
    recognizer._image_bytes = recognizer._image_bytes or bytes_per_image(made.embed, device)
    gpu = device.type == "cuda"
    if memory is None:
        memory = SHARE_GPU * torch.cuda.mem_get_info(device)[0] if gpu else MEMORY_CPU
    if compile:
        made._call = torch.compile(made._call, mode="reduce-overhead" if gpu else None)
    if gpu and torch.cuda.is_bf16_supported(including_emulation=False):
        made._call = torch.autocast(device.type, torch.bfloat16)(made._call)
    made._batch_size = max(1, min(recognizer.batch_size, int(memory // recognizer._image_bytes)))
    made._frozen, made._image_bytes = True, recognizer._image_bytes
    return made


def _still(recognizer: Recognizer) -> Recognizer:
    """The recognizer with a :func:`frozen_copy` of its network; an ensemble part by part."""
    if recognizer._frozen:
        return recognizer
    if recognizer.parts:
        return recognizer.ensemble([_still(part) for part in recognizer.parts])
    module = frozen_copy(recognizer.module, recognizer._call)
    if module is None:
        return recognizer
    made = copy.copy(recognizer)
    made._module = module
    return made
