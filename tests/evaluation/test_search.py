"""The search engine against a search photo by photo."""

from importlib import import_module

import numpy as np
import pytest
import torch
from torch.nn import functional

from opom_edu.errors import PeopleError
from opom_edu.evaluation import search, search_rows, searches
from opom_edu.evaluation.verification import threshold_at
from opom_edu.faces import People
from opom_edu.masks import OPOM
from opom_edu.recognizers import Recognizer


def points(seed: int, *shape: int) -> torch.Tensor:
    return functional.normalize(torch.randn(*shape, 8, generator=torch.Generator().manual_seed(seed)), dim=-1)


@pytest.mark.parametrize("block", [3, 2048])
def test_a_search_finds_whom_a_loop_finds(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("opom_edu.evaluation.search"), "BLOCK", block)
    probes, enrolled, strangers, outsiders = points(0, 4, 5), points(1, 4, 3), points(2, 10, 3), points(3, 50)
    found = search(probes, enrolled, strangers, outsiders, top=6)
    gallery = [*enrolled, *strangers]  # a person each
    near = [max(float(photo @ other) for person in gallery for photo in person) for other in outsiders]
    assert found.outsiders.tolist() == pytest.approx(near, abs=1e-6)
    threshold = threshold_at(torch.tensor(near), 0.1)
    for person, photos in enumerate(probes):
        missed, lost = [], []
        for probe in photos:
            order = sorted(range(len(gallery)), key=lambda i: -float((gallery[i] @ probe).max()))
            missed.append(person not in order[:3])
            lost.append(missed[-1] or float((enrolled[person] @ probe).max()) <= threshold)
        assert found.missed(3)[person] == pytest.approx(100 * np.mean(missed))
        assert found.fnir(0.1, rank=3)[person] == pytest.approx(100 * np.mean(lost))


def test_ranks_and_rates_that_cannot_be_told_are_refused() -> None:
    found = search(points(0, 2, 3), points(1, 2, 3), points(2, 4, 3), points(3, 20), top=3)
    with pytest.raises(ValueError, match=r"rank must be within 1 and the 3"):
        found.missed(4)
    with pytest.raises(ValueError, match=r"0\.01"):
        found.fnir(0.01)


def test_masks_on_neither_side_find_what_unmasked_photos_find(people: People, surrogate: Recognizer) -> None:
    masks = OPOM(surrogate, steps=8, eps=0.1, step_size=0.02).fit_many([person.train for person in people.values()])
    strangers, outsiders = surrogate.embed(torch.rand(6, 3, 112, 112)), surrogate.embed(torch.rand(20, 3, 112, 112))
    found = {
        (name, side): search_rows(one, list(people), ranks=(1,), fpirs=(0.1,))
        for name, side, one in searches(surrogate, people, {"OPOM": masks}, strangers[:, None], outsiders, enrolled=3)
    }
    assert len(found) == 9
    bare = [found["unprotected", side] for side in ("the probe", "the gallery", "both")]
    assert bare[0] == bare[1] == bare[2], "without masks it does not matter who wears them"
    mean = {key: np.mean([row["fnir_0.1"] for row in rows]) for key, rows in found.items()}
    assert mean["OPOM", "the probe"] > mean["unprotected", "the probe"]
    with pytest.raises(PeopleError, match="enrolled=6"):
        next(searches(surrogate, people, {}, strangers[:, None], outsiders, enrolled=6))
