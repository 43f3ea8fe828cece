"""A small surrogate, a few people made of smooth noise, and the real faces where they are at hand."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.browser import ARGUMENTS, CHROMIUM
from opom_edu.faces import People, Person
from opom_edu.recognizers import Recognizer

REAL = Path(os.environ.get("OPOM_EDU_REAL", Path(__file__).parents[2] / "shared" / "real"))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """The system's Chromium for pytest-playwright."""
    return {"executable_path": CHROMIUM, "args": list(ARGUMENTS)}


def smooth_noise(count: int, generator: torch.Generator) -> Tensor:
    """Images of soft blobs, (count, 3, 112, 112) in [0, 1]."""
    coarse = torch.rand(count, 3, 7, 7, generator=generator)
    return functional.interpolate(coarse, (112, 112), mode="bilinear").clamp(0, 1)


def make_person(name: str, seed: int, photos: int = 10, train: int = 4) -> Person:
    """Photos that are one pattern of blobs, each with a little of another."""
    generator = torch.Generator().manual_seed(seed)
    face = smooth_noise(1, generator)
    images = 0.8 * face + 0.2 * smooth_noise(photos, generator)
    return Person(name, images[:train], images[train:])


def make_people(count: int = 4, photos: int = 10, train: int = 4) -> People:
    return People([make_person(f"person {i}", i, photos, train) for i in range(count)])


def small_network(seed: int = 0, dim: int = 32) -> nn.Module:
    """Random weights suffice: the tests are about the loop around them."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(3, 8, 7, 4), nn.BatchNorm2d(8), nn.PReLU(8), nn.Conv2d(8, 16, 5, 4), nn.PReLU(16), nn.Flatten(),
            nn.Linear(16 * 6 * 6, dim),
        )  # fmt: skip


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def surrogate() -> Recognizer:
    return Recognizer.from_module(small_network(), name="small", preprocess=lambda x: 2 * x - 1)


@pytest.fixture
def black_box() -> Recognizer:
    other = Recognizer.from_module(small_network(seed=1), name="other")
    return Recognizer.from_callable(lambda images: other.embed(images).numpy(), name="box")


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real faces and weights for local evaluation, which is not distributed."""
    if not ((REAL / "faces").is_dir() and (REAL / "models").is_dir()):
        pytest.skip(f"real faces are for local evaluation and not in {REAL}; OPOM_EDU_REAL names their folder")
    return REAL
