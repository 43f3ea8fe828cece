"""Recognizers as ONNX, for a page: the embedding, and the step that OPOM needs, forward and backward in one graph."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from opom_edu.errors import OpomError, import_extra
from opom_edu.faces.images import SIZE
from opom_edu.faces.mtcnn import networks
from opom_edu.recognizers import Recognizer

PHOTOS = 10  # that one step takes; whoever has fewer repeats some, and does not count them
OPSET = 17
CLOSE, EXACT = 1e-3, 1e-5  # how far embeddings may be from torch's; the gradient, as a share of its largest entry
aten = torch.ops.aten


def embedding(recognizer: Recognizer) -> bytes:
    """The recognizer as an ONNX model: ``images (N, 3, 112, 112)`` in [0, 1] to unit ``embeddings (N, D)``.

    Weights are float16, where the result stays within 1e-3, and float32 otherwise.

    Raises:
        OpomError: if the model's answers differ from torch's.
        MissingExtraError: without the extra "site".

    Example:
        >>> model = embedding(surrogate)
        >>> run(model, images=ada.train).keys()
        dict_keys(['embeddings'])
    """

    recognizer, network = _traceable(recognizer)

    def embed(images: Tensor) -> Tensor:
        return recognizer.forward(images, check=False)

    images = torch.rand(3, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    axes = {"images": {0: "N"}, "embeddings": {0: "N"}}
    model = _onnx(_Called(embed, network), (images,), ["images"], ["embeddings"], axes)
    wanted = embed(images).numpy()
    return _lighter(model, lambda made: _far(run(made, images=images)["embeddings"], wanted), recognizer.name)


def step(recognizer: Recognizer) -> bytes:
    """One step of the loop as an ONNX model: ``masked (10, 3, 112, 112)`` and ``targets (10, D)`` in; ``embeddings (10, D)``
    and the ``gradient (10, 3, 112, 112)`` of every photo's squared distance to its target out.

    Autograd is traced, and what it calls is written as operations that run forward. (CLOSE and EXACT: what is checked.)

    Raises:
        OpomError: if the gradient differs from torch's, or the network holds an operation that cannot be written so.
        MissingExtraError: without the extra "site".

    Example:
        >>> run(step(surrogate), masked=ada.train, targets=surrogate.embed(ada.train)).keys()
        dict_keys(['embeddings', 'gradient'])
    """
    recognizer, _ = _traceable(recognizer)
    draw = torch.Generator().manual_seed(0)
    masked = torch.rand(PHOTOS, 3, SIZE, SIZE, generator=draw)
    width = recognizer.embed(masked[:1]).shape[1]
    targets = functional.normalize(torch.randn(PHOTOS, width, generator=draw), dim=-1)
    embeddings, gradient = _step(recognizer, masked, targets)
    try:
        traced = _traced(recognizer, masked, targets)
        model = _onnx(traced, (masked, targets), ["masked", "targets"], ["embeddings", "gradient"])
    except Exception as error:  # torch's exporter has many
        raise OpomError(f"the step of {recognizer.name} has no ONNX form: {str(error).splitlines()[0][:200]}") from error

    with torch.no_grad():
        again = traced(masked, targets)[1]
    there = torch.from_numpy(run(model, masked=masked, targets=targets)["gradient"])
    # An activation within rounding of zero may fall to its other side where sums run in another order: this moves one
    # photo's gradient a little. So the middle photo counts.
    errors = [(made - gradient).abs().amax((1, 2, 3)) / gradient.abs().amax((1, 2, 3)) for made in (again, there)]
    if (found := max(float(error.median()) for error in errors)) > EXACT:
        raise OpomError(f"the gradient of {recognizer.name} differs from torch's by {found:.1e} in ONNX")
    wanted = embeddings.numpy()
    return _lighter(
        model, lambda made: _far(run(made, masked=masked, targets=targets)["embeddings"], wanted), recognizer.name
    )


def finder() -> dict[str, bytes]:
    """MTCNN's three networks, by name: ``pictures (N, 3, H, W)`` in [-1, 1] to ``head0`` and so on.

    Raises:
        MissingExtraError: without the extra "site".

    Example:
        >>> list(finder())
        ['proposal', 'refinement', 'output']
    """
    made = {}
    for (name, network), side in zip(networks().items(), (12, 24, 48), strict=True):
        heads = [f"head{k}" for k in range(len(network.heads))]
        axes = {"pictures": {0: "N"} | ({2: "H", 3: "W"} if name == "proposal" else {})}
        made[name] = _onnx(network, (torch.zeros(2, 3, side, side),), ["pictures"], heads, axes)
    return made


def run(model: bytes, **inputs: Tensor) -> dict[str, Any]:
    """What an ONNX model gives, by the names of its outputs, as arrays.

    Example:
        >>> run(embedding(surrogate), images=ada.train)["embeddings"].shape
        (10, 128)
    """
    runtime = import_extra("onnxruntime", "site")
    session = runtime.InferenceSession(model)
    names = [output.name for output in session.get_outputs()]
    given = {name: value.numpy() for name, value in inputs.items()}
    return dict(zip(names, session.run(names, given), strict=True))


def _step(recognizer: Recognizer, masked: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    embeddings, back, *_ = torch.func.vjp(lambda photos: recognizer.forward(photos, check=False), masked)
    return embeddings, back(2 * (embeddings - targets))[0]


def _traced(recognizer: Recognizer, masked: Tensor, targets: Tensor) -> nn.Module:
    """The step as a graph without autograd, views and copies."""
    from torch._decomp import core_aten_decompositions
    from torch.func import functionalize
    from torch.fx.experimental.proxy_tensor import make_fx

    table = {**core_aten_decompositions(), **BACKWARD}
    step = functionalize(lambda photos, points: _step(recognizer, photos, points))
    graph = make_fx(step, decomposition_table=table)(masked, targets)
    for node in [node for node in graph.graph.nodes if node.op == "call_function"]:
        if node.target in (aten.alias.default, aten.clone.default, aten.detach.default):
            node.replace_all_uses_with(node.args[0])
        elif node.target is aten.copy.default:
            node.replace_all_uses_with(node.args[1])
        elif node.target in (aten.view.default, aten._unsafe_view.default):
            node.target = aten.reshape.default
        elif node.target in (aten.as_strided.default, aten.as_strided_scatter.default):
            # All of a tensor in another shape; were it less, the check of the gradient would tell.
            whole = node.args[0] if node.target is aten.as_strided.default else node.args[1]
            node.target, node.args = aten.reshape.default, (whole, list(node.meta["val"].shape))
    graph.graph.eliminate_dead_code()
    graph.recompile()
    return graph


def _convolution(
    gradient: Tensor, x: Tensor, weight: Tensor, bias_sizes: Any, stride: Any, padding: Any, dilation: Any, transposed: bool,
    output_padding: Any, groups: int, mask: Any,
) -> tuple[Tensor, None, None]:  # fmt: skip
    sides = zip(x.shape[2:], gradient.shape[2:], stride, padding, dilation, weight.shape[2:], strict=True)
    left = [own - ((g - 1) * s - 2 * p + d * (w - 1) + 1) for own, g, s, p, d, w in sides]
    return aten.convolution(gradient, weight, None, stride, padding, dilation, True, left, groups), None, None


def _pooling(gradient: Tensor, x: Tensor, *rest: Any) -> Tensor:
    places = rest[-1]
    zeros = torch.zeros(*x.shape[:2], x.shape[2] * x.shape[3])
    return zeros.scatter_add(2, places.flatten(2), gradient.flatten(2)).view(x.shape)


def _normed(x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, *rest: Any) -> tuple[Tensor, ...]:
    shape = (1, -1) + (1,) * (x.ndim - 2)
    inverse = torch.rsqrt(variance + rest[-1])
    return (x - mean.view(shape)) * (inverse * weight).view(shape) + bias.view(shape), mean, inverse


def _norm_backward(gradient: Tensor, x: Tensor, weight: Tensor, *rest: Any) -> tuple[Tensor, None, None]:
    variance, eps = rest[1], rest[5]
    return gradient * (torch.rsqrt(variance + eps) * weight).view((1, -1) + (1,) * (x.ndim - 2)), None, None


def _leaky(gradient: Tensor, x: Tensor, slope: float, *rest: Any) -> Tensor:
    return torch.where(x > 0, gradient, gradient * slope)


def _threshold(gradient: Tensor, x: Tensor, threshold: float) -> Tensor:
    return torch.where(x > threshold, gradient, torch.zeros_like(gradient))


# What autograd calls, in operations that ONNX knows.
BACKWARD: dict[Any, Callable[..., Any]] = {
    aten.convolution_backward.default: _convolution,
    aten.max_pool2d_with_indices_backward.default: _pooling,
    aten.native_batch_norm.default: _normed,
    aten.native_batch_norm_backward.default: _norm_backward,
    aten.leaky_relu_backward.default: _leaky,
    aten.threshold_backward.default: _threshold,
}


def _traceable(recognizer: Recognizer) -> tuple[Recognizer, nn.Module]:
    """A copy whose activations leave their input as it is: what works in place is traced wrongly."""
    twin, network = recognizer.twin(recognizer.name)
    for layer in network.modules():
        if hasattr(layer, "inplace"):
            layer.inplace = False  # type: ignore[assignment]
    return twin, network


class _Called(nn.Module):
    """A function as a network; ``network`` is the one that it calls, whose weights are then the model's."""

    def __init__(self, call: Callable[..., Any], network: nn.Module) -> None:
        super().__init__()
        self.call, self.network = call, network

    def forward(self, *given: Tensor) -> Any:
        return self.call(*given)


