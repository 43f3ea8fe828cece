import pytest
import torch

from opom_edu.errors import PeopleError
from opom_edu.evaluation import Gallery, calibrate, roc, threshold_at, verification
from opom_edu.faces import People
from opom_edu.masks import RandomNoise
from opom_edu.recognizers import Recognizer
from tests.conftest import make_people


def test_a_threshold_keeps_its_false_match_rate() -> None:
    impostor = torch.randn(5000, generator=torch.Generator().manual_seed(0))
    for fmr in (0.5, 1e-2, 1e-3):
        threshold = threshold_at(impostor, fmr)
        assert float((impostor > threshold).double().mean()) <= fmr
        lower = float(impostor[impostor < threshold].max())
        assert float((impostor > lower).double().mean()) > fmr  # none lower would do


def test_thresholds_come_from_other_people(black_box: Recognizer) -> None:
    people = make_people(4, photos=8)
    gallery = Gallery.of(black_box, people)
    thresholds = calibrate(gallery, [0.1])[0.1]
    names = [name for name in people if name != "person 0"]
    products = [
        (gallery.own[a] @ gallery.own[b].T).flatten() for i, a in enumerate(names) for b in names[i + 1 :]
    ]  # fmt: skip
    assert thresholds["person 0"] == pytest.approx(threshold_at(torch.cat(products), 0.1))


def test_accept_rates_fall_with_the_mask_and_stand_beside_the_unprotected(black_box: Recognizer) -> None:
    people = make_people(5, photos=12)
    masks = [RandomNoise(eps=0.6).fit(person.train) for person in people.values()]
    table = verification(black_box, people, masks, fmrs=(0.1, 0.01))
    assert list(table["fmr"]) == [0.1, 0.01]
    assert (table["tar"] <= table["tar_unprotected"]).all()
    assert table["tar_unprotected"].iloc[0] >= table["tar_unprotected"].iloc[1]
    assert table["threshold"].iloc[0] <= table["threshold"].iloc[1]


def test_the_roc_is_that_of_counting() -> None:
    generator = torch.Generator().manual_seed(0)
    genuine, impostor = 1 + torch.randn(300, generator=generator), torch.randn(2, 200, generator=generator)
    curve = roc(genuine, impostor)
    assert curve["fmr"].is_monotonic_increasing
    assert curve["tar"].is_monotonic_increasing
    assert curve[["fmr", "tar"]].iloc[-1].tolist() == [1, 1]
    for row in curve.iloc[1::20].itertuples():
        assert row.tar == pytest.approx(float((genuine.double() >= row.threshold).double().mean()))
        assert row.fmr == pytest.approx(float((impostor.double() >= row.threshold).double().mean()))


def test_bad_input_is_named(black_box: Recognizer, people: People) -> None:
    masks = [RandomNoise().fit(person.train) for person in people.values()]
    two = People(list(people.values())[:2])
    with pytest.raises(PeopleError, match="three are needed, got 2"):
        verification(black_box, two, masks[:2])
    with pytest.raises(ValueError, match="needs 1000 impostor pairs or more, got 108"):
        verification(black_box, people, masks, fmrs=(1e-3,))
    with pytest.raises(ValueError, match="between 0 and 1"):
        threshold_at(torch.rand(10), 0)
    with pytest.raises(ValueError, match="one impostor pair"):
        roc(torch.rand(3), torch.rand(0))
