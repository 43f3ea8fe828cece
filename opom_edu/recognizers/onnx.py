"""ONNX files as black boxes: what a model takes is read from it, and refused at once where it cannot be given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from opom_edu.errors import MissingExtraError, WeightsError
from opom_edu.files import sha256

# What well-known recognizers want, as their own code prepares photos: OpenCV's face_recognizer_sface, facenet-pytorch,
# InsightFace's packs (buffalo, antelope), AdaFace's released networks.
LIKE: dict[str, dict[str, Any]] = {
    "sface": {"size": 112, "mean": 0.0, "std": 1.0, "channels": "RGB"},
    "facenet": {"size": 160, "mean": 127.5, "std": 128.0, "channels": "RGB"},
    "insightface": {"size": 112, "mean": 127.5, "std": 127.5, "channels": "RGB"},
    "adaface": {"size": 112, "mean": 127.5, "std": 127.5, "channels": "BGR"},
}
KINDS = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64, "tensor(uint8)": np.uint8}

Answer = Callable[[Tensor], NDArray[Any]]


def reader(
    path: str | Path, like: str | None, size: Any, mean: Any, std: Any, channels: str | None, output: str | None
) -> tuple[Answer, str, int | None]:
    """The function from photos to embeddings, a text that changes with all that it depends on, and the model's fixed batch.

    Arguments and errors: see :meth:`Recognizer.from_onnx`.
    """
    shape, offset, factor, order = _wanted(like, size=size, mean=mean, std=std, channels=channels)
    session = _session(path)
    entry, kind, last, batch = _entry(path, session, shape)
    if kind is np.uint8 and not (bool((offset == 0).all()) and bool((factor == 1).all())):
        raise ValueError(f"{path} takes whole levels from 0 to 255 (uint8): give mean=0 and std=1")
    outputs = [one.name for one in session.get_outputs()]
    if output is not None and output not in outputs:
        raise ValueError(f"{path} has no output {output!r}; choose one of {', '.join(outputs)}")

    def answer(images: Tensor) -> NDArray[Any]:
        if images.shape[2:] != shape:
            images = functional.interpolate(images, shape, mode="bilinear", antialias=True).clamp(0, 1)
        ordered = images.flip(1) if order == "BGR" else images
        levels = ordered * 255
        pixels = (levels.round() if kind is np.uint8 else (levels - offset) / factor).numpy().astype(kind)
        if batch is not None:  # the last ones fill a batch of the model's size
            pixels = np.concatenate([pixels, np.repeat(pixels[-1:], batch - len(pixels), axis=0)])
        if last:
            pixels = np.ascontiguousarray(pixels.transpose(0, 2, 3, 1))
        found = session.run([output or outputs[0]], {entry: pixels})[0][: len(images)]
        if found.ndim == 2 and found.shape[1] == 1:
            hint = f"name another output with output=, one of {', '.join(outputs)}"
            raise WeightsError(f"{path} gives a single number per photo as {output or outputs[0]}, no embedding; {hint}")
        return np.asarray(found, np.float32)

    version = f"{sha256(path)} {shape} {offset.flatten().tolist()} {factor.flatten().tolist()} {order} {output}"
    return answer, version, batch


def _wanted(like: str | None, **given: Any) -> tuple[tuple[int, int], Tensor, Tensor, str]:
    if like is not None and like not in LIKE:
        raise ValueError(f"unknown preprocessing like={like!r}; choose one of {', '.join(LIKE)}")
    known = (
        {"channels": "RGB"} | LIKE.get(like or "", {}) | {key: value for key, value in given.items() if value is not None}
    )
    missing = [key for key in ("size", "mean", "std") if key not in known]
    if missing:
        raise ValueError(f"from_onnx needs {', '.join(missing)}, or like= one of {', '.join(LIKE)}")
    if known["channels"] not in ("RGB", "BGR"):
        raise ValueError(f'channels must be "RGB" or "BGR", got {known["channels"]!r}')
    numbers: dict[str, Tensor] = {}
    for key in ("mean", "std"):
        value = known[key]
        if isinstance(value, Sequence) and len(value) != 3:
            raise ValueError(f"{key} must be one number or three, got {value!r}")
        numbers[key] = torch.as_tensor(value, dtype=torch.float32).reshape(-1, 1, 1)
    if not bool((numbers["std"] > 0).all()):
        raise ValueError(f"std must be positive, got {known['std']!r}")
    size = known["size"]
    return ((size, size) if isinstance(size, int) else tuple(size)), numbers["mean"], numbers["std"], known["channels"]


def _session(path: str | Path) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("onnxruntime", "onnx") from error
    try:
        return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises a dozen types of its own
        raise WeightsError(f"{path} cannot be read as an ONNX model: {error}") from error


def _entry(path: str | Path, session: Any, shape: tuple[int, int]) -> tuple[str, Any, bool, int | None]:
    """The input's name and type, whether channels come last, and the batch that it is fixed to, if it is."""
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise WeightsError(f"{path} takes {len(inputs)} inputs, {', '.join(one.name for one in inputs)}; one photo is given")
    name, kind, dims = inputs[0].name, inputs[0].type, list(inputs[0].shape)
    if kind not in KINDS or len(dims) != 4:
        wanted = "a batch of photos, (N, 3, H, W) or (N, H, W, 3), of float, float16, double or uint8"
        raise WeightsError(f"{path} takes {kind} {dims} as {name}; {wanted} is needed")
    last = dims[3] == 3 and dims[1] != 3
    colors, sides = (dims[3], dims[1:3]) if last else (dims[1], dims[2:4])
    if isinstance(colors, int) and colors != 3:
        raise WeightsError(f"{path} takes photos of {colors} channels; three are needed, red, green and blue")
    if any(isinstance(side, int) and side != wanted for side, wanted in zip(sides, shape, strict=True)):
        raise ValueError(f"{path} takes photos of {sides[0]}x{sides[1]} pixels, not {shape[0]}x{shape[1]}; give size=")
    return name, KINDS[kind], last, dims[0] if isinstance(dims[0], int) else None
