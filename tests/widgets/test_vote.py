"""The vote: gradients against the library's own step, mouse and keys, both themes."""

from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("anywidget", reason="widgets need the extra: pip install 'opom_edu[lab]'")
from opom_edu import load_people, load_recognizer
from opom_edu.lessons.votes import votes
from opom_edu.recognizers import Recognizer
from opom_edu.widgets import Vote, vote
from tests.widgets.pages import FRAME, both_themes, check_narrow, in_browser, redrawing, show


@pytest.fixture(scope="module")
def view() -> Vote:
    return vote(load_recognizer("ir-softmax"), load_people("synthetic", count=2, distractors=4)["Ada"].train)


@pytest.fixture
def shown(page: Any, view: Vote) -> Any:
    return show(page, view, "votes", "side", "place")


def test_a_step_along_the_votes_leads_away_from_the_center() -> None:
    surrogate, ada = load_recognizer("ir-softmax"), load_people("synthetic", count=2, distractors=4)["Ada"]
    found = votes(surrogate, ada.train)
    assert float(found.abs().max()) == 1
    step = torch.zeros(1, 3, 112, 112)
    step[:, 1] = torch.nn.functional.interpolate(found.mean(0).sign()[None, None], scale_factor=2)[0, 0] * 4 / 255
    center = surrogate.embed(ada.train).mean(0)

    def far(images: torch.Tensor) -> float:
        return float((surrogate.embed(images.clamp(0, 1)) - center).square().sum(1).mean())

    assert far(ada.train + step) > far(ada.train) > 0
    assert far(ada.train + step) > far(ada.train - step)
    with pytest.raises(ValueError, match="black box without gradients"):
        votes(Recognizer.from_callable(lambda images: images.mean((2, 3)), name="box"), ada.train)


@in_browser
def test_bars_a_number_and_the_keyboard(shown: Any, view: Vote) -> None:
    assert shown.locator(".opom-thumbs canvas").count() == 10
    assert shown.locator(".opom-vote-bar").count() == 11
    own = np.array([row[28 * 56 + 28] for row in view.votes])
    assert shown.locator(".opom-told").inner_text().startswith(f"{(own > 0).sum()} of 10 photos vote for brighter.")
    way = {1: "brighter", -1: "darker", 0: "unchanged"}[int(np.sign(own.mean()))]
    assert f"one level {way}" in shown.locator(".opom-told").inner_text()
    painted = "new Set(document.querySelectorAll('.opom-vote canvas')[10].getContext('2d').getImageData(0, 0, 56, 56).data)"
    assert shown.evaluate(f"{painted}.size") > 3
    shown.locator(".opom-board-of-signs").focus()
    shown.keyboard.press("ArrowRight")
    shown.keyboard.press("ArrowUp")
    assert shown.evaluate("model.get('place')") == {"x": 29, "y": 27}
    box = shown.locator(".opom-board-of-signs").bounding_box()
    shown.mouse.click(box["x"] + 1, box["y"] + 1)
    assert shown.evaluate("model.get('place')") == {"x": 0, "y": 0}
    assert redrawing(shown, 'model.set("place", { x: i % 56, y: 20 })') < FRAME


@in_browser
@both_themes
def test_it_fits_a_narrow_column_in_both_themes(shown: Any, scheme: str) -> None:
    check_narrow(shown, "vote", scheme)


def test_a_still_picture_is_there(view: Vote) -> None:
    assert "the gradients of ten photos" in view._repr_mimebundle_()[0]["text/html"]
