"""Recognizer: aligned photos in, embeddings of unit norm out, whatever stands behind."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from opom_edu.faces.images import SIZE, check_images
from opom_edu.recognizers.frozen import frozen
from opom_edu.recognizers.networks import evaluating

# Images per forward pass: more cost a CPU memory and save it no time; an H100 is at 97 % of its best with so many (gpu.py
# in benchmarks).
BATCH_CPU, BATCH_GPU = 20, 512
EXTREMES = 1e-9, 1e9  # of an embedding's largest number; beyond, squares come near the ends of float32


class Recognizer:
    """A face recognizer. Make one with :func:`opom_edu.load_recognizer` or the constructors below.

    All preprocessing lives inside: every recognizer takes the same batch of aligned 112x112 crops, RGB in [0, 1].
    ``differentiable`` tells whether gradients reach the images, that is, whether it can serve as a surrogate. ``networks``
    names what is inside: recognizers that share one are no strangers to each other's masks. ``thresholds`` gives, by
    false-match rate, the similarity above which two rendered faces count as one person's; empty where none was measured.

    Example:
        >>> box = Recognizer.from_callable(lambda images: images.mean((2, 3)), name="mean color")
        >>> box.embed(torch.ones(2, 3, 112, 112)).shape
        torch.Size([2, 3])
        >>> box
        Recognizer('mean color', black box)
    """

    def __init__(
        self, call: Callable[[Any, Tensor], Any], *, name: str, module: nn.Module | None = None, note: str = "",
        batch_size: int | None = None, version: str | None = None,
    ) -> None:  # fmt: skip
        self._call, self._module, self._batch_size, self._version = call, module, batch_size, version  # call(module, images)
        self.name, self.note = name, note
        self.differentiable = module is not None
        self.networks = frozenset({name})
        self.thresholds: Mapping[float, float] = {}
        self.parts: Sequence[Recognizer] = ()  # of an ensemble
        self._frozen, self._image_bytes = False, 0  # see frozen.py

    def __repr__(self) -> str:
        return f"Recognizer({self.name!r}, {'differentiable' if self.differentiable else 'black box'})"

    @property
    def module(self) -> nn.Module:
        """The network of a differentiable recognizer, for hooks.

        Raises:
            ValueError: for a black box.
        """
        if self._module is None:
            raise ValueError(f"{self.name} is a black box: nobody sees its layers")
        return self._module

    @property
    def device(self) -> torch.device:
        """Where the images go: the device of the module's parameters, else the CPU."""
        parameter = next(self._module.parameters(), None) if self._module is not None else None
        return torch.device("cpu") if parameter is None else parameter.device

    def shares_network(self, other: Recognizer) -> bool:
        """Whether a mask learned on the one meets a white box in the other: the same network, or a part of an ensemble."""
        return bool(self.networks & other.networks)

    def fingerprint(self) -> str | None:
        """SHA-256, in hexadecimal, of the name and the network's layers and weights, or of the name and the version that a
        black box was given; None for a black box without one, whose answers nobody can foresee."""
        if self._module is None:
            return None if self._version is None else hashlib.sha256(f"{self.name}\n{self._version}".encode()).hexdigest()
        digest = hashlib.sha256(f"{self.name}\n{self._module}".encode())
        for key, value in self._module.state_dict().items():
            digest.update(f"{key} {value.dtype} {tuple(value.shape)}".encode())
            digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        return digest.hexdigest()

    @property
    def batch_size(self) -> int:
        """How many images one forward pass takes at the most."""
        if self._batch_size is not None:
            return self._batch_size
        return BATCH_CPU if self.device.type == "cpu" else BATCH_GPU

    def embed(self, images: Tensor) -> Tensor:
        """Embeddings ``(N, D)``, float32 of unit norm, of ``images (N, 3, 112, 112)`` in [0, 1].

        On a differentiable recognizer, if ``images`` require a gradient, so does the result, and all go through at once;
        otherwise any number of images is worked off in batches.

        Raises:
            ValueError: if the images are not such a batch, or the recognizer answers with something else than ``(N, D)``
                finite numbers.
        """
        learning = self.differentiable and images.requires_grad and torch.is_grad_enabled()
        check = not (learning and self._hurried)
        check_images(images, size=SIZE, values=check)
        images = images.to(self.device)
        with evaluating(self._module):
            if learning:
                embeddings = self.forward(images, check=check)
                if not embeddings.requires_grad:
                    raise ValueError(f"{self.name} gives no gradient: its forward or preprocess cuts the images off")
                return embeddings
            with torch.no_grad():  # each batch is a copy, for a black box may compute in place
                return torch.cat([self.forward(batch.clone()) for batch in images.detach().split(self.batch_size)])

    @property
    def _hurried(self) -> bool:
        """Whether a look at the values would make a GPU wait in the midst of learning; masks are checked in the end."""
        return self._frozen and self.device.type != "cpu"

    def frozen(self, *, memory: float | None = None, compile: bool = False) -> Recognizer:
        """The same recognizer as it is now, for learning masks: cheaper gradients to the images, in batches that fit.

        Its weights stand still, with batch norms folded into convolutions, channels last, and on a GPU that has it in
        bfloat16. A network with hooks is used as it is. Methods call this themselves.

        Args:
            memory: bytes that a batch may take; by default 1 GiB on the CPU, four fifths of what is free on a GPU.
            compile: whether to run the network through ``torch.compile``, on a GPU with CUDA graphs: the first pass of
                each batch size takes long, so it pays over thousands.
        """
        done = not self.differentiable or (self._frozen and memory is None and not compile)
        return self if done else frozen(self, memory=memory, compile=compile)

    def forward(self, images: Tensor, *, check: bool = True) -> Tensor:
        """What :meth:`embed` gives for a single batch, as the network stands: its weights may be learned through it.

        Args:
            images: ``(N, 3, 112, 112)`` in [0, 1], on the recognizer's device; they are not checked.
            check: whether to look if the embeddings are finite.

        Raises:
            ValueError: if the recognizer answers with something else than ``(N, D)`` finite numbers.
        """
        embeddings = self._call(self._module, images)
        if not isinstance(embeddings, Tensor):
            raise ValueError(f"{self.name} must give (N, D) embeddings, got {type(embeddings).__name__}")
        if embeddings.ndim != 2 or len(embeddings) != len(images):
            raise ValueError(f"{self.name} must give (N, D) embeddings for N={len(images)}, got {tuple(embeddings.shape)}")
        embeddings = embeddings.float()
        if check:
            embeddings = self._sound(embeddings)
        return functional.normalize(embeddings, dim=-1)

    def _sound(self, embeddings: Tensor) -> Tensor:
        """Embeddings that have a direction, of a size whose square a float32 can hold.

        Raises:
            ValueError: for one that is not finite, or zero.
        """
        largest = embeddings.detach().abs().amax(-1, keepdim=True)
        if not bool(largest.isfinite().all()):
            raise ValueError(f"{self.name} gave embeddings that are not finite")
        if not bool(largest.all()):
            zeros = int((largest == 0).sum())
            raise ValueError(
                f"{self.name} gave zeros in place of {zeros} of {len(embeddings)} embeddings; an embedding has a direction, "
                "also where the recognizer finds no face"
            )
        extreme = (largest < EXTREMES[0]) | (largest > EXTREMES[1])
        return embeddings / torch.where(extreme, largest, 1) if bool(extreme.any()) else embeddings

    @classmethod
    def from_module(
        cls, module: nn.Module, *, name: str, preprocess: Callable[[Tensor], Tensor] | None = None, note: str = ""
    ) -> Recognizer:
        """Any torch network: a surrogate, or a black box.

        Args:
            module: maps its input to ``(N, D)``. It runs in evaluation mode; its mode and weights stay as they are.
            preprocess: differentiable map from the batch in [0, 1] to the module's input; by default none.

        Raises:
            ValueError: if ``module`` is not a network.
        """
        if not isinstance(module, nn.Module):
            raise ValueError(f"module must be a torch.nn.Module, made by calling its class; got {module!r}")

        def call(net: nn.Module, images: Tensor) -> Any:
            return net(images if preprocess is None else preprocess(images.clone()))  # it may compute in place

        return cls(call, name=name, module=module, note=note)

    def twin(self, name: str) -> tuple[Recognizer, nn.Module]:
        """The same recognizer with a network of its own, in evaluation mode, and that network, to train: this one stays.

        Raises:
            ValueError: for a black box or an ensemble.
        """
        if self._module is None or self.parts:
            raise ValueError(f"{self.name} cannot be copied: only a single torch network can (Recognizer.from_module)")
        module = copy.deepcopy(self._module).eval()
        return Recognizer(self._call, name=name, module=module), module

    @classmethod
    def ensemble(cls, recognizers: Sequence[Recognizer]) -> Recognizer:
        """Several as one surrogate: their embeddings, each of unit norm, joined and scaled by the root of their number.

        The cosine of two such embeddings is the mean of the recognizers' cosines.

        Raises:
            ValueError: for fewer than two, one given twice, or one without gradients.
        """
        parts = [check_recognizer(one, "each of recognizers") for one in recognizers]
        name = "+".join(part.name for part in parts)
        modules = [part._module for part in parts if part._module is not None]
        if len({part.name for part in parts}) < max(2, len(parts)) or len(modules) < len(parts):
            raise ValueError(f"an ensemble needs two or more different recognizers with gradients, got {name or 'none'}")

        def call(_: nn.Module, images: Tensor) -> Tensor:
            return torch.cat([part.forward(images) for part in parts], dim=-1)  # normalized by the caller

        made = cls(call, name=name, module=nn.ModuleList(modules), note=f"{len(parts)} networks as one")
        made.networks, made.parts = frozenset().union(*(part.networks for part in parts)), parts
        return made

    @classmethod
    def from_callable(
        cls, fn: Callable[[Tensor], Any], *, name: str, note: str = "", batch_size: int | None = None,
        version: str | None = None,
    ) -> Recognizer:  # fmt: skip
        """Any black box: ``fn`` maps a batch ``(N, 3, 112, 112)`` in [0, 1] to ``(N, D)``, a tensor or an array.

        It is called with ``batch_size`` images at the most. Give it a ``version``, another one whenever it may answer
        otherwise, and its embeddings can be kept on disk.
        """

        def call(_: None, images: Tensor) -> Any:
            answer = fn(images)
            return torch.from_numpy(answer) if isinstance(answer, np.ndarray) else answer

        return cls(call, name=name, note=note, batch_size=batch_size, version=version)

    @classmethod
    def from_onnx(
        cls, path: str | Path, *, like: str | None = None, size: int | tuple[int, int] | None = None,
        mean: float | Sequence[float] | None = None, std: float | Sequence[float] | None = None,
        channels: str | None = None, output: str | None = None, name: str | None = None,
    ) -> Recognizer:  # fmt: skip
        """A black box in an ONNX file, run by onnxruntime on the CPU.

        Args:
            path: the file, with one input ``(N, 3, H, W)`` or ``(N, H, W, 3)``, for any N or a fixed one.
            like: a known recognizer whose preprocessing is meant, one of ``onnx.LIKE``; other arguments come before it.
            size: the H = W (or the (H, W)) that it wants; crops are resized to it.
            mean, std: it wants ``(x - mean) / std`` for x in 0..255: one value each, or three in the order of ``channels``.
            channels: "RGB" (default) or "BGR", the order that it wants.
            output: the name of the output with the embeddings ``(N, D)``; by default the first.

        Raises:
            MissingExtraError: without onnxruntime.
            WeightsError: if the file is missing, is not an ONNX model, or not one with such an input and output.
            ValueError: for an unknown ``like``, a size that the model does not take, or no size, mean or std.

        Example:
            >>> from opom_edu.recognizers.onnx import LIKE
            >>> sorted(LIKE)
            ['adaface', 'facenet', 'insightface', 'sface']
        """
        from opom_edu.recognizers.onnx import reader  # here, for few need it

        answer, version, batch = reader(path, like, size, mean, std, channels, output)
        return cls.from_callable(answer, name=name or Path(path).stem, batch_size=batch, version=version)


def check_recognizer(recognizer: Recognizer, name: str) -> Recognizer:
    """Return ``recognizer`` if it is one; ``name`` is the argument to blame.

    Raises:
        ValueError: if not, with the constructor that makes one.

    Example:
        >>> check_recognizer("dlib", "surrogate")
        Traceback (most recent call last):
            ...
        ValueError: surrogate must be a Recognizer, got 'dlib'; make one with load_recognizer(name)
    """
    if not isinstance(recognizer, Recognizer):
        given = repr(recognizer) if isinstance(recognizer, str) else type(recognizer).__name__
        hint = "load_recognizer(name)" if isinstance(recognizer, str) else "Recognizer.from_module or from_callable"
        raise ValueError(f"{name} must be a Recognizer, got {given}; make one with {hint}")
    return recognizer
