"""The mask that emerges: its numbers against the adversary's, the slider, both themes."""

from typing import Any

import pytest
import torch

pytest.importorskip("anywidget", reason="widgets need the extra: pip install 'opom_edu[lab]'")
from opom_edu import OPOM, Mask, Person, load_people, load_recognizer
from opom_edu.evaluation import estimate_mask
from opom_edu.faces import quantize
from opom_edu.widgets import emerging
from tests.widgets.pages import FRAME, both_themes, check_narrow, in_browser, redrawing, show


@pytest.fixture(scope="module")
def worn() -> tuple[Person, Mask]:
    ada = load_people("synthetic", count=2, distractors=4)["Ada"]
    return ada, OPOM(load_recognizer("ir-softmax"), steps=8).fit(ada.train)


@pytest.fixture
def shown(page: Any, worn: tuple[Person, Mask]) -> Any:
    return show(page, emerging(worn[0].test, worn[1]), "photos", "estimates", "mask", "cosines", "count")


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
    assert redrawing(shown, 'model.set("count", 1 + i % 10)') < FRAME


@in_browser
@both_themes
def test_it_fits_a_narrow_column_in_both_themes(shown: Any, scheme: str) -> None:
    shown.evaluate("model.set('count', 10)")
    check_narrow(shown, "emerging", scheme)
