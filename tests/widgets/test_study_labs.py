"""The labs of chapters 7 and 11 without a browser."""

import re
from collections.abc import Iterator

import pandas as pd
import pytest
import torch

from opom_edu.experiments import reproduce
from opom_edu.faces import People
from opom_edu.recognizers import Recognizer
from tests.conftest import make_people, small_network, smooth_noise

pytest.importorskip("ipywidgets", reason="widgets need the extra: pip install 'opom_edu[lab]'")
from opom_edu.widgets import PhotoCountLab, TableLab, photo_count_lab, progress, table_lab


def crowd(count: int = 2) -> People:
    return People(list(make_people(count, photos=7).values()), smooth_noise(8, torch.Generator().manual_seed(2)))


@pytest.fixture
def photos(surrogate: Recognizer, black_box: Recognizer) -> Iterator[PhotoCountLab]:
    lab = photo_count_lab(crowd(), surrogate, [black_box], photos=2)
    lab.wait()
    yield lab
    lab.close()


def test_photo_count_lab_shows_mask_rates_and_distances(photos: PhotoCountLab) -> None:
    assert photos.alert.value == ""
    assert photos.photos.max == 4
    assert len(re.findall("opom-score", photos.board.value)) == 2
    assert "white box" in photos.board.value
    assert "black box" in photos.board.value
    assert "Distance to person 0&#x27;s convex hull" in photos.chart.value
    assert all(part in photos.still() for part in ("person 0", "2 training photos", "<img"))


def test_photo_count_lab_learns_another_mask_from_more_photos_and_remembers(photos: PhotoCountLab) -> None:
    first = photos.pattern.widget.value
    photos.photos.value = 4
    photos.wait()
    assert photos.pattern.widget.value != first
    photos.photos.value = 2
    photos.wait()
    assert photos.pattern.widget.value == first
    assert len(photos._masks) == 2


def test_one_photo_is_the_same_point_for_every_hull(photos: PhotoCountLab) -> None:
    masks = []
    for hull in ("center", "affine", "reduced"):
        photos.hull.value, photos.photos.value = hull, 1
        photos.wait()
        masks.append(photos._masks["person 0", hull, 1].delta)
    assert torch.equal(masks[0], masks[1])
    assert torch.equal(masks[0], masks[2])


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    both = [Recognizer.from_module(small_network(seed=i), name=name) for i, name in enumerate(("ir-softmax", "ir-arcface"))]
    methods = ("random", "fi-uap", "center")
    return reproduce({"common": crowd, "celebrity": crowd}, both, both, methods=methods, others=0, steps=1)


def test_table_lab_shows_what_is_chosen(rows: pd.DataFrame) -> None:
    lab: TableLab = table_lab(rows)
    lab.wait()
    assert lab.alert.value == ""
    assert "FI-UAP &lt; OPOM center" in lab.words.value
    assert "Privacy-Celebrities" in lab.beside.value
    lab.surrogate.value, lab.rank.value, lab.regime.value = "ir-arcface", 5, "celebrity"
    lab.wait()
    assert lab.alert.value == ""
    assert "rank 5, celebrity people, learned on ir-arcface" in lab.chart.value
    assert "always learned on ir-softmax, rank 1" in lab.beside.value
    assert "Privacy" in lab.beside.value  # the paper's figures stay, so nothing below jumps
    assert "<li>random noise &lt;" in lab.words.value
    assert lab.chart.value in lab.still()
    lab.close()


def test_progress_is_shown_escaped_and_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    class Place:
        def update(self, data: dict[str, str], *, raw: bool) -> None:
            shown.append(data["text/html"])

    monkeypatch.setattr("opom_edu.widgets.parts.display", lambda *_, **__: Place())
    with progress() as bar:
        bar("<b>", 0.5)
    assert '<progress value="0.500">' in shown[0]
    assert "&lt;b&gt;" in shown[0]
    assert shown[-1] == ""
