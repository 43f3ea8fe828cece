"""What is done with any network: evaluate it, count its work, put it on a device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


def multiply_adds(module: nn.Module, size: tuple[int, int] = (112, 112)) -> int:
    """Multiplications of the convolutions and linear layers for one image.

    Example:
        >>> multiply_adds(nn.Conv2d(3, 8, 1), size=(10, 10))  # 100 places, 3 times 8 channels
        2400
    """
    from torch.utils.flop_counter import FlopCounterMode

    parameter = next(module.parameters())
    image = torch.zeros(1, 3, *size, device=parameter.device, dtype=parameter.dtype)
    with evaluating(module), torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(image)
    return int(counter.get_total_flops()) // 2  # an addition with each


@contextmanager
def evaluating(module: nn.Module | None) -> Iterator[None]:
    """Compute in evaluation mode, and leave every submodule in the mode it was in.

    Example:
        >>> layer = nn.Dropout()
        >>> with evaluating(layer):
        ...     print(layer.training)
        False
        >>> layer.training
        True
    """
    training = [] if module is None else [part for part in module.modules() if part.training]
    for part in training:
        part.training = False
    try:
        yield
    finally:
        for part in training:
            part.training = True


def put_on(module: nn.Module, device: str | torch.device) -> nn.Module:
    """The module on a device.

    Raises:
        ValueError: if the device is not there.

    Example:
        >>> put_on(nn.Linear(2, 2), "cpu").weight.device
        device(type='cpu')
    """
    try:
        return module.to(device)
    except (RuntimeError, AssertionError) as error:  # torch raises either for a device it does not know or have
        raise ValueError(f"the device {device!r} cannot be used; try 'cpu' ({str(error).splitlines()[0]})") from error
