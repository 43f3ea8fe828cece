"""A hull of real photos: the page's solver against the library's, boxes and slider, both themes."""

from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("anywidget", reason="widgets need the extra: pip install 'opom_edu[lab]'")
from opom_edu import load_people, load_recognizer
from opom_edu.hulls import ConvexHull
from opom_edu.widgets import HullPhotos, hull_photos
from tests.widgets.pages import FRAME, both_themes, check_narrow, in_browser, load, redrawing, show


def made() -> HullPhotos:
    people = load_people("synthetic", count=2, distractors=4)
    return hull_photos(load_recognizer("ir-softmax"), people["Ada"], people.distractors[:1])


@pytest.fixture
def module(page: Any) -> Any:
    return load(page, HullPhotos)


@pytest.fixture
def shown(page: Any) -> Any:
    return show(page, made(), "gram", "inner", "alike", "photos", "ends", "kept", "place", "weights")


def problems() -> list[tuple[torch.Tensor, torch.Tensor]]:
    draw, found = torch.Generator().manual_seed(0), []
    for number in range(200):
        count, dim = 1 + number % 20, (2, 3, 8, 128)[number % 4]
        features = torch.randn(count, dim, generator=draw, dtype=torch.float64)
        query = torch.randn(dim, generator=draw, dtype=torch.float64)
        if number % 10 == 9:  # inside of the hull
            query = features.mean(0)
        if number % 10 == 8:  # the same photo twice, nearly
            features = torch.cat([features, features[:1] + 1e-9])
        found.append((features, query))
    return found


@in_browser
def test_the_solver_finds_what_the_library_finds(module: Any) -> None:
    for features, query in problems():
        gram, inner = features @ features.T, features @ query
        solved = module.evaluate("([g, b]) => module.convexWeights(g, b)", [gram.tolist(), inner.tolist()])
        weights = torch.tensor(solved, dtype=torch.float64)
        assert float(weights.min()) >= -1e-12
        assert float(weights.sum()) == pytest.approx(1, abs=1e-9)
        found = float((weights @ features - query).norm())
        assert found == pytest.approx(float(ConvexHull(features).distance(query[None])[0]), abs=1e-6)


@in_browser
def test_a_number_and_photos_that_grow(shown: Any) -> None:
    people, surrogate = load_people("synthetic", count=2, distractors=4), load_recognizer("ir-softmax")
    own, query = surrogate.embed(people["Ada"].train), surrogate.embed(people["Ada"].test[:1])
    wanted = float(ConvexHull(own).distance(query)[0])
    assert shown.locator(".opom-card img").count() == 10
    assert f"Distance to the hull of 10 photos: {wanted:.3f}." in shown.locator(".opom-told").inner_text()
    weights = np.array(shown.evaluate("model.get('weights')"))
    sizes = shown.evaluate("[...document.querySelectorAll('.opom-card img')].map(i => i.getBoundingClientRect().width)")
    assert np.argmax(sizes) == np.argmax(weights)
    largest = int(np.argmax(weights))
    shown.locator(".opom-card input").nth(largest).focus()
    shown.keyboard.press("Space")  # out of the hull
    fewer = ConvexHull(own[[k for k in range(10) if k != largest]])
    assert f"of 9 photos: {float(fewer.distance(query)[0]):.3f}." in shown.locator(".opom-told").inner_text()
    assert shown.locator(".opom-out").count() == 1
    for box in range(10):
        if shown.locator(".opom-card input").nth(box).is_checked():
            shown.locator(".opom-card input").nth(box).click()
    assert len(shown.evaluate("model.get('kept')")) == 1  # the last one stays
    shown.evaluate("model.set('kept', [...Array(10).keys()])")
    shown.evaluate("model.set('place', 1)")
    far = float(ConvexHull(own).distance(surrogate.embed(people.distractors[:1]))[0])
    assert f"of 10 photos: {far:.3f}." in shown.locator(".opom-told").inner_text()


@in_browser
def test_dragging_is_quick(shown: Any) -> None:
    assert redrawing(shown, 'model.set("place", i / 59)') < FRAME


@in_browser
@both_themes
def test_it_fits_a_narrow_column_in_both_themes(shown: Any, scheme: str) -> None:
    check_narrow(shown, "hull-photos", scheme)


def test_what_cannot_be_shown_is_refused_and_a_still_picture_is_there() -> None:
    people, surrogate = load_people("synthetic", count=2, distractors=4), load_recognizer("ir-softmax")
    with pytest.raises(ValueError, match="one stranger and a photo from 0 to 9"):
        hull_photos(surrogate, people["Ada"], people.distractors[:2])
    with pytest.raises(ValueError, match="got 1 and 10"):
        hull_photos(surrogate, people["Ada"], people.distractors[:1], photo=10)
    view = made()
    assert "10 photos of a hull" in view._repr_mimebundle_()[0]["text/html"]
    view.close()
