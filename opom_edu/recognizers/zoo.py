"""Recognizers by name: where their weights lie, and what makes sure that they are the right ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from opom_edu.errors import WeightsError
from opom_edu.files import sha256
from opom_edu.recognizers.backbones import MobileFaceNet, for_inference
from opom_edu.recognizers.recognizer import Recognizer

WEIGHTS_VARIABLE = "OPOM_EDU_WEIGHTS"


@dataclass(frozen=True)
class Entry:
    """A recognizer whose weights are a safetensors file: how to build it, and the file's name and checksum."""

    build: Callable[[], nn.Module]
    preprocess: Callable[[Tensor], Tensor]
    file: str
    sha256: str
    note: str


def mobilefacenet_112x96() -> nn.Module:
    """The network of the "mobilefacenet" entry, with random weights."""
    return MobileFaceNet(size=(112, 96))


def middle_columns(images: Tensor) -> Tensor:
    """The 112x96 middle of the crops, from -1 to 1: what the "mobilefacenet" entry was trained on."""
    return (images[..., 8:104] * 255 - 127.5) / 128


ZOO = {
    "mobilefacenet": Entry(
        mobilefacenet_112x96,
        middle_columns,
        "mobilefacenet_casia.safetensors",
        "b6eab361f7eb2036193cb90124cb21953a0d2dffdb292947af088868f6888cda",
        "MobileFaceNet, ArcFace loss, trained on CASIA-WebFace; 1.0 M parameters",
    ),
}


def list_recognizers() -> list[str]:
    """Names that :func:`load_recognizer` knows; whether the weights are at hand is another matter (``opom-edu doctor``)."""
    return [*ZOO, "dlib"]


def load_recognizer(name: str, *, device: str | torch.device = "cpu") -> Recognizer:
    """A recognizer by name, ready to embed.

    Args:
        name: one of :func:`list_recognizers`.
        device: where its network lives; "dlib" always runs on the CPU.

    Raises:
        ValueError: for an unknown name, listing the choices, or a device that is not there.
        WeightsError: if the weights are missing or fail their checksum.
        MissingExtraError: if the recognizer needs a package that is not installed.
    """
    if name == "dlib":
        from opom_edu.recognizers.dlib import load_dlib

        return load_dlib()
    if name not in ZOO:
        raise ValueError(f"unknown recognizer {name!r}; choose one of {', '.join(list_recognizers())}")
    entry = ZOO[name]
    module = entry.build()
    module.load_state_dict(load_weights(entry))
    try:
        module = for_inference(module).to(device)
    except (RuntimeError, AssertionError) as error:  # torch raises either for a device it does not know or have
        raise ValueError(f"the device {device!r} cannot be used; try 'cpu' ({str(error).splitlines()[0]})") from error
    return Recognizer.from_module(module, name=name, preprocess=entry.preprocess, note=entry.note)


def load_weights(entry: Entry) -> dict[str, Tensor]:
    """The checked weights of an entry, from the first folder of :func:`weight_folders` that has its file."""
    from safetensors.torch import load_file

    folders = weight_folders()
    path = next((folder / entry.file for folder in folders if (folder / entry.file).is_file()), None)
    if path is None:
        raise WeightsError(
            f"the weights {entry.file} (sha256 {entry.sha256[:8]}...) were not found in "
            f"{', '.join(map(str, folders))}; put the file there, or set {WEIGHTS_VARIABLE} to its folder"
        )
    if sha256(path) != entry.sha256:
        raise WeightsError(f"{path} is damaged or another file: its sha256 is not {entry.sha256[:8]}...; fetch it again")
    return load_file(path)


def weight_folders() -> list[Path]:
    """Where weights are looked for: the folders named in OPOM_EDU_WEIGHTS, then the user's cache folder."""
    named = [Path(folder) for folder in os.environ.get(WEIGHTS_VARIABLE, "").split(os.pathsep) if folder]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return [*named, cache / "opom_edu" / "weights"]
