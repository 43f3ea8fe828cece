"""Masks without color, and masks on the face alone."""

import pytest
import torch

from opom_edu.faces import People
from opom_edu.faces.photos import ARCFACE
from opom_edu.masks import OPOM, RandomNoise, Restricted
from opom_edu.masks.restrict import face, luminance
from opom_edu.recognizers import Recognizer

DELTA = torch.randn(3, 112, 112, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("restrict", [luminance, face])
def test_restrictions_are_projections_that_enlarge_nothing(restrict) -> None:  # type: ignore[no-untyped-def]
    once = restrict(DELTA)
    assert torch.allclose(restrict(once), once)
    assert once.abs().max() <= DELTA.abs().max()
    assert torch.allclose(restrict(torch.stack([DELTA, -DELTA]))[1], -once)


def test_luminance_has_no_color_and_the_face_holds_the_landmarks() -> None:
    assert torch.allclose(luminance(DELTA)[0], luminance(DELTA)[2])
    inside = face(torch.ones(3, 112, 112))[0]
    assert all(inside[round(y), round(x)] == 1 for x, y in ARCFACE.tolist())
    assert inside[0, 0] == inside[-1, -1] == 0
    assert 0.4 < float(inside.mean()) < 0.7


def test_restricted_answers_to_the_verbs(people: People, surrogate: Recognizer) -> None:
    images = people["person 0"].train
    method = Restricted(OPOM(surrogate, steps=8), "face")
    mask = method.fit(images)
    assert mask.recipe["method"] == method.name == "OPOM convex, face"
    assert torch.equal(mask.delta, face(method.learner.fit(images).delta))
    *_, last = method.iterate(images)
    assert torch.equal(last.delta, mask.delta)
    assert Restricted(RandomNoise(eps=0.1), "luminance").eps == 0.1
    with pytest.raises(ValueError, match="choose one of luminance, face"):
        Restricted(method, "hair")
