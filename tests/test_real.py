"""The figures of benchmarks/RESULTS.md, on a few of the real faces where they are at hand: slow, and local alone."""

from pathlib import Path

import pytest
import torch

from opom_edu import FIUAP, OPOM, People, Recognizer, load_people, load_recognizer, protection
from opom_edu.masks import RandomNoise
from opom_edu.recognizers.zoo import WEIGHTS_VARIABLE


@pytest.fixture(scope="module")
def faces(real: Path) -> People:
    return load_people(f"folder:{real / 'faces'}", train=10, test=10)


@pytest.fixture
def mobilefacenet(real: Path, monkeypatch: pytest.MonkeyPatch) -> Recognizer:
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(real / "models"))
    return load_recognizer("mobilefacenet")


@pytest.mark.slow
def test_masks_protect_real_people_and_noise_does_not(faces: People, mobilefacenet: Recognizer) -> None:
    persons = list(faces.values())
    few = People(persons[:4], distractors=torch.cat([person.test for person in persons[4:]]))
    images = [person.train for person in few.values()]
    methods = {"noise": RandomNoise(), "own": FIUAP(mobilefacenet), "convex": OPOM(mobilefacenet)}
    masks = {name: method.fit_many(images) for name, method in methods.items()}
    table = protection([mobilefacenet], few, masks, ranks=(1,)).set_index("method")
    assert table.loc["noise", "unprotected_1"] < 10
    assert table.loc["noise", "psr_1"] < 12
    assert table.loc["convex", "psr_1"] > table.loc["own", "psr_1"] + 5 > 60


@pytest.mark.slow
def test_everybody_at_once_is_everybody_alone(faces: People, mobilefacenet: Recognizer) -> None:
    images = [person.train for person in list(faces.values())[:3]]
    method = OPOM(mobilefacenet)
    for own, mask in zip(images, method.fit_many(images), strict=True):
        assert ((mask.delta - method.fit(own).delta).abs() <= 1e-6).float().mean() > 0.95
