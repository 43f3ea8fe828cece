"""dlib's network in torch against dlib itself, and its weight file when it is broken."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from opom_edu.errors import MissingExtraError, WeightsError
from opom_edu.faces import load_people
from opom_edu.recognizers import dlib_torch, load_recognizer, zoo
from opom_edu.recognizers.dlib import NETWORK, model_folder
from opom_edu.recognizers.dlib_format import read_layers
from opom_edu.recognizers.dlib_torch import DlibResNet, convert, to_chip

dlib = pytest.importorskip("dlib", reason="the extra 'dlib' is not installed")


@pytest.fixture(scope="module")
def network() -> nn.Module:
    module = DlibResNet().eval()
    module.load_state_dict(convert())
    return module


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(zoo.WEIGHTS_VARIABLE, raising=False)
    return tmp_path / "opom_edu" / "weights" / zoo.ZOO["dlib-torch"].file


def photos(people: int, each: int, folder: Path | None = None) -> Tensor:
    """Synthetic photos from the demo set, or real ones."""
    found = load_people("synthetic" if folder is None else f"folder:{folder}", train=10)
    return torch.cat([person.test[:each] for person in found.values()][:people])


def missing() -> Path:
    raise MissingExtraError("face-recognition-models", "dlib")


@pytest.mark.parametrize("source", ["synthetic", "real"])
def test_it_agrees_with_dlib_on_the_same_chips(source: str, network: nn.Module, request: pytest.FixtureRequest) -> None:
    images = photos(10, 5, request.getfixturevalue("real") / "faces" if source == "real" else None)
    chips = to_chip(images).mul(255).round().to(torch.uint8)
    model = dlib.face_recognition_model_v1(str(model_folder() / NETWORK))
    expected = np.array(model.compute_face_descriptor(list(chips.permute(0, 2, 3, 1).contiguous().numpy())))
    with torch.no_grad():
        descriptors = network(chips.float() / 255).numpy()
    assert len(images) == 50
    assert np.linalg.norm(descriptors - expected, axis=1).max() < 1e-3  # measured: 2e-6
    assert np.linalg.norm(expected, axis=1).min() > 1  # not of unit norm


def test_its_chip_is_the_one_that_dlib_cuts_by_landmarks(real: Path) -> None:
    images = photos(12, 3, real / "faces")
    alike = (load_recognizer("dlib-torch").embed(images) * load_recognizer("dlib").embed(images)).sum(1)
    assert alike.mean() > 0.98
    assert alike.min() > 0.9


def test_the_eyes_of_the_template_lie_where_dlib_has_them() -> None:
    crop = torch.zeros(1, 3, 112, 112)
    crop[:, :, 51:53, 37:40] = crop[:, :, 51:53, 73:75] = 1  # around (38.3, 51.7) and (73.5, 51.5)
    row, left, right = 47.1, 47.7, 100.3  # in a chip: 150 * (0.25 + share) / 1.5
    bright = (to_chip(crop)[0, 0] > 0.5).nonzero().float() + 0.5  # pixels' middles
    for found, column in ((bright[bright[:, 1] < 75], left), (bright[bright[:, 1] > 75], right)):
        torch.testing.assert_close(found.mean(0), torch.tensor([row, column]), atol=1.0, rtol=0)


def test_its_gradient_agrees_with_finite_differences(network: nn.Module) -> None:
    images = photos(1, 1).double()
    double = DlibResNet().double().eval()
    double.load_state_dict(network.state_dict())

    def change(crop: Tensor) -> Tensor:
        return (double(to_chip(crop)) - double(to_chip(images))).square().sum()

    generator = torch.Generator().manual_seed(0)
    crop = images + 0.05 * torch.rand(images.shape, generator=generator, dtype=torch.double)
    (gradient,) = torch.autograd.grad(change(crop.requires_grad_()), crop)
    direction = torch.randn(images.shape, generator=generator, dtype=torch.double)
    step = 1e-7 * direction
    with torch.no_grad():
        slope = (change(crop + step) - change(crop - step)) / 2e-7
    torch.testing.assert_close((gradient * direction).sum(), slope, rtol=1e-4, atol=0)


def test_it_is_converted_once_and_serves_as_a_surrogate(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = photos(1, 2).requires_grad_()
    recognizer = load_recognizer("dlib-torch")
    assert cache.is_file()
    assert recognizer.differentiable
    assert "the same network as dlib" in recognizer.note
    recognizer.embed(images).sum().backward()
    assert images.grad is not None
    assert images.grad.abs().sum() > 0
    monkeypatch.setattr(dlib_torch, "model_folder", missing)  # no longer needed
    load_recognizer("dlib-torch")
    cache.write_bytes(cache.read_bytes()[:-1])
    with pytest.raises(WeightsError, match=r"dlib_torch\.safetensors is damaged.*delete it, and it is made again"):
        load_recognizer("dlib-torch")


def test_without_its_package_the_extra_is_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dlib_torch, "model_folder", missing)
    with pytest.raises(MissingExtraError, match=r"opom_edu\[dlib\]"):
        load_recognizer("dlib-torch")


def test_where_nothing_can_be_kept_the_remedy_is_named(cache: Path) -> None:
    cache.parents[1].write_text("a file in the way")
    with pytest.raises(WeightsError, match=r"cannot be kept.*XDG_CACHE_HOME"):
        load_recognizer("dlib-torch")


@pytest.mark.parametrize("share", [0, 1e-5, 0.3, 0.99999])
def test_a_file_that_is_cut_off_is_refused(share: float, tmp_path: Path) -> None:
    data = (model_folder() / NETWORK).read_bytes()
    broken = tmp_path / "broken.dat"
    broken.write_bytes(data[: int(share * len(data))])
    with pytest.raises(WeightsError, match=r"broken\.dat"):
        convert(broken)


@pytest.mark.parametrize("data", [b"\xff" * 100, b"PK\x03\x04 a zip", b"\x08" + b"\xff" * 8 + b"con_4"])
def test_a_file_of_another_kind_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "other.dat").write_bytes(data)
    with pytest.raises(WeightsError, match=r"other\.dat"):
        convert(tmp_path / "other.dat")


def test_another_network_of_dlibs_is_refused() -> None:
    path = model_folder() / "mmod_human_face_detector.dat"
    with pytest.raises(WeightsError, match="mmod_human_face_detector"):
        convert(path)


def test_damage_within_the_weights_is_noticed(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytearray((model_folder() / NETWORK).read_bytes())
    data[1_000_000] ^= 1
    (tmp_path / "dlib.dat").write_bytes(data)
    entry = dataclasses.replace(zoo.ZOO["dlib-torch"], make=lambda: convert(tmp_path / "dlib.dat"))
    monkeypatch.setitem(zoo.ZOO, "dlib-torch", entry)
    with pytest.raises(WeightsError, match="made from are damaged"):
        load_recognizer("dlib-torch")
    assert not cache.exists()


def test_the_layers_are_read_in_order() -> None:
    layers = read_layers(model_folder() / NETWORK)
    names = [layer.name for layer in layers]
    assert names[1:6] == ["loss_metric_2", "input_rgb_image_sized", "con_4", "affine_", "relu_"]
    assert [names.count(name) for name in ("con_4", "affine_", "relu_", "add_prev_", "fc_2")] == [29, 29, 29, 14, 1]
    mantissa, exponent = layers[2].numbers[:2]
    assert mantissa * 2.0**exponent == pytest.approx(122.782)  # the mean red
