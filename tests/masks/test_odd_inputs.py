"""What other people's notebooks hand over: number types, settings, networks; accepted, or refused with the remedy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from opom_edu import OPOM
from opom_edu.faces import People
from opom_edu.masks import Mask, RandomNoise
from opom_edu.recognizers import Recognizer
from tests.conftest import small_network

NUMBERS = [np.int64, np.int32, np.uint8, torch.tensor]


@pytest.mark.parametrize("kind", NUMBERS)
def test_settings_may_be_numbers_of_other_libraries(
    surrogate: Recognizer, people: People, kind: Any, tmp_path: Path
) -> None:
    photos = people["person 0"].train
    plain = OPOM(surrogate, steps=6, warmup=2, seed=3).fit(photos)
    other = OPOM(surrogate, steps=kind(6), warmup=kind(2), seed=kind(3), eps=np.float32(8 / 255)).fit(photos)
    assert torch.allclose(plain.delta, other.delta, atol=1e-6)
    other.save(tmp_path / "mask.npz")
    assert Mask.load(tmp_path / "mask.npz").recipe["steps"] == 6


@pytest.mark.parametrize("value", [2.5, "three", None, True])
def test_what_is_no_whole_number_is_refused(surrogate: Recognizer, value: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="steps"):
        OPOM(surrogate, steps=value)


def test_the_default_type_does_not_matter(surrogate: Recognizer, people: People) -> None:
    photos = people["person 0"].train
    plain = OPOM(surrogate, steps=6).fit(photos), RandomNoise(seed=1).fit(photos)
    torch.set_default_dtype(torch.float64)
    try:
        double = OPOM(surrogate, steps=6).fit(photos), RandomNoise(seed=1).fit(photos)
    finally:
        torch.set_default_dtype(torch.float32)
    for one, other in zip(plain, double, strict=True):
        assert torch.equal(one.delta, other.delta)


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad, torch.enable_grad])
def test_masks_are_learned_in_every_mode(surrogate: Recognizer, people: People, mode: Any) -> None:
    photos = people["person 0"].train
    plain = OPOM(surrogate, steps=6).fit(photos)
    with mode():
        assert torch.equal(OPOM(surrogate, steps=6).fit(photos).delta, plain.delta)


def test_a_preprocessing_in_place_is_fine(people: People) -> None:
    plain = Recognizer.from_module(small_network(), name="n", preprocess=lambda images: images - 0.5)
    in_place = Recognizer.from_module(small_network(), name="n", preprocess=lambda images: images.sub_(0.5))
    photos = people["person 0"].train
    before = photos.clone()
    assert torch.equal(OPOM(plain, steps=6).fit(photos).delta, OPOM(in_place, steps=6).fit(photos).delta)
    assert torch.equal(photos, before)


class Several(torch.nn.Module):
    """A network that answers with more than its embedding."""

    def __init__(self, kind: type) -> None:
        super().__init__()
        self.network, self.kind = small_network(), kind

    def forward(self, images: torch.Tensor) -> Any:
        found = self.network(images)
        return {"embedding": found} if self.kind is dict else self.kind([found, found])


@pytest.mark.parametrize("kind", [tuple, list, dict])
def test_a_network_of_several_outputs_is_named_when_it_learns(people: People, kind: type) -> None:
    recognizer = Recognizer.from_module(Several(kind), name="several")
    with pytest.raises(ValueError, match=rf"several must give \(N, D\) embeddings, got {kind.__name__}"):
        OPOM(recognizer, steps=6).fit(people["person 0"].train)


@pytest.mark.parametrize("scale", [0.0, 1e-36, 1e36])
def test_embeddings_without_a_direction_are_refused(scale: float) -> None:
    images = torch.rand(2, 3, 112, 112)
    odd = Recognizer.from_callable(lambda given: scale * given.flatten(1)[:, :4], name="odd")
    if scale:
        plain = Recognizer.from_callable(lambda given: given.flatten(1)[:, :4], name="plain")
        torch.testing.assert_close(odd.embed(images), plain.embed(images))
    else:
        with pytest.raises(ValueError, match="odd gave zeros"):
            odd.embed(images)
