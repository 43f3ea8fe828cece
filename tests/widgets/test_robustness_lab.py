"""The robustness lab without a browser."""

from collections.abc import Iterator

import pytest
import torch

from opom_edu.evaluation import PURIFIERS, Gallery
from opom_edu.evaluation.changes import blur
from opom_edu.faces import People, Person, quantize
from opom_edu.recognizers import Recognizer
from tests.conftest import make_people

pytest.importorskip("ipywidgets", reason="widgets need the extra: pip install 'opom_edu[lab]'")
from opom_edu.widgets import RobustnessLab, robustness_lab


@pytest.fixture
def lab(surrogate: Recognizer, black_box: Recognizer) -> Iterator[RobustnessLab]:
    lab = robustness_lab(make_people(photos=14), surrogate, [surrogate, black_box])
    lab.wait()
    yield lab
    lab.close()


def finish(lab: RobustnessLab) -> RobustnessLab:
    assert lab._worker.join(60)
    assert not lab.alert.value
    return lab


def test_scores_are_similarities_of_changed_photos(lab: RobustnessLab, black_box: Recognizer) -> None:
    lab.change.value = "blur"
    lab.severity.value = 2
    board = finish(lab).board.value
    person = lab.people["person 0"]
    own = Gallery.of(black_box, lab.people).own["person 0"]
    for photos in (person.test, quantize(lab._masks["person 0"].apply(person.test))):
        similar = black_box.embed(blur(photos, 2)) @ own.T
        mean = similar[~torch.eye(len(own), dtype=torch.bool)].mean()
        assert f"similarity {mean:.2f}, threshold" in board.split('"row">box')[1]
    assert board.count("opom-bar") == 6


def test_every_control_counts(lab: RobustnessLab) -> None:
    before = lab.pictures["mask"].widget.value
    lab.person.value = "person 2"
    assert finish(lab).pictures["mask"].widget.value != before
    for name in PURIFIERS:
        lab.change.value = name
        finish(lab)
        assert lab.severity.value == PURIFIERS[name].severities[0]
        assert PURIFIERS[name].unit in lab.still()


def test_names_are_escaped_and_wrong_arguments_named(surrogate: Recognizer, black_box: Recognizer) -> None:
    people = make_people(photos=14)
    renamed = People([Person(f"<script>{i}", p.train, p.test) for i, p in enumerate(people.values())])
    lab = robustness_lab(renamed, surrogate, [Recognizer.from_callable(black_box.embed, name="<img>")])
    html = lab.wait()._repr_mimebundle_()["text/html"]
    lab.close()
    assert "&lt;img&gt;" in html
    assert "<script>" not in html
    with pytest.raises(ValueError, match="unknown change 'magic'; choose one of rounding"):
        robustness_lab(people, surrogate, [black_box], change="magic")
    with pytest.raises(ValueError, match="unknown person 'Bob'"):
        robustness_lab(people, surrogate, [black_box], person="Bob")
    with pytest.raises(ValueError, match="without gradients"):
        robustness_lab(people, black_box, [surrogate])
