"""The exercises' checks: right, wrong with a hint, blank, and nonsense."""

import pytest
import torch

from opom_edu import OPOM, Recognizer
from opom_edu.exercises import check
from opom_edu.faces import People
from opom_edu.masks import RandomNoise


def test_largest_change() -> None:
    before = torch.full((1, 3, 112, 112), 0.5)
    given = {"before": before, "after": before - 8 / 255}
    assert check("0.1", 8, **given).right
    assert "0 to 255" in check("0.1", 8 / 255, **given).text
    assert "downward" in check("0.1", 0.0, **given).text
    assert "three dots" in repr(check("0.1", ..., **given))
    assert "cannot read" in check("0.1", "<b>", **given)._repr_html_()


def test_random_noise(people: People, surrogate: Recognizer) -> None:
    images = people["person 0"].train
    mask = OPOM(surrogate, steps=6).fit(images)
    assert check("0.2", RandomNoise(eps=mask.eps).fit(images), mask=mask).right
    for wrong in (mask, RandomNoise(eps=1 / 255).fit(images), mask.delta):
        assert not check("0.2", wrong, mask=mask).right


def test_first_level_without_a_match(people: People, surrogate: Recognizer) -> None:
    person = people["person 0"]
    photo, enrolled = person.test[:1], person.test[1:2]
    mask = OPOM(surrogate, eps=16 / 255, steps=24).fit(person.train)
    given = {"recognizer": surrogate, "mask": mask, "photo": photo, "enrolled": enrolled}
    clean, masked = (float((surrogate.embed(p) @ surrogate.embed(enrolled).T).item()) for p in (photo, mask.apply(photo)))
    verdicts = [check("0.3", level, threshold=(clean + masked) / 2, **given) for level in range(17)]
    assert sum(verdict.right for verdict in verdicts) == 1
    assert not check("0.3", 2.5, threshold=0.5, **given).right
    assert len({verdict.text for verdict in verdicts}) >= 3


def test_unknown_exercises_list_the_choices() -> None:
    with pytest.raises(ValueError, match=r"0\.1"):
        check("9.9", 1)
