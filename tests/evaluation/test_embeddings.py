"""Embeddings on disk are those of the same photos and the same recognizer, or none."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from opom_edu.errors import OpomError
from opom_edu.evaluation import protection
from opom_edu.evaluation.embeddings import embedder
from opom_edu.faces import People, quantize
from opom_edu.masks import RandomNoise
from opom_edu.recognizers import Recognizer
from tests.conftest import small_network, smooth_noise


class Counted:
    """A black box that counts the photos it is asked about."""

    def __init__(self) -> None:
        self.photos = 0

    def __call__(self, images: Tensor) -> Tensor:
        self.photos += len(images)
        return torch.cat([images.mean((2, 3)), images.var((2, 3))], 1)


@pytest.fixture
def photos() -> Tensor:
    return smooth_noise(5, torch.Generator().manual_seed(3))


def test_a_second_time_costs_nothing_and_changes_nothing(tmp_path: Path, photos: Tensor) -> None:
    box = Counted()
    recognizer = Recognizer.from_callable(box, name="box", version="1")
    first = embedder(recognizer, tmp_path)(photos)
    asked = box.photos
    again = embedder(recognizer, tmp_path)(photos.clone())
    assert box.photos == asked + 1  # one fixed picture shows that it is still the same recognizer
    assert torch.equal(first, again)
    assert torch.equal(first, recognizer.embed(quantize(photos)))


def test_other_photos_weights_preprocessing_or_names_are_others(tmp_path: Path, photos: Tensor) -> None:
    def files(recognizer: Recognizer, images: Tensor = photos) -> int:
        assert torch.equal(embedder(recognizer, tmp_path)(images), recognizer.embed(quantize(images)))
        return len(list(tmp_path.iterdir()))

    assert files(Recognizer.from_module(small_network(), name="a")) == 1
    assert files(Recognizer.from_module(small_network(), name="a")) == 1
    assert files(Recognizer.from_module(small_network(), name="a"), photos.flip(0)) == 2
    assert files(Recognizer.from_module(small_network(seed=1), name="a")) == 3
    assert files(Recognizer.from_module(small_network(), name="b")) == 4
    assert files(Recognizer.from_module(small_network(), name="a", preprocess=lambda x: 2 * x - 1)) == 5


def test_a_black_box_is_cached_only_if_its_version_is_told(tmp_path: Path, photos: Tensor) -> None:
    embedder(Recognizer.from_callable(Counted(), name="box"), tmp_path)(photos)
    assert not list(tmp_path.iterdir())
    one, other = (Recognizer.from_callable(Counted(), name="box", version=version) for version in ("1", "2"))
    assert one.fingerprint() != other.fingerprint()
    assert Recognizer.from_callable(Counted(), name="box").fingerprint() is None


@pytest.mark.parametrize("damage", ["cut", "text", "other", "bits"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, photos: Tensor, damage: str) -> None:
    recognizer = Recognizer.from_module(small_network(), name="a")
    whole = embedder(recognizer, tmp_path)(photos)
    (path,) = tmp_path.iterdir()
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-7])
    elif damage == "text":
        path.write_text("embeddings")
    elif damage == "other":
        np.save(path, np.ones((2, 3), np.float32))
    else:
        np.save(path, 2 * whole.numpy())
    assert torch.equal(embedder(recognizer, tmp_path)(photos), whole)
    np.testing.assert_array_equal(np.load(path), whole.numpy())


def test_rates_are_the_same_with_a_cache(tmp_path: Path, people: People, surrogate: Recognizer) -> None:
    masks = RandomNoise(eps=0.3).fit_many([person.train for person in people.values()])
    plain = protection([surrogate], people, masks)
    for _ in range(2):
        pd.testing.assert_frame_equal(protection([surrogate], people, masks, cache=tmp_path), plain)
    assert len(list(tmp_path.iterdir())) == 1  # the clean photos' alone


def test_a_cache_that_is_a_file_is_named(tmp_path: Path, surrogate: Recognizer) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OpomError, match="file is a file; name another folder"):
        embedder(surrogate, tmp_path / "file")
