"""The same people with one cause changed."""

import pytest
import torch

from opom_edu import load_people
from opom_edu.errors import PeopleError
from opom_edu.faces.causes import same_people

NOBODY = torch.rand(4, 3, 112, 112)


def test_nothing_changed_gives_the_same_people() -> None:
    known = load_people("synthetic", count=2, distractors=0)
    same = same_people(NOBODY, count=2, train=3, test=7, jobs=1)
    assert list(same) == list(known)
    for name, person in same.items():
        photos = torch.cat([known[name].train, known[name].test])
        assert torch.equal(torch.cat([person.train, person.test]), photos[:10])


def test_one_cause_changes_what_it_should() -> None:
    light, dark, turned = (
        same_people(NOBODY, count=1, train=1, test=2, jobs=1, **changed)
        for changed in ({"skin": "light"}, {"skin": "dark"}, {"yaw": 30.0})
    )
    plain = same_people(NOBODY, count=1, train=1, test=2, jobs=1)
    (name,) = plain
    assert dark[name].test.mean() < light[name].test.mean() - 0.03
    assert torch.equal(turned[name].train, plain[name].train), "photos to learn from keep their pose"
    assert not torch.equal(turned[name].test, plain[name].test)


def test_unknown_causes_are_named() -> None:
    with pytest.raises(PeopleError, match="unknown skin 'green'; choose one of"):
        same_people(NOBODY, skin="green")
    with pytest.raises(PeopleError, match="a photo has no hat; it has"):
        same_people(NOBODY, hat=True)
