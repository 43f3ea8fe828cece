"""The threshold lab without a browser."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from opom_edu.errors import PeopleError
from opom_edu.evaluation import Gallery
from opom_edu.faces import People, Person
from opom_edu.recognizers import Recognizer
from tests.conftest import make_people, smooth_noise

pytest.importorskip("ipywidgets", reason="widgets need the extra: pip install 'opom_edu[lab]'")
from opom_edu.lessons.pairs import PairModel
from opom_edu.widgets import ThresholdLab, threshold_lab
from opom_edu.widgets.threshold_lab import FREE, STEP


@pytest.fixture
def crowd(people: People) -> People:
    return People(list(people.values()), smooth_noise(5, torch.Generator().manual_seed(9)))


@pytest.fixture
def lab(crowd: People, surrogate: Recognizer, black_box: Recognizer) -> Iterator[ThresholdLab]:
    lab = threshold_lab(crowd, [surrogate, black_box], fmr=0.1).wait()
    yield lab  # type: ignore[misc]
    lab.close()


def rates(lab: ThresholdLab) -> list[float]:
    """The false-match and the true-accept rate that the lab tells, in percent."""
    return [float(told) for told in re.findall(r'class="opom-score">([^<]*)<', lab.wait().words.value)]  # type: ignore[attr-defined]


def test_pairs_are_all_pairs_once(crowd: People, surrogate: Recognizer) -> None:
    pairs = PairModel.of(surrogate, crowd)
    assert len(pairs.similarity) == 29 * 28 / 2  # four people with six test photos, five strangers
    assert len(pairs.genuine) == 4 * 15
    own = torch.cat([probes.own.flatten() for probes in Gallery.of(surrogate, crowd).probes().values()])
    assert torch.allclose(pairs.genuine.repeat_interleave(2).sort().values, own.sort().values, atol=1e-5)
    assert sum(pairs.histogram(np.linspace(-0.5, 1, 7))[1]) == pytest.approx(1)


def test_counts_and_mistakes(crowd: People, surrogate: Recognizer) -> None:
    pairs = PairModel.of(surrogate, crowd)
    line = float(pairs.similarity.median())
    counts = pairs.counts(line)
    assert counts["matched"] == int((pairs.impostor > line).sum())
    for same in (False, True):
        wrong = pairs.wrong(line, same=same, count=3)
        gaps = [abs(float(pairs.similarity[i]) - line) for i in wrong]
        assert gaps == sorted(gaps)
        assert all(bool(pairs.same[i]) == same == (float(pairs.similarity[i]) <= line) for i in wrong)
    assert pairs.wrong(2.0, same=False, count=3) == []


def test_a_target_moves_the_line_and_a_hand_takes_over(lab: ThresholdLab) -> None:
    pairs = lab.pairs["small"]
    assert pairs.threshold(0.1) <= lab.slider.value <= pairs.threshold(0.1) + STEP
    assert rates(lab)[0] <= 10
    lab.target.value = 0.01
    assert rates(lab)[0] <= 1
    lab.slider.value = round(lab.slider.value, 3)  # a browser's echo
    assert lab.target.value == 0.01
    lab.slider.value = -0.5
    assert rates(lab) == [100, 100]
    assert lab.target.value == FREE
    assert "none" in lab.examples.value
    assert not lab.alert.value


def test_another_recognizer_has_another_line(lab: ThresholdLab) -> None:
    before = lab.slider.value
    lab.recognizer.value = "box"
    assert rates(lab)[0] <= 10
    assert lab.slider.value != before
    assert lab.curve.value.count("<polyline") == 2
    assert 'role="img"' in lab.histogram.value


def test_errors_are_shown(lab: ThresholdLab, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(PairModel, "counts", lambda *_: 1 / 0)
        lab.slider.value = 0
        lab.wait()
        assert "ZeroDivisionError" in lab.alert.value
    lab.target.value = 0.1
    lab.wait()
    assert not lab.alert.value
    assert lab.target.value == 0.1


def test_a_still_picture_and_escaped_names(surrogate: Recognizer) -> None:
    people = [Person(f"<script>{p.name}", p.train, p.test) for p in make_people().values()]
    lab = threshold_lab(People(people), [surrogate], threshold=0).wait()
    still = lab._repr_mimebundle_()["text/html"]
    assert still.count("<svg") == 2
    assert "&lt;script" in still
    assert "<script" not in still
    assert lab.slider.value == pytest.approx(0)  # type: ignore[attr-defined]


def test_wrong_arguments_are_named(people: People, surrogate: Recognizer) -> None:
    with pytest.raises(ValueError, match="counts once"):
        threshold_lab(people, [surrogate, surrogate])
    with pytest.raises(ValueError, match="one recognizer or more"):
        threshold_lab(people, [])
    with pytest.raises(ValueError, match="must be a Recognizer"):
        threshold_lab(people, ["dlib"])  # type: ignore[list-item]
    alone = People([Person("A", smooth_noise(2, torch.Generator()), smooth_noise(2, torch.Generator()))])
    with pytest.raises(PeopleError, match="two people"):
        PairModel.of(surrogate, alone)
