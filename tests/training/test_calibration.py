"""Thresholds in a card: of the right pairs, for these weights alone, and for rendered people alone."""

import json
from pathlib import Path

import pytest
import torch

from opom_edu.errors import WeightsError
from opom_edu.evaluation import Gallery, calibrate, thresholds_for
from opom_edu.faces import People, load_people
from opom_edu.recognizers import Recognizer, load_recognizer
from opom_edu.recognizers.thresholds import SHIPPED_FMRS, checksum, thresholds_in
from opom_edu.recognizers.zoo import PACKAGED
from opom_edu.training.calibration import add_thresholds, measure_thresholds


def test_the_stated_share_of_pairs_lies_above_each_threshold(surrogate: Recognizer) -> None:
    block = measure_thresholds(surrogate, "w", people=64, on_progress=lambda share: None)
    assert block["pairs"] == 64 * 63 // 2
    assert list(block["lines"]) == ["0.01"]  # of 2,016 pairs two are too few for 1e-3
    people = load_people("synthetic", count=2, distractors=0)  # other people than the strangers
    assert block["seeds"][0] + 64 == block["seeds"][1]
    assert len(people) == 2


@pytest.mark.parametrize("change", [{"pairs": 1}, {"weights": "other"}, {"lines": {"0.01": -1.0}}])
def test_changed_thresholds_are_refused(change: dict[str, object], tmp_path: Path, surrogate: Recognizer) -> None:
    card = tmp_path / "mine.json"
    card.write_text(json.dumps({"name": "mine", "sha256": "w"}))
    add_thresholds(card, surrogate, people=48, on_progress=lambda share: None)
    told = json.loads(card.read_text())
    assert list(thresholds_in(told)) == [0.01]
    told["thresholds"] |= change
    with pytest.raises(WeightsError, match="in the card of mine are not those that were measured"):
        thresholds_in(told)
    told["thresholds"] |= {"checksum": checksum(told["thresholds"])}
    if "weights" in change:  # of another network
        with pytest.raises(WeightsError, match="mine"):
            thresholds_in(told)


@pytest.mark.parametrize("card", sorted(PACKAGED.glob("*.json")), ids=lambda path: path.stem)
def test_every_recognizer_ships_with_thresholds_of_enough_pairs(card: Path) -> None:
    told = json.loads(card.read_text())
    lines = thresholds_in(told)
    assert list(lines) == list(SHIPPED_FMRS)
    assert lines[1e-2] < lines[1e-3] < lines[1e-4] < 1
    assert told["thresholds"]["pairs"] >= 100_000


def test_rendered_people_get_the_shipped_threshold_and_others_their_own() -> None:
    recognizer = load_recognizer("ir-softmax")
    rendered = load_people("synthetic", count=4, distractors=0)
    line = thresholds_for(Gallery.of(recognizer, rendered), (0.01,))[0.01]
    assert set(line.values()) == {recognizer.thresholds[0.01]}
    others = People(list(rendered.values()), torch.empty(0, 3, 112, 112))
    gallery = Gallery.of(recognizer, others)
    assert thresholds_for(gallery, (0.01,)) == calibrate(gallery, (0.01,))
