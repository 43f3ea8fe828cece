"""A surrogate that looks coarsely, and folders of photos as people have them."""

from pathlib import Path

import pytest
import torch
from torch import nn

from opom_edu.recognizers import Recognizer
from tests.protect.albums import blobs, picture


@pytest.fixture
def surrogate() -> Recognizer:
    """What differs between people are the blobs, so looking coarsely is enough to tell them apart."""
    torch.manual_seed(0)
    return Recognizer.from_module(
        nn.Sequential(nn.AvgPool2d(8), nn.Flatten(), nn.Linear(3 * 14 * 14, 64, bias=False)), name="coarse",
        preprocess=lambda x: x - x.mean((2, 3), keepdim=True),
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six photos each of Ann and Bob, and one of both with the order that the file's name says."""
    for seed, name in enumerate(("ann", "bob")):
        (tmp_path / "in" / name).mkdir(parents=True)
        for i, face in enumerate(blobs(seed, 7)):
            picture(face).save(tmp_path / "in" / name / f"{i}.png")
    picture(blobs(1)[0], blobs(0)[0]).save(tmp_path / "in" / "ann" / "bob, ann.png")
    return tmp_path / "in"
