"""Mask: one person's cloak, and the recipe that made it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from opom_edu.errors import MaskError
from opom_edu.faces.images import check_images
from opom_edu.files import replacing

METADATA_KEY = "opom_edu.mask"


def check_eps(eps: float) -> float:
    """``eps`` as a float, if it is a share of the pixel range.

    Raises:
        ValueError: if it is not within 0 to 1.

    Example:
        >>> check_eps(0.25)
        0.25
    """
    eps = plain(eps)
    if not isinstance(eps, int | float) or not 0 <= eps <= 1:
        raise ValueError(f"eps must be within 0 and 1, a share of the pixel range (8/255 for 8 gray levels), got {eps!r}")
    return float(eps)


def check_count(count: int, name: str, least: int = 1) -> int:
    """``count`` if it is a whole number of at least ``least``; ``name`` is the argument to blame.

    Raises:
        ValueError: if it is not.

    Example:
        >>> check_count(0, "steps")
        Traceback (most recent call last):
            ...
        ValueError: steps must be a whole number of at least 1, got 0
    """
    count = plain(count)
    if not isinstance(count, int) or isinstance(count, bool) or count < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {count!r}")
    return count


def plain(value: Any) -> Any:
    """A number of numpy's, or a tensor with a single value, as Python's own number, which a recipe can hold.

    Example:
        >>> plain(np.int64(2)), plain(torch.tensor(0.5)), plain("two")
        (2, 0.5, 'two')
    """
    return value.item() if isinstance(value, np.generic | np.ndarray | Tensor) and value.ndim == 0 else value


def parse_eps(value: float | str) -> float:
    """A share of the pixel range given as a number or as text, "0.03" or "8/255".

    Raises:
        ValueError: if it is no number, or not within 0 to 1.

    Example:
        >>> round(parse_eps("8/255"), 4)
        0.0314
        >>> parse_eps("two")
        Traceback (most recent call last):
            ...
        ValueError: eps 'two' is not a number such as 8/255 or 0.03
    """
    above, _, below = str(value).partition("/")
    try:
        share = float(above) / float(below or 1)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"eps {value!r} is not a number such as 8/255 or 0.03") from None
    if not 0 <= share <= 1:
        hint = f"; for {value} gray levels write {value}/255" if share > 1 and not below else ""
        raise ValueError(f"eps must be within 0 and 1, a share of the pixel range, got {value}{hint}")
    return share


class Cloak(Protocol):
    """What protects a person's photos: a :class:`Mask`, or an attack on each photo by itself.

    Example:
        >>> cloak: Cloak = Mask(torch.zeros(3, 112, 112), eps=0.0)
        >>> torch.equal(cloak.apply(ada.test), ada.test)
        True
    """

    @property
    def eps(self) -> float:
        """Budget, the largest change of a pixel, 0 to 1."""

    @property
    def recipe(self) -> Mapping[str, Any]:
        """How it was made, as plain values."""

    def apply(self, images: Tensor) -> Tensor:
        """The protected images ``(N, 3, H, W)``."""


@dataclass(frozen=True, eq=False)
class Mask:
    """One mask for all photos of one person.

    Attributes:
        delta: ``(3, H, W)`` float32, what is added to every photo; within ``-eps`` to ``eps``.
        eps: the largest change of a pixel, as a share of its range; 8/255 is eight gray levels.
        recipe: how it was made (method, surrogate, steps, seed, ...), plain values that JSON can hold.

    Raises:
        ValueError: for a delta of another shape, not finite, or beyond ``eps``.

    Example:
        >>> mask = Mask(torch.full((3, 112, 112), 0.01), eps=8 / 255)
        >>> photo = torch.full((1, 3, 112, 112), 0.995)
        >>> mask.apply(photo).max()
        tensor(1.)
    """

    delta: Tensor
    eps: float
    recipe: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "eps", check_eps(self.eps))
        if not isinstance(self.delta, Tensor):
            raise ValueError(f"delta must be a torch tensor, got {type(self.delta).__name__}; use torch.from_numpy")
        if self.delta.ndim != 3 or len(self.delta) != 3 or self.delta.dtype != torch.float32:
            raise ValueError(f"delta must be float32 (3, H, W), got {self.delta.dtype} {tuple(self.delta.shape)}")
        # Written so that NaN fails too; eps itself is rounded when it becomes a float32.
        if not bool((self.delta.abs() <= self.eps * (1 + 1e-6)).all()):
            raise ValueError(f"delta must lie within eps={self.eps:g}, got up to {float(self.delta.abs().max()):g}")

    def __repr__(self) -> str:
        return f"Mask({self.recipe.get('method', 'unknown method')}, {self.eps * 255:g} of 255 levels)"

    def apply(self, images: Tensor, eps: float | None = None) -> Tensor:
        """The protected images ``(N, 3, H, W)``: ``images`` plus the mask, clipped to [0, 1].

        Args:
            images: photos of the person, of the mask's height and width.
            eps: clips the mask to a smaller budget first. A mask learned for that budget protects better.

        Raises:
            MaskError: if the images have another size.
            ValueError: for invalid images or eps.
        """
        check_images(images)
        if images.shape[1:] != self.delta.shape:
            height, width = self.delta.shape[1:]
            given = f"{images.shape[2]}x{images.shape[3]}"
            raise MaskError(f"the mask is {height}x{width} and the images {given}; resize the images or learn another mask")
        delta = self.delta.to(images.device)
        if eps is not None:
            delta = delta.clamp(-check_eps(eps), eps)
        return (images + delta).clamp(0, 1)

    def remove(self, images: Tensor) -> Tensor:
        """The photos that ``images`` were before :meth:`apply`: the mask is a key for whoever holds it.

        Exact to rounding, but where a photo was so bright or dark that the mask was clipped, and as far as JPEG and the like
        have left the mask in it.

        Raises:
            MaskError: if the images have another size.
            ValueError: for invalid images.
        """
        return replace(self, delta=-self.delta).apply(images)

    def save(self, path: str | Path) -> None:
        """Write the mask and its recipe as safetensors, whole or not at all; the same mask gives the same bytes.

        Raises:
            OSError: if the file cannot be written.
        """
        delta = self.delta.cpu().contiguous()
        recipe = {**self.recipe, "eps": self.eps}
        # Under a single key: safetensors writes several in an order that changes from call to call.
        entry = json.dumps({"recipe": recipe, "sha256": _checksum(delta, recipe)}, default=plain)
        with replacing(path) as temporary:
            temporary.write_bytes(save({"delta": delta}, {METADATA_KEY: entry}))  # a full disk is an OSError

    @classmethod
    def load(cls, path: str | Path) -> Mask:
        """Read a mask that :meth:`save` wrote.

        Raises:
            MaskError: if the file is not such a mask or is damaged.
        """
        try:
            with safe_open(path, framework="pt") as file:
                metadata = file.metadata() or {}
                delta = file.get_tensor("delta")
            entry = json.loads(metadata[METADATA_KEY])
            recipe = entry["recipe"]
            if entry["sha256"] != _checksum(delta, recipe):
                raise MaskError(f"{path} is damaged: its checksum does not match; save the mask again")
            return cls(delta, recipe.pop("eps"), recipe)
        except MaskError:
            raise
        except FileNotFoundError:
            raise MaskError(f"there is no mask {path}") from None
        except (SafetensorError, KeyError, OSError, TypeError, ValueError) as error:
            raise MaskError(f"{path} is not a mask saved by opom_edu: {error}") from error


def _checksum(delta: Tensor, recipe: Mapping[str, Any]) -> str:
    return hashlib.sha256(delta.numpy().tobytes() + json.dumps(recipe, default=plain).encode()).hexdigest()


def released_masks(folder: str | Path, people: Iterable[str]) -> dict[str, Mask]:
    """The masks ``mask_id0.npy``, ``mask_id1.npy``, ... of these people, in their order (see ``load_people("opom:PATH")``).

    Raises:
        MaskError: if one is missing or is not of shape ``(3, H, W)`` or ``(1, 3, H, W)``, in gray levels of 255, naming it.

    Example:
        >>> released_masks("nowhere", ["Ada"])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        opom_edu.errors.MaskError: nowhere/mask_id0.npy is not a mask of the OPOM release ...
    """
    return {name: _read_released(Path(folder) / f"mask_id{i}.npy") for i, name in enumerate(people)}


def _read_released(path: Path) -> Mask:
    try:
        levels = np.load(path, allow_pickle=False)
        delta = torch.from_numpy(np.asarray(levels, np.float32)[None].reshape(levels.shape[-3:]) / 255)
        eps = math.ceil(255 * float(delta.abs().max()) - 1e-3) / 255  # the release gives none: whole levels
        return Mask(delta, eps, {"method": "OPOM release", "file": path.name})
    except (OSError, EOFError, ValueError) as error:
        raise MaskError(f"{path} is not a mask of the OPOM release ({error})") from error
