"""The mask that emerges: its numbers against the adversary's, the slider, both themes."""

import base64
from typing import Any

import pytest
import torch

pytest.importorskip("anywidget", reason="widgets need the extra: pip install 'opom_edu[lab]'")
from opom_edu import OPOM, Mask, Person, load_people, load_recognizer
from opom_edu.evaluation import estimate_mask
from opom_edu.faces import quantize
from opom_edu.widgets import Emerging, emerging
from tests.widgets.test_hull_playground import MODEL, browser_type_launch_args, in_browser

__all__ = ["browser_type_launch_args"]


@pytest.fixture(scope="module")
def worn() -> tuple[Person, Mask]:
    ada = load_people("synthetic", count=2, distractors=4)["Ada"]
    return ada, OPOM(load_recognizer("ir-softmax"), steps=8).fit(ada.train)


@pytest.fixture
def shown(page: Any, worn: tuple[Person, Mask]) -> Any:
    source = base64.b64encode(str(Emerging._esm).encode()).decode()
    page.evaluate(f"import('data:text/javascript;base64,{source}').then(module => {{ window.module = module; }})")
    page.add_style_tag(content=str(Emerging._css))
    view = emerging(worn[0].test, worn[1])
    page.evaluate(MODEL, {name: getattr(view, name) for name in ("photos", "estimates", "mask", "cosines", "count")})
    view.close()
    page.evaluate("module.default.render({ model, el: document.body })")
    return page


def test_cosines_are_those_of_the_adversary(worn: tuple[Person, Mask]) -> None:
    ada, mask = worn
    view = emerging(ada.test, mask)
    estimate = estimate_mask(quantize(mask.apply(ada.test[:4])), eps=mask.eps)
    assert view.cosines[3] == pytest.approx(
        float(torch.cosine_similarity(estimate.flatten(), mask.delta.flatten(), dim=0)), abs=1e-6
    )
    assert view.cosines[-1] > view.cosines[0]
    with pytest.raises(ValueError, match="count must be from 1 to 10, got 11"):
        view.count = 11
    assert "estimates of a mask" in view._repr_mimebundle_()[0]["text/html"]
    view.close()
    with pytest.raises(ValueError, match="photos"):
        emerging(ada.test[0], mask)


@in_browser
def test_photos_and_a_number_that_must_come_out(shown: Any) -> None:
    assert shown.locator(".opom-taken img").count() == 10
    assert shown.locator(".opom-not-yet").count() == 9
    first = shown.locator(".opom-both img").first.get_attribute("src")
    shown.locator("input").focus()
    shown.keyboard.press("ArrowRight")
    assert shown.evaluate("model.get('count')") == 2
    assert shown.locator(".opom-not-yet").count() == 8
    assert shown.locator(".opom-both img").first.get_attribute("src") != first
    cosine = shown.evaluate("model.get('cosines')[1]")
    assert shown.locator(".opom-told").inner_text() == f"From 2 photos: cosine {cosine:.2f} with the mask."
    spent = shown.evaluate("""() => {
        const started = performance.now();
        for (let i = 0; i < 60; i += 1) { model.set("count", 1 + i % 10); document.body.offsetHeight; }
        return (performance.now() - started) / 60;
    }""")
    assert spent < 33  # milliseconds


@in_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 620])
def test_it_fits_a_narrow_column_in_both_themes(shown: Any, width: int, scheme: str) -> None:
    shown.set_viewport_size({"width": width, "height": 480})
    ground, ink = ("#111", "#eee") if scheme == "dark" else ("#fff", "#111")
    shown.add_style_tag(content=f"body {{ background: {ground}; --jp-content-font-color1: {ink}; margin: 8px }}")
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    shown.evaluate("model.set('count', 10)")
    shown.screenshot(path=f"out/screenshots/emerging-{width}-{scheme}.png")
