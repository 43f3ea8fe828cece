"""The head that turns: what is shown at each yaw, the slider, both themes."""

from typing import Any

import pytest

pytest.importorskip("anywidget", reason="widgets need the extra: pip install 'opom_edu[lab]'")
from opom_edu import OPOM, Person, load_people, load_recognizer
from opom_edu.widgets import turning
from opom_edu.widgets.turning import Turning
from tests.widgets.pages import both_themes, check_narrow, in_browser, show

YAWS = [-20, 0, 20]


@pytest.fixture(scope="module")
def ada() -> Person:
    return load_people("synthetic", count=2, distractors=4)["Ada"]


def made(ada: Person) -> Turning:
    photos = ada.test[:3]
    mask = OPOM(load_recognizer("ir-softmax"), steps=2, hull="center").fit(ada.train)
    return turning(photos, {"no mask": photos, "flat": mask.apply(photos)}, YAWS)


@pytest.fixture
def shown(page: Any, ada: Person) -> Any:
    return show(page, made(ada), "titles", "photos", "masks", "yaws", "frame")


def test_each_yaw_has_a_photo_and_what_the_mask_adds(ada: Person) -> None:
    view = made(ada)
    none, flat = view.masks
    assert len({*none}) == 1  # gray: nothing was added
    assert len({*flat}) == 3  # clipped otherwise on each photo
    assert "what masks add" in view._repr_mimebundle_()[0]["text/html"]
    with pytest.raises(ValueError, match="frame must be from 0 to 2, got 3"):
        view.frame = 3
    view.close()
    with pytest.raises(ValueError, match="flat: there are 2 photos and 3 yaws"):
        turning(ada.test[:3], {"flat": ada.test[:2]}, YAWS)


@in_browser
def test_the_slider_turns_the_head(shown: Any) -> None:
    pictures = shown.locator(".opom-turned img")
    assert pictures.count() == 4
    first = pictures.nth(2).get_attribute("src")
    shown.locator("input").focus()
    shown.keyboard.press("ArrowRight")
    assert shown.evaluate("model.get('frame')") == 1
    assert pictures.nth(2).get_attribute("src") != first
    assert shown.evaluate("document.querySelectorAll('.opom-turned img')[2].naturalWidth") > 0
    assert shown.locator(".opom-told").inner_text().startswith("The head is turned by 0 degrees.")


@in_browser
@both_themes
def test_it_fits_a_narrow_column_in_both_themes(shown: Any, scheme: str) -> None:
    shown.evaluate("model.set('frame', 2)")
    check_narrow(shown, "turning", scheme)
