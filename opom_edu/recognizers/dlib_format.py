"""dlib's own weight files, read without dlib.

A file is one stream (dlib/serialize.h and dlib/dnn): integers as a control byte, whose lower half counts the bytes of the
absolute value that follow, lowest first, and whose highest bit is the sign; truth values as "0" and "1"; names as their
length and letters; tensors as a version, four sizes and plain float32. The innermost layer comes first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opom_edu.errors import WeightsError

# How many integers stand between the name of a layer with weights and its tensor
BEFORE_TENSOR = {"con_4": 0, "affine_": 0, "fc_2": 2}
TENSOR_VERSION = 2


@dataclass
class Layer:
    """A layer as stored: its name, the integers and truth values that follow, and its weights, if it has any."""

    name: str
    numbers: list[int] = field(default_factory=list)
    weights: NDArray[np.float32] | None = None


def read_layers(path: str | Path) -> list[Layer]:
    """The named layers of dlib's file ``path``, input first.

    Raises:
        WeightsError: if it is no such file, cut off, or damaged so that its structure is lost.
    """
    data = Path(path).read_bytes()
    try:
        return list(_layers(data))
    except (IndexError, ValueError) as error:
        raise WeightsError(f"{path} is cut off, damaged or no network of dlib's ({error}); install it again") from error


def _layers(data: bytes) -> Iterator[Layer]:
    layer, at = Layer("start"), 0
    while at < len(data):
        if data[at] in b"01":
            layer.numbers.append(data[at] - ord("0"))
            at += 1
            continue
        value, at = _integer(data, at)
        # No control byte is a letter, so an integer before letters is the length of a name
        if value > 2 and data[at : at + 1].islower():
            yield layer
            layer, at = Layer(_taken(data, at, value).decode("ascii")), at + value
            if layer.name in BEFORE_TENSOR:
                for _ in range(BEFORE_TENSOR[layer.name]):
                    value, at = _integer(data, at)
                    layer.numbers.append(value)
                layer.weights, at = _tensor(data, at)
        else:
            layer.numbers.append(value)
    yield layer


def _integer(data: bytes, at: int) -> tuple[int, int]:
    """The integer at ``at``, and where the next thing begins."""
    count = data[at] & 0x0F
    if data[at] & 0x70 or not 1 <= count <= 8:
        raise ValueError(f"no integer at byte {at}")
    value = int.from_bytes(_taken(data, at + 1, count), "little")
    return (-value if data[at] & 0x80 else value), at + 1 + count


def _tensor(data: bytes, at: int) -> tuple[NDArray[np.float32], int]:
    header = []
    for _ in range(5):
        value, at = _integer(data, at)
        header.append(value)
    version, *shape = header
    if version != TENSOR_VERSION or min(shape) < 0:
        raise ValueError(f"no tensor of version {TENSOR_VERSION} before byte {at}")
    size = 4 * int(np.prod(shape, dtype=object))
    return np.frombuffer(_taken(data, at, size), "<f4").reshape(shape), at + size


def _taken(data: bytes, at: int, count: int) -> bytes:
    if at + count > len(data):
        raise ValueError(f"{at + count - len(data)} bytes are missing at its end")
    return data[at : at + count]
