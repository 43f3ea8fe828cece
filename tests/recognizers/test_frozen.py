"""The frozen copy beside the network it was made from: same embeddings, same gradients, and no trace left."""

import copy
from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from opom_edu.recognizers import Recognizer
from opom_edu.recognizers.backbones import IRNet, MobileFaceNet
from opom_edu.recognizers.frozen import FrozenPReLU, Pointwise
from opom_edu.recognizers.inception import InceptionResNet
from tests.conftest import small_network

IMAGES = torch.rand(2, 3, 112, 112, generator=torch.Generator().manual_seed(0))
NETWORKS = {
    "mobile": lambda: MobileFaceNet(width=0.125, dim=16, stem_stride=4),
    "ir": lambda: IRNet(blocks=(1, 1, 1, 1), width=8, dim=16, stem_stride=4, se=True),
    "inception": lambda: InceptionResNet(width=0.1, blocks=(1, 1, 1), dim=16, stem_stride=4),
}


class Backward(nn.Module):
    """Its children are named in another order than they run."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 3, 5, 4), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.bn(x)).flatten(1)


def used(module: nn.Module) -> nn.Module:
    """The module with statistics and weights such as training leaves."""
    module.train()(IMAGES + 0.3)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.weight, 0.5, 2)
    return module


def gradient(recognizer: Recognizer) -> Tensor:
    images = IMAGES.clone().requires_grad_()
    embeddings = recognizer.embed(images)
    (found,) = torch.autograd.grad(embeddings @ torch.linspace(-1, 1, embeddings.shape[1]) @ torch.ones(2), images)
    return found


def make(module: nn.Module) -> Recognizer:
    return Recognizer.from_module(module, name="m", preprocess=lambda x: 2 * x - 1)


@pytest.fixture
def networks() -> Iterator[dict[str, nn.Module]]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield {name: used(build()) for name, build in NETWORKS.items()} | {"backward": used(Backward())}


def test_a_frozen_copy_is_the_same_function_and_leaves_the_network_alone(networks: dict[str, nn.Module]) -> None:
    for name, module in networks.items():
        before, modes = copy.deepcopy(module.state_dict()), [part.training for part in module.modules()]
        surrogate = make(module)
        frozen = surrogate.frozen()
        torch.testing.assert_close(frozen.embed(IMAGES), surrogate.embed(IMAGES), atol=1e-5, rtol=1e-4)
        expected = gradient(surrogate)
        assert float((gradient(frozen) - expected).abs().max() / expected.abs().max()) < 1e-3
        assert not any(parameter.requires_grad for parameter in frozen._module.parameters())
        assert all(parameter.requires_grad for parameter in module.parameters())
        assert [part.training for part in module.modules()] == modes
        assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())
        kinds = {type(part) for part in frozen._module.modules()}
        assert (nn.BatchNorm2d in kinds) == (name in ("ir", "backward"))  # where one stands before its convolution
        assert frozen.frozen() is frozen
    assert {FrozenPReLU, Pointwise} <= {type(part) for part in make(networks["mobile"]).frozen()._module.modules()}


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0, 2, width=32), min_size=3, max_size=3), st.integers(0, 1000))
def test_a_frozen_prelu_has_the_gradient_of_prelu(slopes: list[float], seed: int) -> None:
    layer = FrozenPReLU(3).requires_grad_(False)
    layer.weight.copy_(torch.tensor(slopes))
    x, upstream = torch.randn(2, 2, 3, 4, 5, generator=torch.Generator().manual_seed(seed)).requires_grad_()
    results = [torch.autograd.grad(fn(x), x, upstream)[0] for fn in (layer, lambda y: functional.prelu(y, layer.weight))]
    torch.testing.assert_close(*results)


def test_negative_slopes_and_weights_in_training_keep_torchs_prelu() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 9, 9), nn.PReLU(4, init=-0.5), nn.Flatten())
    surrogate = make(module)
    assert type(surrogate.frozen()._module[1]) is nn.PReLU
    torch.testing.assert_close(gradient(surrogate.frozen()), gradient(surrogate))
    layer = FrozenPReLU(4)
    layer(torch.full((1, 4), -1.0)).sum().backward()
    assert layer.weight.grad.eq(-1).all()


def test_hooks_are_respected_and_new_weights_are_followed() -> None:
    module = small_network()
    surrogate = make(module)
    first = surrogate.frozen().embed(IMAGES)
    with torch.no_grad():
        module[0].weight.mul_(-1)
    assert not torch.allclose(surrogate.frozen().embed(IMAGES), first)
    hook = module[0].register_forward_hook(lambda _layer, _inputs, output: 0 * output)
    hooked = surrogate.frozen()
    assert hooked._module is module
    hook.remove()
    assert not torch.allclose(hooked.embed(IMAGES), first)


def test_an_ensemble_is_frozen_part_by_part(networks: dict[str, nn.Module], black_box: Recognizer) -> None:
    parts = [Recognizer.from_module(networks[name], name=name) for name in ("mobile", "inception")]
    both = Recognizer.ensemble(parts)
    frozen = both.frozen()
    assert not any(isinstance(part, nn.BatchNorm2d) for part in frozen._module.modules())
    assert (frozen.name, frozen.networks) == (both.name, both.networks)
    torch.testing.assert_close(frozen.embed(IMAGES), both.embed(IMAGES), atol=1e-5, rtol=1e-4)
    assert black_box.frozen() is black_box


def test_memory_bounds_the_batch(networks: dict[str, nn.Module]) -> None:
    surrogate = make(networks["ir"])
    assert surrogate.frozen().batch_size == surrogate.batch_size
    one = surrogate.frozen()._image_bytes
    kept = IMAGES[0].nbytes + 4 * 8 * 28 * 28  # the image and the stem's output: part of it, surely
    assert kept < one < 100 * kept
    assert surrogate.frozen(memory=3.5 * one).batch_size == 3
    assert surrogate.frozen(memory=0).batch_size == 1


class Questions(TorchDispatchMode):
    """Counts the looks at values, each of which makes a GPU wait."""

    asked = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        self.asked += func in (torch.ops.aten._local_scalar_dense.default, torch.ops.aten.nonzero.default)
        return func(*args, **(kwargs or {}))


def test_a_pass_on_a_gpu_looks_at_no_values(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = make(small_network()).frozen()
    with Questions() as careful:
        expected = gradient(frozen)
    monkeypatch.setattr(Recognizer, "_hurried", property(lambda self: self._frozen))
    with Questions() as hurried:
        assert torch.equal(gradient(frozen), expected)
    assert careful.asked > 0
    assert hurried.asked == 0