def _onnx(network: nn.Module, given: tuple[Tensor, ...], inputs: list[str], outputs: list[str], axes: Any = None) -> bytes:
    import_extra("onnx", "site")
    made: Any = io.BytesIO()
    told = {"input_names": inputs, "output_names": outputs, "dynamic_axes": axes, "opset_version": OPSET}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter tells of shapes that are constants here
        torch.onnx.export(network.eval(), given, made, dynamo=False, do_constant_folding=False, **told)
    data: bytes = made.getvalue()
    return data


def _lighter(model: bytes, far: Callable[[bytes], float], name: str) -> bytes:
    """The model with weights of half the size, unless that moves its embeddings by more than CLOSE."""
    if (found := far(model)) > CLOSE / 100:
        raise OpomError(f"the embeddings of {name} differ from torch's by {found:.1e} in ONNX")
    light = _halved(model)
    return light if far(light) <= CLOSE else model


def _halved(model: bytes) -> bytes:
    """The model with its large weights as float16, each cast to float32 where it is used."""
    import onnx

    graph = onnx.load_from_string(model)
    for tensor in list(graph.graph.initializer):
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 64:
            continue
        half = onnx.numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}_half")
        cast = onnx.helper.make_node("Cast", [half.name], [tensor.name], to=onnx.TensorProto.FLOAT)
        graph.graph.initializer.remove(tensor)
        graph.graph.initializer.append(half)
        graph.graph.node.insert(0, cast)
    made: bytes = graph.SerializeToString()
    return made


def _far(found: Any, wanted: Any) -> float:
    return float(np.abs(found - wanted).max())
