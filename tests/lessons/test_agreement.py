"""How far recognizers agree."""

import pytest
import torch

from opom_edu import OPOM
from opom_edu.faces import People
from opom_edu.lessons.agreement import center_gradient, gradient_agreement, opinion_agreement
from opom_edu.recognizers import Recognizer
from tests.conftest import small_network


@pytest.fixture
def trio(surrogate: Recognizer) -> list[Recognizer]:
    twin = Recognizer.from_module(small_network(), name="twin", preprocess=lambda x: 2 * x - 1)
    return [surrogate, twin, Recognizer.from_module(small_network(seed=5), name="stranger")]


def test_the_gradient_is_the_one_of_the_first_step(people: People, surrogate: Recognizer) -> None:
    images = people["person 0"].train * 0.5 + 0.25  # nowhere black or white
    gradient = center_gradient(surrogate, images, eps=0.0)
    step = next(OPOM(surrogate, hull="center", steps=8).iterate(images, start=torch.zeros(3, 112, 112)))
    assert gradient.shape == (3, 112, 112)
    assert float((gradient.sign() == step.delta.sign()).float().mean()) > 0.99


def test_a_twin_agrees_and_a_stranger_does_not(people: People, trio: list[Recognizer]) -> None:
    photos = [person.train for person in people.values()]
    for table in (gradient_agreement(trio, photos), opinion_agreement(trio, torch.cat(photos))):
        assert list(table.columns) == list(table.index) == ["small", "twin", "stranger"]
        assert table.loc["small", "twin"] == pytest.approx(1, abs=1e-4)
        assert table.loc["small", "stranger"] < 0.97
        assert table.loc["stranger", "small"] == pytest.approx(table.loc["small", "stranger"], abs=1e-5)
    assert opinion_agreement(trio[:1], photos[0]).shape == (1, 1)


def test_wrong_arguments_are_named(people: People, surrogate: Recognizer, black_box: Recognizer) -> None:
    images = people["person 0"].train
    with pytest.raises(ValueError, match="without gradients"):
        center_gradient(black_box, images)
    with pytest.raises(ValueError, match="its own center"):
        center_gradient(surrogate, images[:1])
    with pytest.raises(ValueError, match="at least one person"):
        gradient_agreement([surrogate], [])
    with pytest.raises(ValueError, match="three photos"):
        opinion_agreement([surrogate], images[:2])
