"""The paper's table: whole, in order, honest about what holds, and resumed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from opom_edu.experiments import Records, heat_figure, orders, paper_table, reproduce, white_boxes
from opom_edu.experiments import paper as module
from opom_edu.experiments.paper import COUNTERPARTS, PUBLISHED, Size, beside_paper, regimes, split, write_tables
from opom_edu.faces import People
from opom_edu.recognizers import Recognizer
from tests.conftest import make_people, small_network, smooth_noise

METHODS = ("random", "fi-uap-all", "fi-uap")


def crowd() -> People:
    return People(list(make_people(4, photos=7).values()), smooth_noise(8, torch.Generator().manual_seed(2)))


@pytest.fixture
def recognizers() -> list[Recognizer]:
    return [
        Recognizer.from_module(small_network(seed=i), name=name)
        for i, name in enumerate(("ir-softmax", "ir-arcface", "third"))
    ]


@pytest.fixture
def rows(recognizers: list[Recognizer]) -> pd.DataFrame:
    sources = {"common": crowd, "celebrity": crowd}
    return reproduce(sources, recognizers[:2], recognizers, methods=METHODS, others=1, seeds=(0, 1), steps=2)


def test_every_cell_of_the_grid_is_there(rows: pd.DataFrame) -> None:
    assert len(rows) == 2 * 2 * 3 * 2 * 3 * 3  # regimes, surrogates, methods, seeds, recognizers, people
    table = paper_table(rows)
    assert table.index.tolist() == [
        (regime, surrogate, method)
        for regime in ("common", "celebrity")
        for surrogate in ("ir-softmax", "ir-arcface")
        for method in ("unprotected", "random noise", "FI-UAP all", "FI-UAP")
    ]
    assert table.columns.tolist() == ["ir-softmax", "ir-arcface", "third", "mean", "low", "high"]


def test_heat_maps_show_every_rate_and_frame_the_white_boxes(rows: pd.DataFrame) -> None:
    table, white = paper_table(rows), white_boxes(rows)
    maps = heat_figure(table, white).axes
    assert [axes.get_title(loc="left") for axes in maps] == ["common", "celebrity"]
    for axes, regime in zip(maps, ("common", "celebrity"), strict=True):
        values = table.loc[regime, white.columns].to_numpy().flatten()
        assert [text.get_text() for text in axes.texts] == [f"{value:.0f}" for value in values]
        assert len(axes.patches) == white.loc[regime].to_numpy().sum() == 8
        assert [label.get_text() for label in axes.get_xticklabels()] == list(white.columns)


def test_the_mean_leaves_out_the_white_box(rows: pd.DataFrame) -> None:
    table, white = paper_table(rows), white_boxes(rows)
    assert white.loc["common", "ir-arcface"]["ir-arcface"].all()
    assert (white.sum(axis=1) == 1).all()
    black = table[white.columns].mask(white).mean(axis=1)
    pd.testing.assert_series_equal(table["mean"], black, check_names=False)


def test_a_killed_run_continues(recognizers: list[Recognizer], tmp_path: Path) -> None:
    asked: list[str] = []

    def run(stop: str = "") -> pd.DataFrame:
        def progress(what: str, _share: float) -> None:
            asked.append(what)
            if stop and what.endswith(stop):
                raise KeyboardInterrupt

        options = {"methods": METHODS, "others": 1, "steps": 2, "records": Records(tmp_path), "on_progress": progress}
        return reproduce({"common": crowd}, recognizers[:1], recognizers, **options)  # type: ignore[arg-type]

    with pytest.raises(KeyboardInterrupt):
        run(stop="learning FI-UAP")
    assert len(list(tmp_path.glob("*.json"))) == 2
    asked.clear()
    whole = run()
    assert not [what for what in asked if "learning FI-UAP all" in what]
    fresh = reproduce({"common": crowd}, recognizers[:1], recognizers, methods=METHODS, others=1, steps=2)
    pd.testing.assert_frame_equal(whole, fresh)


def test_another_preprocessing_is_another_recognizer(recognizers: list[Recognizer], tmp_path: Path) -> None:
    def run(surrogate: Recognizer) -> pd.DataFrame:
        options = {"methods": ("center",), "others": 0, "steps": 6, "records": Records(tmp_path)}
        return reproduce({"common": crowd}, [surrogate], [surrogate], **options)  # type: ignore[arg-type]

    network, name = recognizers[0].module, recognizers[0].name
    run(Recognizer.from_module(network, name=name))
    run(Recognizer.from_module(network, name=name, preprocess=lambda x: x.flip(1)))
    assert len(list(tmp_path.glob("*.json"))) == 2


def test_others_are_not_among_the_protected() -> None:
    people = crowd()
    protected, others = split(people, 1)
    assert list(protected) == list(people)[:3]
    assert others is not None
    assert torch.equal(others, people["person 3"].train)
    assert split(People(list(people.values())[:2], people.distractors), 5)[1] is None


def invented(rates: dict[str, list[float]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"regime": "common", "surrogate": "s", "method": method, "seed": 0, "recognizer": "box", "white_box": False,
             "person": f"person {i}", "psr_1": rate, "unprotected_1": 0.0}
            for method, own in rates.items() for i, rate in enumerate(own)
        ]
    )  # fmt: skip


def test_orders_are_read_from_the_rates() -> None:
    generator = np.random.default_rng(0)
    base = 40 + 20 * generator.random(30)
    noise = generator.normal(0, 5, 30)
    learned = {"FI-UAP all": base, "FI-UAP": base - 10, "OPOM center": base - 10 + noise - noise.mean()}
    rates = {"random noise": [0.0] * 30} | {name: own.tolist() for name, own in learned.items()}
    learned = {"FI-UAP all": base, "FI-UAP": base - 10, "OPOM center": base - 10 + noise - noise.mean()}
    rates = {"random noise": [0.0] * 30} | {name: own.tolist() for name, own in learned.items()}
    found = orders(invented(rates)).set_index(["regime", "higher"])
    verdicts = found.loc["common", "verdict"].to_dict()
    assert verdicts == {"FI-UAP all": "holds", "FI-UAP": "does not hold", "OPOM center": "undecided"}
    assert set(found.index.get_level_values("regime")) == {"common"}


def test_a_person_of_two_regimes_counts_once() -> None:
    """Two regimes that agree tell no more than one: the same people, seen twice."""
    rates = {"FI-UAP": [10.0, 20, 60], "OPOM center": [20.0, 50, 60]}
    twice = pd.concat([invented(rates), invented(rates).assign(regime="celebrity")])
    found = orders(twice).set_index("regime")[["difference", "low", "high"]]
    assert list(found.index) == ["all", "common", "celebrity"]
    assert np.allclose(found, found.loc["common"])


def test_files_tell_white_boxes_orders_and_what_differs_from_the_paper(rows: pd.DataFrame, tmp_path: Path) -> None:
    renamed = rows
    paths = write_tables(renamed, tmp_path / "new", note="Nobody real.")
    assert [path.name for path in paths] == ["rates.csv", "table.md", "heat_1.png", "heat_5.png"]
    csv = pd.read_csv(paths[0])
    assert len(csv) == 2 * 2 * 3 * 3
    text = paths[1].read_text()
    unprotected = "| common | ir-softmax | unprotected | ("
    for part in (
        "Nobody real.",
        "## Rank 5",
        unprotected,
        "FI-UAP all < FI-UAP",
        "| paper, Privacy-Commons | 72.2 |",
        "What differs",
    ):
        assert part in text
    assert all(path.stat().st_size > 10_000 for path in paths[2:])


def test_published_figures_stand_beside_the_recognizer_they_belong_to(rows: pd.DataFrame) -> None:
    beside = beside_paper(paper_table(rows))
    assert beside.columns.tolist() == ["ir-arcface / ArcFace"]
    assert beside["ir-arcface / ArcFace"].loc[["paper, Privacy-Commons", "paper, Privacy-Celebrities"]].tolist() == [
        72.2,
        56.6,
    ]
    assert all(len(figures) == len(COUNTERPARTS) for _, figures in PUBLISHED.values())
    assert beside_paper(paper_table(rows[rows["method"] != "FI-UAP"])).empty


def test_synthetic_people_come_in_two_regimes_and_others_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(module, "load_people", lambda source, **options: asked.append((source, options)))
    size = Size(people=5, others=2, distractors=9, surrogates=(), seeds=1)
    for load in (*regimes("synthetic", size).values(), *regimes("opom:somewhere", size).values()):
        load()
    assert [(source, options.get("regime"), options.get("count")) for source, options in asked] == [
        ("synthetic", "common", 7), ("synthetic", "celebrity", 7), ("opom:somewhere", None, None),
    ]  # fmt: skip
