"""Comparisons of groups, on rates whose differences are known."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import ttest_ind, ttest_rel

from opom_edu.evaluation import compare_groups, compare_versions, corrected, failed_searches, protection
from opom_edu.faces import People
from opom_edu.masks import OPOM
from opom_edu.recognizers import Recognizer
from tests.conftest import make_people


@pytest.fixture
def known() -> People:
    """Six people with four test photos each, of which every other one is turned."""
    plain = make_people(6, photos=8)
    rows = [
        {"part": "test", "sex": "female" if i % 2 else "male", "skin": "light", "age": 25.0 + 10 * i,
            "yaw": 30.0 * (j % 2), "glasses": False}
        for i in range(6) for j in range(4)
    ]  # fmt: skip
    return People(list(plain.values()), plain.distractors, photos=pd.DataFrame(rows))


def rates(seed: int) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)
    return {name: draw.uniform(0, top, (6, 4)) for name, top in (("unprotected", 5), ("random noise", 5), ("OPOM", 100))}


def test_groups_are_compared_with_the_rest(known: People) -> None:
    found = rates(0)
    table = compare_groups(known, found, "OPOM").set_index(["what", "group"])
    own = found["OPOM"].mean(1)
    row = table.loc[("sex", "female")]
    assert row["people"] == 3
    assert row["psr"] == pytest.approx(own[1::2].mean())
    assert row["unprotected"] == pytest.approx(found["unprotected"][1::2].mean())
    assert row["difference"] == pytest.approx(own[1::2].mean() - own[::2].mean())
    assert row["p"] == pytest.approx(ttest_ind(own[1::2], own[::2], equal_var=False).pvalue)
    turned = table.loc["photos"].iloc[0]
    assert turned["p"] == pytest.approx(ttest_rel(found["OPOM"][:, 1::2].mean(1), found["OPOM"][:, ::2].mean(1)).pvalue)
    assert ("photos", "with glasses") not in table.index, "nobody wears any"


def test_versions_of_the_same_people_are_paired() -> None:
    found = {name: rates(seed) for seed, name in enumerate(("light", "dark"))}
    table = compare_versions(found, "OPOM", "skin").set_index("group")
    one, other = (found[name]["OPOM"].mean(1) for name in ("light", "dark"))
    assert table.loc["dark", "difference"] == pytest.approx((other - one).mean())
    assert table.loc["dark", "p"] == pytest.approx(ttest_rel(other, one).pvalue)


def test_among_many_tests_without_effect_one_in_twenty_families_has_a_find() -> None:
    draw = np.random.default_rng(0)
    families = [pd.DataFrame({"p": draw.uniform(size=20)}) for _ in range(400)]
    assert np.mean([(family["p"] < 0.05).any() for family in families]) > 0.5
    assert np.mean([(corrected(family)["corrected"] < 0.05).any() for family in families]) < 0.09
    assert corrected(pd.DataFrame({"p": [0.01, float("nan")]}))["corrected"].tolist() == [0.02, 1.0]


def test_failed_searches_are_the_protocols(people: People, surrogate: Recognizer, black_box: Recognizer) -> None:
    masks = OPOM(surrogate, steps=4, eps=0.1, step_size=0.03).fit_many([person.train for person in people.values()])
    found = failed_searches([surrogate, black_box], people, {"OPOM": masks})["OPOM"]
    assert found.shape == (len(people), len(people["person 0"].test))
    table = protection([surrogate, black_box], people, {"OPOM": masks}, ranks=(1,))
    assert found.mean() == pytest.approx(table.set_index("method").loc["OPOM", "psr_1"].mean())
    with pytest.raises(ValueError, match="must be synthetic"):
        compare_groups(people, {"OPOM": torch.zeros(4, 6).numpy()}, "OPOM")
