"""The feature map without a browser, and the maps under it."""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
import torch

from opom_edu.errors import PeopleError
from opom_edu.faces import People, Person
from opom_edu.recognizers import Recognizer
from tests.conftest import make_people, smooth_noise

pytest.importorskip("ipywidgets", reason="widgets need the extra: pip install 'opom_edu[lab]'")
pytest.importorskip("plotly", reason="widgets need the extra: pip install 'opom_edu[lab]'")
from opom_edu.lessons import maps
from opom_edu.lessons.maps import draw_map
from opom_edu.widgets import FeatureMap, feature_map
from opom_edu.widgets.feature_figure import coloring, outline, trace_of

PERSON = "person 0"


@pytest.fixture
def known(people: People) -> People:
    """People of whose photos something is known, and strangers."""
    names = [name for name in people for _ in range(10)]
    table = pd.DataFrame({"person": names, "part": (["train"] * 4 + ["test"] * 6) * 4, "yaw": np.linspace(-30, 30, 40)})
    table["glasses"] = [True, False] * 20
    return People(list(people.values()), smooth_noise(5, torch.Generator().manual_seed(9)), photos=table)


@pytest.fixture
def quick_umap(monkeypatch: pytest.MonkeyPatch) -> None:
    """UMAP's import and compilation take long; any other coordinates do for the widget."""
    monkeypatch.setattr(maps, "_umap", lambda points, neighbors, dims, seed: points[:, :dims].astype(float) + seed)


@pytest.fixture
def lab(known: People, surrogate: Recognizer, quick_umap: None) -> Iterator[FeatureMap]:
    lab = feature_map(known, surrogate, person=PERSON).wait()
    yield lab  # type: ignore[misc]
    lab.close()


def points(lab: FeatureMap, kind: str, dims: int = 2) -> np.ndarray:
    trace = trace_of(lab.wait().figure, kind, dims)  # type: ignore[attr-defined]
    return np.stack([np.asarray(trace[axis], float) for axis in "xyz"[:dims]], 1)


def test_masked_photos_travel_as_epsilon_grows(lab: FeatureMap) -> None:
    clean, tips = points(lab, "people")[4:10], {}
    for levels in (0.5, 4, 16):
        lab.slider.value = levels
        tips[levels] = points(lab, "tips")[1::2]
        assert len(points(lab, "paths")) == 6 * (round(2 * levels) + 2)  # each way from 0, and a gap
    away = [float(np.linalg.norm(tips[levels] - clean, axis=1).mean()) for levels in tips]
    assert away == sorted(away)
    told = re.findall(r'opom-score">([^<]*)<', lab.told.value)
    lab.slider.value = 0
    assert points(lab, "paths").size == points(lab, "tips").size == 0
    assert float(re.findall(r'opom-score">([^<]*)<', lab.told.value)[0]) > float(told[0])
    assert not lab.alert.value


def test_every_control_counts(lab: FeatureMap) -> None:
    for control, value in (("color", "yaw"), ("dims", 3), ("method", "UMAP"), ("photo", 3), ("person", "person 2")):
        getattr(lab, control).value = value
        lab.wait()
        assert not lab.alert.value
    assert lab._drawn == ("UMAP", 3, "person 2", "yaw")
    assert [trace.name for trace in lab.figure.data if trace.visible] == [trace.name for trace in lab.figure.data[6:]]
    assert "test photo 3" in lab.face.widget.value
    assert len(points(lab, "strangers", 3)) == 5
    assert "15" in lab.told.value
    lab.color.value = "glasses"
    assert "True" in lab.wait().legend.value  # type: ignore[attr-defined]


def test_hovering_shows_the_face(lab: FeatureMap) -> None:
    class Point:
        point_inds = (12,)

    lab._hovered("people", None, Point, None)
    assert "person 1, train photo 3, yaw" in lab.face.widget.value
    Point.point_inds = (2,)
    lab._hovered("strangers", None, Point, None)
    assert "stranger 3" in lab.face.widget.value
    Point.point_inds = (5,)
    lab._hovered("tips", None, Point, None)
    assert "test photo 3" in lab.face.widget.value
    Point.point_inds = (99,)
    lab._hovered("people", None, Point, None)
    assert 'role="alert"' in lab.alert.value


def test_a_still_picture_and_escaped_names(surrogate: Recognizer, quick_umap: None) -> None:
    people = People([Person(f"<script>{p.name}", p.train, p.test) for p in make_people().values()])
    lab = feature_map(people, surrogate, levels=2, dims=3).wait()
    still = lab._repr_mimebundle_()["text/html"]
    assert "data:image/png" in still
    assert "&lt;script" in still
    assert "<script" not in still
    assert list(lab.color.options) == ["identity", "part"]  # type: ignore[attr-defined]


def test_before_anything_is_drawn_the_still_picture_says_so(lab: FeatureMap) -> None:
    lab._drawn = ()
    assert 'role="status"' in lab.still()


def test_strays_are_counted_in_the_whole_space(lab: FeatureMap, known: People, surrogate: Recognizer) -> None:
    row = lab.state.strays(PERSON, 16.0)
    masked = surrogate.embed(lab.state.protected(PERSON, 16.0))
    strays = 0
    for index, embedding in enumerate(masked):
        others = [i for i in range(len(lab.state.embeddings)) if i != 4 + index]
        nearest = others[int((lab.state.embeddings[others] @ embedding).argmax())]
        strays += nearest >= 10
    assert (row.strays, row.photos) == (strays, 6)


@pytest.mark.parametrize("method", ["PCA", pytest.param("UMAP", marks=pytest.mark.slow)])
def test_maps_are_seeded_and_place_what_they_know(method: str) -> None:
    pytest.importorskip("umap", reason="UMAP needs the extra: pip install 'opom_edu[lab]'")
    embeddings = torch.nn.functional.normalize(torch.randn(40, 16, generator=torch.Generator().manual_seed(0)))
    found = draw_map(embeddings, method, dims=3)
    assert found.places.shape == (40, 3)
    assert np.allclose(found.place(embeddings), found.places, atol=1e-4)
    assert np.array_equal(found.places, draw_map(embeddings, method, dims=3).places)
    assert (found.variance is None) == (method == "UMAP")


def test_outlines_and_colors() -> None:
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5]])
    assert len(outline(square)) == 5
    assert len(outline(square[:2])) == 2
    table = pd.DataFrame({"person": [f"p{i}" for i in range(20)]})
    colors, symbols, _ = coloring(table, "identity")
    assert symbols is not None
    assert len(set(zip(colors, symbols, strict=True))) == 20


def test_wrong_arguments_are_named(people: People, surrogate: Recognizer) -> None:
    with pytest.raises(PeopleError, match="three are needed"):
        feature_map(People(list(people.values())[:2]), surrogate)
    with pytest.raises(ValueError, match="PCA, UMAP"):
        draw_map(torch.eye(5), "t-SNE")
    with pytest.raises(ValueError, match="2 or 3"):
        draw_map(torch.eye(5), dims=4)
