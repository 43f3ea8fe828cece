"""The vote: gradients against the library's own step, mouse and keys, both themes."""

import base64
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("anywidget", reason="widgets need the extra: pip install 'opom_edu[lab]'")
from opom_edu import load_people, load_recognizer
from opom_edu.lessons.votes import votes
from opom_edu.recognizers import Recognizer
from opom_edu.widgets import Vote, vote
from tests.widgets.test_hull_playground import MODEL, browser_type_launch_args, in_browser

__all__ = ["browser_type_launch_args"]


@pytest.fixture(scope="module")
def view() -> Vote:
    return vote(load_recognizer("ir-softmax"), load_people("synthetic", count=2, distractors=4)["Ada"].train)


@pytest.fixture
def shown(page: Any, view: Vote) -> Any:
    source = base64.b64encode(str(Vote._esm).encode()).decode()
    page.evaluate(f"import('data:text/javascript;base64,{source}').then(module => {{ window.module = module; }})")
    page.add_style_tag(content=str(Vote._css))
    page.evaluate(MODEL, {name: getattr(view, name) for name in ("votes", "side", "place")})
    page.evaluate("module.default.render({ model, el: document.body })")
    return page


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
    spent = shown.evaluate("""() => {
        const started = performance.now();
        for (let i = 0; i < 60; i += 1) { model.set("place", { x: i % 56, y: 20 }); document.body.offsetHeight; }
        return (performance.now() - started) / 60;
    }""")
    assert spent < 33  # milliseconds


@in_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 620])
def test_it_fits_a_narrow_column_in_both_themes(shown: Any, width: int, scheme: str) -> None:
    shown.set_viewport_size({"width": width, "height": 520})
    ground, ink = ("#111", "#eee") if scheme == "dark" else ("#fff", "#111")
    shown.add_style_tag(content=f"body {{ background: {ground}; --jp-content-font-color1: {ink}; margin: 8px }}")
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    shown.screenshot(path=f"out/screenshots/vote-{width}-{scheme}.png")


def test_a_still_picture_is_there(view: Vote) -> None:
    assert "the gradients of ten photos" in view._repr_mimebundle_()[0]["text/html"]
