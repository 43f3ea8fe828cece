"""Spread: a condition that moves photos is found, one that does not is not."""

import pandas as pd
import pytest
import torch

from opom_edu.evaluation import explained_spread, people_embeddings
from opom_edu.faces import People
from opom_edu.recognizers import Recognizer


def test_what_moves_photos_is_found() -> None:
    generator = torch.Generator().manual_seed(0)
    yaw = torch.randn(100, generator=generator)
    place = torch.arange(5).repeat_interleave(20)
    noise = 0.1 * torch.randn(100, 8, generator=generator)
    embeddings = torch.eye(8)[place] * 5 + yaw[:, None] * torch.eye(8)[6] + noise
    table = pd.DataFrame({"person": place.numpy(), "yaw": yaw.numpy(), "hat": ["a", "b"] * 50})
    shares = explained_spread(embeddings, table, ["hat", "yaw"])
    assert list(shares["condition"]) == ["yaw", "hat"]
    assert shares["share"][0] > 0.9 > 10 * shares["chance"][0]
    assert abs(shares["share"][1] - shares["chance"][1]) < 0.05
    pd.testing.assert_frame_equal(shares, explained_spread(embeddings, table, ["hat", "yaw"]))
    with pytest.raises(ValueError, match="lacks mood"):
        explained_spread(embeddings, table, ["mood"])


def test_embeddings_stand_beside_what_is_known(people: People, surrogate: Recognizer) -> None:
    known = People(list(people.values()), photos=pd.DataFrame({"person": "?", "part": "?", "yaw": range(40)}))
    embeddings, table = people_embeddings(surrogate, known)
    assert list(table.columns) == ["person", "part", "number", "yaw"]
    assert table.iloc[15].tolist() == ["person 1", "test", 2, 15]
    assert torch.allclose(embeddings[15], surrogate.embed(people["person 1"].test[1:2])[0], atol=1e-2)
    assert "yaw" not in people_embeddings(surrogate, people)[1]
