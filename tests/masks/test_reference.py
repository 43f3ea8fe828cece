"""The method on one page gives what the library gives, to the bit."""

import inspect

import pytest
import torch

from opom_edu.faces import People
from opom_edu.hulls import HULLS
from opom_edu.masks import OPOM, reference
from opom_edu.recognizers import Recognizer, load_recognizer


@pytest.mark.parametrize("name", ["center", "affine", "convex"])
@pytest.mark.parametrize("seed", [0, 3])
def test_the_page_equals_the_library_to_the_bit(name: str, seed: int, people: People, surrogate: Recognizer) -> None:
    warmup = 0 if name == "affine" else 5
    for recognizer in (surrogate.frozen(), load_recognizer("ir-softmax")):
        photos = people["person 1"].train
        delta = reference.opom(recognizer.embed, photos, hull=HULLS[name], warmup=warmup, seed=seed)
        assert torch.equal(delta, OPOM(recognizer, hull=name, seed=seed).fit(photos).delta)


def test_the_page_is_a_page() -> None:
    body = inspect.getsource(reference.opom).split('"""')[2]
    assert len([line for line in body.splitlines() if line.strip()]) <= 20
