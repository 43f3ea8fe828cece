"""Weights are the right ones or are refused."""

import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from opom_edu.errors import WeightsError
from opom_edu.files import sha256
from opom_edu.recognizers import load_recognizer, zoo
from opom_edu.recognizers.backbones import MobileFaceNet
from opom_edu.recognizers.frozen import for_inference

IMAGES = torch.rand(2, 3, 112, 112, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Random weights in the place of the real ones, with a checksum that fits."""
    entry = zoo.ZOO["mobilefacenet"]
    path = tmp_path / entry.file
    save_file(entry.build().state_dict(), path)
    monkeypatch.setitem(zoo.ZOO, "mobilefacenet", dataclasses.replace(entry, sha256=sha256(path)))
    monkeypatch.setenv(zoo.WEIGHTS_VARIABLE, str(tmp_path))
    return path


def test_named_weights_are_loaded(weights: Path) -> None:
    recognizer = load_recognizer("mobilefacenet")
    assert recognizer.differentiable
    assert recognizer.embed(IMAGES).shape == (2, 128)


def test_a_device_that_is_not_there_is_named(weights: Path) -> None:
    with pytest.raises(ValueError, match="device 'banana' cannot be used"):
        load_recognizer("mobilefacenet", device="banana")


def test_damaged_weights_are_refused(weights: Path) -> None:
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(WeightsError, match=r"mobilefacenet_casia.*damaged.*fetch it again"):
        load_recognizer("mobilefacenet")


def test_missing_weights_are_named_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(zoo.WEIGHTS_VARIABLE, str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(
        WeightsError, match=r"mobilefacenet_casia\.safetensors.*sha256.*put the file there.*OPOM_EDU_WEIGHTS"
    ):
        load_recognizer("mobilefacenet")


def test_the_network_is_the_published_one() -> None:
    module = MobileFaceNet(size=(112, 112))
    parameters = sum(parameter.numel() for parameter in module.parameters())
    assert 0.98e6 < parameters < 1.02e6  # "0.99 million", section 3.3 of the paper
    assert module(torch.rand(2, 3, 112, 112)).shape == (2, 128)


def test_folding_batch_norms_changes_nothing_but_rounding() -> None:
    module = MobileFaceNet(size=(112, 112))
    module.train()(IMAGES)  # gives the batch norms something to fold
    expected = module.eval()(IMAGES)
    folded = for_inference(module)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in folded.modules())
    torch.testing.assert_close(folded(IMAGES), expected, atol=1e-4, rtol=1e-4)


def test_the_real_weights_tell_people_apart(real: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from opom_edu.faces import load_people

    monkeypatch.setenv(zoo.WEIGHTS_VARIABLE, str(real / "models"))
    people = list(load_people(f"folder:{real / 'faces'}", train=1, test=4).values())[:4]
    embeddings = load_recognizer("mobilefacenet").embed(torch.cat([person.test for person in people]))
    similar = (embeddings @ embeddings.T).reshape(4, 4, 4, 4).mean((1, 3))
    strangers = similar[~torch.eye(4, dtype=torch.bool)]
    assert similar.diagonal().min() > 0.4 > 0.25 > strangers.max()
