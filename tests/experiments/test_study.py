"""Studies of one parameter, their records and their confidence bands."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from opom_edu.evaluation import protection
from opom_edu.evaluation.groups import interval
from opom_edu.experiments import Bench, Records, bands, study_table, vary
from opom_edu.experiments.bench import _some
from opom_edu.faces import People
from opom_edu.masks import OPOM
from opom_edu.plots import study_curves
from opom_edu.recognizers import Recognizer
from tests.conftest import small_network, smooth_noise


@pytest.fixture
def other() -> Recognizer:
    return Recognizer.from_module(small_network(seed=1), name="other")


@pytest.fixture
def crowd(people: People) -> People:
    return People(list(people.values()), smooth_noise(12, torch.Generator().manual_seed(5)))


def test_rates_are_those_of_the_protocol(crowd: People, surrogate: Recognizer, other: Recognizer) -> None:
    found = Bench(crowd, [surrogate, other]).measure("center", surrogate, steps=2)
    masks = OPOM(surrogate, hull="center", steps=2).fit_many([person.train for person in crowd.values()])
    wanted = protection([surrogate, other], crowd, masks, ranks=(1, 5)).set_index("recognizer")
    means = found.groupby("recognizer")[["psr_1", "psr_5", "unprotected_1", "unprotected_5"]].mean()
    pd.testing.assert_frame_equal(means, wanted.loc[means.index, means.columns], check_names=False)
    assert found.set_index("recognizer")["white_box"].groupby(level=0).all().to_dict() == {"small": True, "other": False}


def test_a_study_has_every_value_method_seed_recognizer_and_person_and_noise_beside(
    crowd: People, surrogate: Recognizer, other: Recognizer
) -> None:
    seen: list[float] = []
    options = {"methods": ("center", "convex"), "seeds": (0, 1), "steps": 2, "warmup": 1}
    rows = vary(crowd, surrogate, [surrogate, other], "photos", (1, 3), on_progress=lambda _, s: seen.append(s), **options)
    assert len(rows) == 2 * 3 * 2 * 2 * 4
    assert seen == sorted(seen)
    assert 0.9 < seen[-1] <= 1
    noise = rows[rows["method"] == "random noise"]
    pd.testing.assert_series_equal(
        noise.loc[noise["photos"] == 1, "psr_1"], noise.loc[noise["photos"] == 3, "psr_1"], check_index=False
    )
    table = study_table(rows, "photos")
    assert table["method"].unique().tolist() == ["unprotected", "random noise", "OPOM center", "OPOM convex"]
    assert (table["low"] <= table["mean"] + 1e-9).all()
    assert (table["mean"] <= table["high"] + 1e-9).all()
    axes = study_curves(table, "photos", title="a study", x_label="training photos").axes[0]
    assert len(axes.get_lines()) == 4
    assert axes.get_xlabel() == "training photos"


def test_with_one_photo_every_hull_is_a_point(crowd: People, surrogate: Recognizer) -> None:
    rows = vary(
        crowd, surrogate, [surrogate], values=(1,), methods=("affine", "center", "convex", "reduced"), seeds=(0,), steps=6
    )
    rates = rows[rows["method"] != "random noise"].pivot(index="person", columns="method", values="psr_1")
    assert rates.eq(rates.iloc[:, 0], axis=0).all(axis=None)


def test_drawn_photos_are_nested_and_depend_on_the_seed() -> None:
    images = smooth_noise(6, torch.Generator().manual_seed(0))
    assert torch.equal(_some(images, 5, 1)[:2], _some(images, 2, 1))
    assert not torch.equal(_some(images, 3, 1), _some(images, 3, 2))


def test_finished_measurements_are_not_made_again_and_changed_ones_are(
    crowd: People, surrogate: Recognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def study(people: People = crowd, **options: object) -> pd.DataFrame:
        given = {"methods": ("center",), "seeds": (0,), "steps": 1} | options
        return vary(people, surrogate, [surrogate], values=(2,), records=Records(tmp_path), **given)  # type: ignore[arg-type]

    first = study()
    assert len(list(tmp_path.glob("*.json"))) == 2
    monkeypatch.setattr(OPOM, "fit_many", lambda *_a, **_k: pytest.fail("it was learned again"))
    pd.testing.assert_frame_equal(first, study())
    for changed in ({"steps": 2}, {"seeds": (1,)}, {"people": People(list(crowd.values())[:3], crowd.distractors)}):
        with pytest.raises(pytest.fail.Exception, match="learned again"):
            study(**changed)


def test_what_cannot_be_told_apart_is_not_kept(
    crowd: People, surrogate: Recognizer, black_box: Recognizer, tmp_path: Path
) -> None:
    Bench(crowd, [black_box], records=Records(tmp_path)).measure("center", surrogate, steps=1)
    assert not list(tmp_path.glob("*.json"))


@pytest.mark.parametrize("count", [4, 20])
def test_interval_covers_the_truth_about_as_often_as_it_says(count: int) -> None:
    generator = np.random.default_rng(0)
    draws = (50 + generator.normal(0, 8, (count, 1)) + generator.normal(0, 5, (count, 6)) for _ in range(1000))
    inside = [low <= 50 <= high for low, high in map(interval, draws)]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.02)
    assert interval(np.full((5, 1), 7.0)) == (7.0, 7.0)
    assert np.isnan(interval(np.ones((1, 3)))).all()


def test_bands_average_recognizers_before_people_are_drawn() -> None:
    rows = [("m", person, 0, box, value) for person, value in (("a", 0.0), ("b", 100.0)) for box in ("x", "y")]
    table = bands(pd.DataFrame(rows, columns=["method", "person", "seed", "recognizer", "psr_1"]), ["method"])
    # two people, one degree of freedom: 12.7 standard errors of 50
    assert table.iloc[0].tolist() == ["m", 50.0, pytest.approx(-585.3, abs=0.1), pytest.approx(685.3, abs=0.1)]


@pytest.mark.parametrize(
    ("parameter", "values", "says"), [("photos", (1, 9), "within 1 and the 4"), ("hue", (1,), "unknown parameter")]
)
def test_bad_parameters_are_named(
    crowd: People, surrogate: Recognizer, parameter: str, values: tuple[int, ...], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        vary(crowd, surrogate, [surrogate], parameter, values)
