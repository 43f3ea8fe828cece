"""The turnable sphere: its numbers against the embeddings, hands and keys on it, both themes."""

from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("anywidget", reason="widgets need the extra: pip install 'opom_edu[lab]'")
from opom_edu import OPOM, load_people, load_recognizer
from opom_edu.faces import quantize
from opom_edu.lessons.sphere import Sphere, sphere_of
from opom_edu.widgets import SphereView
from tests.widgets.pages import FRAME, both_themes, check_narrow, in_browser, redrawing, show

PLACES = (
    "[...document.querySelectorAll('.opom-ball .opom-own')].map(dot => [+dot.getAttribute('cx'), +dot.getAttribute('cy')])"
)


@pytest.fixture(scope="module")
def seen() -> Sphere:
    people = load_people("synthetic", count=2, distractors=40)
    return sphere_of(OPOM(load_recognizer("ir-softmax"), steps=8), people["Ada"], people.distractors)


@pytest.fixture
def shown(page: Any, seen: Sphere) -> Any:
    return show(page, SphereView(seen), "own", "hull", "strangers", "path", "line", "step")


def test_places_are_those_of_the_embeddings(seen: Sphere) -> None:
    people, surrogate = load_people("synthetic", count=2, distractors=40), load_recognizer("ir-softmax")
    ada = people["Ada"]
    own = surrogate.embed(quantize(ada.test)).double()
    center = torch.nn.functional.normalize(own.mean(0), dim=0)
    assert torch.allclose(seen.own[:, 0], own @ center, atol=1e-6)
    assert torch.allclose(seen.path[0, :, 0], own @ center, atol=1e-6)  # before the first step there is no mask
    masked = surrogate.embed(quantize(OPOM(surrogate, steps=8).fit(ada.train).apply(ada.test))).double()
    assert torch.allclose(seen.path[-1, :, 0], masked @ center, atol=1e-5)
    assert float(seen.path[-1, :, 1].mean()) > float(seen.path[0, :, 1].mean())
    for places in (seen.own, seen.strangers, seen.path):
        assert float(places.norm(dim=-1).max()) <= 1 + 1e-6
    assert torch.allclose(seen.hull[:, 0], surrogate.embed(quantize(ada.train)).double() @ center, atol=1e-6)
    assert seen.line == surrogate.thresholds[1e-3]


@in_browser
def test_points_a_number_and_a_turn(shown: Any, seen: Sphere) -> None:
    assert shown.locator(".opom-ball .opom-place").count() == 40 + 10 + 10
    assert shown.locator(".opom-trail").count() == 10
    corners = shown.locator(".opom-shadow").get_attribute("points").split()
    assert 3 <= len(corners) <= 10
    square = shown.evaluate("module.outline([[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5], [0, 0]])")
    assert square == [[0, 0], [1, 0], [1, 1], [0, 1]]
    mean = float(seen.path[-1, :, 0].mean())
    assert f"Mean similarity to the center: {mean:.2f};" in shown.locator(".opom-told").inner_text()
    inside = int((seen.path[0, :, 0] > seen.line).sum())
    shown.evaluate("model.set('step', 0)")
    assert f"{inside} of 10 photos are inside" in shown.locator(".opom-told").inner_text()
    before = np.array(shown.evaluate(PLACES))
    shown.locator(".opom-ball").focus()
    shown.keyboard.press("ArrowRight")
    turned = np.array(shown.evaluate(PLACES))
    assert np.abs(turned - before).max() > 1
    box = shown.locator(".opom-ball").bounding_box()
    shown.mouse.move(box["x"] + 100, box["y"] + 100)
    shown.mouse.down()
    shown.mouse.move(box["x"] + 160, box["y"] + 120)
    shown.mouse.up()
    assert np.abs(np.array(shown.evaluate(PLACES)) - turned).max() > 5


@in_browser
def test_turning_keeps_lengths_and_is_quick(shown: Any) -> None:
    draw = np.random.default_rng(0)
    for _ in range(20):
        point, angles = draw.normal(size=3), draw.uniform(-3, 3, 2)
        found = shown.evaluate("([p, a, b]) => module.turned(p, a, b)", [point.tolist(), *angles.tolist()])
        assert np.linalg.norm(found) == pytest.approx(np.linalg.norm(point))
    turn = """document.querySelector(".opom-ball").dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }))"""
    assert redrawing(shown, turn) < FRAME


@in_browser
@both_themes
def test_it_fits_a_narrow_column_in_both_themes(shown: Any, scheme: str) -> None:
    check_narrow(shown, "sphere", scheme)


def test_a_step_that_there_is_not_is_refused_and_a_still_picture_is_there(seen: Sphere) -> None:
    view = SphereView(seen)
    with pytest.raises(ValueError, match="step must be from 0 to 8, got 9"):
        view.step = 9
    assert "40 strangers and 10 photos" in view._repr_mimebundle_()[0]["text/html"]
    view.close()
