"""Tables of what is left of a mask: the protocol where nothing was done, and sentences that follow the numbers."""

import pandas as pd
import pytest
import torch

from opom_edu import OPOM, protection
from opom_edu.evaluation import CHANGES, Change, readings, robustness, severest, verdict
from opom_edu.evaluation.robustness import with_baselines
from opom_edu.faces import People
from opom_edu.masks import Mask, RandomNoise
from opom_edu.recognizers import Recognizer

FEW = {name: CHANGES[name] for name in ("blur", "rounding")}


@pytest.fixture
def masks(people: People, surrogate: Recognizer) -> dict[str, list[Mask]]:
    return {"OPOM": OPOM(surrogate, steps=8, eps=0.1, step_size=0.02).fit_many([p.train for p in people.values()])}


def test_where_nothing_is_done_the_rates_are_those_of_the_protocol(
    people: People, surrogate: Recognizer, black_box: Recognizer, masks: dict[str, list[Mask]]
) -> None:
    table = robustness([surrogate, black_box], people, masks, FEW)
    assert len(table) == 2 * sum(len(change.severities) for change in FEW.values())
    noise = [RandomNoise(eps=0.1, seed=i).fit(person.train) for i, person in enumerate(people.values())]
    expected = protection([surrogate, black_box], people, {**masks, "random noise": noise}, ranks=(1,))
    for name, mild in (("blur", 0), ("rounding", 8)):
        found = table[(table["transformation"] == name) & (table["severity"] == mild)].set_index("recognizer")
        for _, row in expected.iterrows():
            own = found.loc[row["recognizer"]]
            ending = ("1", "") if row["method"] == "OPOM" else (None, "_noise")
            assert own["noise_1" if ending[0] is None else "psr_1"] == pytest.approx(row["psr_1"])
            assert own[f"similarity{ending[1]}"] == pytest.approx(row["similarity"], abs=1e-6)
            assert own["unprotected_1"] == pytest.approx(row["unprotected_1"])


def test_unprotected_photos_are_changed_too(people: People, surrogate: Recognizer, masks: dict[str, list[Mask]]) -> None:
    black = Change(lambda images, severity: images * (1 - severity), (0, 1), "blackness")
    table = robustness([surrogate], people, masks, {"black": black}).set_index("severity")
    similar = table[["similarity", "similarity_unprotected", "similarity_noise"]]
    assert similar.loc[0].nunique() == 3
    assert similar.loc[1].nunique() == 1


def test_baselines_are_no_mask_and_noise_of_the_same_size(people: People, masks: dict[str, list[Mask]]) -> None:
    worn = with_baselines(people, masks)
    assert list(worn) == ["unprotected", "random noise", "OPOM"]
    assert not any(mask.delta.any() for mask in worn["unprotected"].values())
    noise = [mask.delta for mask in worn["random noise"].values()]
    assert all(torch.allclose(delta.abs(), torch.tensor(0.1)) for delta in noise)
    assert not torch.equal(noise[0], noise[1])
    with pytest.raises(ValueError, match="no masks were given"):
        with_baselines(people, {})
    with pytest.raises(ValueError, match="no mask for person 1"):
        with_baselines(people, {"OPOM": {"person 0": masks["OPOM"][0]}})


def test_the_verdict_follows_the_numbers() -> None:
    rows = [("a", 1.0, "OPOM", 60, 2, 10), ("a", 2.0, "OPOM", 40, 30, 20), ("b", 9.0, "OPOM", 80, 5, 5)]
    columns = ["transformation", "severity", "method", "psr_1", "unprotected_1", "noise_1"]
    table = pd.DataFrame(rows, columns=columns)
    told = verdict(table[table["transformation"] == "a"], "severity")
    assert told == ("OPOM is worth 50 (1), 10 (2) points of PSR; least at 2: PSR 40 %, unprotected 30 %, random noise 20 %.")
    assert "10 (a), 75 (b)" in verdict(severest(table), "transformation")
    assert "random noise is worth" not in verdict(table.assign(method="random noise"), "severity")


def test_readings_name_values_and_baselines() -> None:
    columns = ["photos", "method", "cosine", "cosine_unprotected", "cosine_noise"]
    table = pd.DataFrame([(1, "OPOM", 0.5, 0.0, 0.7), (10, "OPOM", 0.8, -0.1, 0.9)], columns=columns)
    told = readings(table, "photos", "cosine")
    assert told == "OPOM: cosine 0.50 (1), 0.80 (10); at the last, unprotected -0.10, random noise 0.90."
