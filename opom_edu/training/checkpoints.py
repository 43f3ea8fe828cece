"""What a training keeps on disk while it goes on: the best weights, and checkpoints to resume from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from opom_edu.errors import OpomError
from opom_edu.files import replacing

PREFIX = "optimizer."
REMEDY = "delete it or name another folder"


def save_half(module: nn.Module, path: Path, origin: str) -> None:
    """Write float16 weights; one entry of metadata, as the order of several would be left to chance.

    Args:
        module: the network.
        path: a file .safetensors.
        origin: what the weights are, in words.

    Raises:
        OSError: if the folder, which is made, or the file cannot be written to.

    Example:
        >>> save_half(nn.Linear(2, 1), folder / "half.safetensors", "an example")
        >>> with safe_open(folder / "half.safetensors", "pt") as file:
        ...     file.metadata(), file.get_tensor("weight").dtype
        ({'origin': 'an example'}, torch.float16)
    """
    tensors = {
        key: (value.half() if value.is_floating_point() else value).contiguous().cpu()
        for key, value in module.state_dict().items()
    }
    with replacing(path) as temporary:
        temporary.write_bytes(save(tensors, {"origin": origin}))


def save_checkpoint(
    path: Path, state: Mapping[str, Any], module: nn.Module, parameters: Sequence[Tensor], optimizer: torch.optim.AdamW
) -> None:
    """Write the module, what the optimizer knows of each of its parameters, and ``state``, plain values.

    Args:
        path: a file .safetensors.
        state: what JSON can hold; its ``identity`` says of which training it is.
        module: network and head.
        parameters: of the module, in the same order as when it is loaded.
        optimizer: has made a step or more.

    Raises:
        OSError: if the folder, which is made, or the file cannot be written to.

    Example:
        >>> module = nn.Linear(2, 1)
        >>> optimizer = torch.optim.AdamW(module.parameters())
        >>> module(torch.ones(1, 2)).sum().backward()
        >>> _ = optimizer.step()
        >>> both = module, [*module.parameters()], optimizer
        >>> save_checkpoint(folder / "a.safetensors", {"identity": "a", "done": 1}, *both)
        >>> load_checkpoint(folder / "a.safetensors", "a", *both)["done"]
        1
    """
    tensors = {key: value.contiguous() for key, value in module.state_dict().items()}
    for i, parameter in enumerate(parameters):
        for key, value in optimizer.state[parameter].items():
            tensors[f"{PREFIX}{i}.{key}"] = value.contiguous()
    with replacing(path) as temporary:
        temporary.write_bytes(save(tensors, {"state": json.dumps(state)}))


def load_checkpoint(
    path: Path, identity: str, module: nn.Module, parameters: Sequence[Tensor], optimizer: torch.optim.AdamW
) -> dict[str, Any]:
    """Give module and optimizer back what :func:`save_checkpoint` wrote, and return its state.

    Args:
        path: the file.
        identity: of the training that goes on.
        module, parameters, optimizer: as they were saved, with any values.

    Raises:
        OpomError: if the file cannot be read, or its state has another ``identity``.

    Example:
        >>> load_checkpoint(Path("none"), "a", nn.Linear(2, 1), [], None)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        opom_edu.errors.OpomError: the checkpoint none cannot be read (...); delete it or name another folder
    """
    try:
        with safe_open(path, "pt") as file:
            state: dict[str, Any] = json.loads((file.metadata() or {})["state"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise OpomError(f"the checkpoint {path} cannot be read ({error}); {REMEDY}") from error
    if state["identity"] != identity:
        raise OpomError(f"the checkpoint {path} is of another training (recipe, epochs, seed or photos); {REMEDY}")
    module.load_state_dict({key: value for key, value in tensors.items() if not key.startswith(PREFIX)})
    for i, parameter in enumerate(parameters):
        for key in ("step", "exp_avg", "exp_avg_sq"):
            saved = tensors[f"{PREFIX}{i}.{key}"]
            like = parameter if key != "step" else saved
            optimizer.state[parameter][key] = torch.empty_like(like, requires_grad=False).copy_(saved)
    return state


def check_disk(folder: Path, needed: int) -> None:
    """Make sure, before long work, that a folder has room.

    Args:
        folder: must exist.
        needed: bytes.

    Raises:
        OpomError: if there is less room; it says how much.

    Example:
        >>> check_disk(folder, 1000)
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OpomError(
            f"{folder} has {free / 1e6:.0f} MB free, and training needs {needed / 1e6:.0f} MB; name another folder"
        )
