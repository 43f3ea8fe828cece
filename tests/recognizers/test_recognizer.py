from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

from opom_edu.errors import MissingExtraError, WeightsError
from opom_edu.recognizers import Recognizer, list_recognizers, load_recognizer
from tests.conftest import small_network

IMAGES = torch.rand(5, 3, 112, 112, generator=torch.Generator().manual_seed(0))


def test_embeddings_have_unit_norm(surrogate: Recognizer, black_box: Recognizer) -> None:
    for recognizer in (surrogate, black_box):
        embeddings = recognizer.embed(IMAGES)
        assert embeddings.shape == (5, 32)
        torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(5))
        assert recognizer.embed(IMAGES[:0]).shape[0] == 0
    assert surrogate.differentiable
    assert not black_box.differentiable


def test_batches_do_not_change_embeddings(surrogate: Recognizer) -> None:
    many = IMAGES.repeat(20, 1, 1, 1)
    assert surrogate.batch_size < len(many)
    torch.testing.assert_close(surrogate.embed(many), surrogate.embed(IMAGES).repeat(20, 1))


def test_an_ensemble_says_the_mean_of_what_its_parts_say(surrogate: Recognizer) -> None:
    other = Recognizer.from_module(small_network(seed=1, dim=8), name="other", preprocess=lambda x: x - 0.5)
    both = Recognizer.ensemble([surrogate, other])
    assert (both.name, both.networks) == ("small+other", {"small", "other"})
    embeddings = [one.embed(IMAGES) for one in (both, surrogate, other)]
    assert embeddings[0].shape == (5, 32 + 8)
    together, *alone = (own @ own.T for own in embeddings)
    torch.testing.assert_close(together, (alone[0] + alone[1]) / 2)
    images = IMAGES.clone().requires_grad_()
    both.embed(images).sum().backward()
    assert images.grad is not None


def test_an_ensemble_needs_different_parts_with_gradients(surrogate: Recognizer, black_box: Recognizer) -> None:
    for parts in ([], [surrogate], [surrogate, surrogate], [surrogate, black_box]):
        with pytest.raises(ValueError, match="two or more different recognizers with gradients"):
            Recognizer.ensemble(parts)


def test_gradients_reach_the_images_and_the_module_stays_as_it_was() -> None:
    module = small_network().train()
    module[1].eval()  # a mixed state, as when batch norm is frozen
    before = {name: value.clone() for name, value in module.state_dict().items()}
    modes = [part.training for part in module.modules()]
    images = IMAGES.clone().requires_grad_()
    Recognizer.from_module(module, name="m").embed(images).sum().backward()
    assert images.grad is not None
    assert images.grad.abs().sum() > 0
    assert [part.training for part in module.modules()] == modes
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_black_box_ignores_gradients(black_box: Recognizer) -> None:
    assert not black_box.embed(IMAGES.clone().requires_grad_()).requires_grad


def test_a_black_box_may_compute_in_place(surrogate: Recognizer) -> None:
    def careless(images: torch.Tensor) -> np.ndarray:
        pixels = images.numpy()
        pixels *= 255
        return pixels.reshape(len(pixels), -1)[:, ::500]

    images = IMAGES.clone()
    Recognizer.from_callable(careless, name="careless").embed(images)
    assert torch.equal(images, IMAGES)


def test_what_is_no_network_or_cuts_the_gradient_is_named() -> None:
    with pytest.raises(ValueError, match="made by calling its class"):
        Recognizer.from_module(nn.Flatten, name="class")
    with pytest.raises(ValueError, match=r"loose must give .* got tuple"):
        Recognizer.from_callable(lambda images: (images, images), name="loose").embed(IMAGES)
    cut = Recognizer.from_module(nn.Flatten(), name="cut", preprocess=lambda images: images.detach())
    with pytest.raises(ValueError, match="cut gives no gradient"):
        cut.embed(IMAGES.clone().requires_grad_())


def test_bad_images_and_bad_answers_are_named(surrogate: Recognizer) -> None:
    with pytest.raises(ValueError, match="112x112"):
        surrogate.embed(IMAGES[..., :64, :64])
    with pytest.raises(ValueError, match=r"odd must give \(N, D\)"):
        Recognizer.from_callable(lambda images: images.numpy(), name="odd").embed(IMAGES)
    with pytest.raises(ValueError, match="not finite"):
        Recognizer.from_callable(lambda images: np.full((len(images), 4), np.nan), name="odd").embed(IMAGES)


@pytest.fixture
def onnx_file(tmp_path: Path) -> Path:
    """A model that answers with the mean of each channel of its input, less 0.5."""
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Sub", ["mean", "half"], ["y"]),
    ]
    half = helper.make_tensor("half", TensorProto.FLOAT, [1], [0.5])
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 56, 56])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])
    graph = helper.make_graph(nodes, "means", [x], [y], [half])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = tmp_path / "means.onnx"
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("channels", ["RGB", "BGR"])
def test_onnx_files_are_black_boxes(onnx_file: Path, channels: str) -> None:
    recognizer = Recognizer.from_onnx(onnx_file, size=56, mean=127.5, std=(51.0, 102.0, 255.0), channels=channels)
    means = IMAGES.mean((2, 3)) * 255
    pixels = ((means.flip(1) if channels == "BGR" else means) - 127.5) / torch.tensor([51.0, 102.0, 255.0])
    torch.testing.assert_close(recognizer.embed(IMAGES), nn.functional.normalize(pixels - 0.5), atol=2e-3, rtol=0)
    assert recognizer.name == "means"


def test_a_file_that_is_not_onnx_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_text("nothing")
    with pytest.raises(WeightsError, match=r"x\.onnx cannot be read"):
        Recognizer.from_onnx(tmp_path / "x.onnx", size=112, mean=0, std=1)
    with pytest.raises(ValueError, match="RGB"):
        Recognizer.from_onnx(tmp_path / "x.onnx", size=112, mean=0, std=1, channels="GRB")


def test_an_unknown_name_lists_the_choices() -> None:
    with pytest.raises(ValueError, match=", ".join(list_recognizers())):
        load_recognizer("facenet")


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from opom_edu.recognizers import dlib

    dlib._models.cache_clear()
    monkeypatch.setattr("opom_edu.faces.finder.find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError, match=r"opom_edu\[dlib\]"):
        load_recognizer("dlib")
    dlib._models.cache_clear()
