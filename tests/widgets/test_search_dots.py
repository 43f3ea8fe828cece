"""A thousand searches as dots: the page's arithmetic against Python's, by mouse and keyboard, in both themes."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("anywidget", reason="widgets need the extra: pip install 'opom_edu[lab]'")
from opom_edu.plots.dots import whole_dots
from opom_edu.widgets import SearchDots, search_dots
from tests.widgets.pages import FRAME, both_themes, check_narrow, in_browser, load, redrawing, show


def states() -> list[dict[str, float]]:
    draw = np.random.default_rng(0)
    some = [
        {"gallery": int(10 ** draw.uniform(0, 7)), "rate": 10 ** -draw.uniform(0.5, 7), "share": draw.uniform()}
        | {"hit": draw.uniform()}
        for _ in range(100)
    ]
    edges = [{"gallery": 1, "rate": 0.0, "share": share, "hit": hit} for share in (0.0, 1.0) for hit in (0.0, 1.0)]
    return [*some, *edges, {"gallery": 10_000_000, "rate": 0.5, "share": 0.5, "hit": 0.5}]


@pytest.fixture
def module(page: Any) -> Any:
    return load(page, SearchDots)


@pytest.fixture
def shown(page: Any) -> Any:
    return show(page, search_dots(), "gallery", "rate", "share", "hit")


@in_browser
def test_the_page_computes_what_python_does(module: Any) -> None:
    for state in states():
        found = module.evaluate("state => module.outcomes(state)", state)
        dots = SearchDots(**state)
        shares = dots.outcomes()
        assert found["shares"] == pytest.approx(shares, abs=1e-9)
        assert sum(found["dots"].values()) == 1000
        assert all(abs(found["dots"][kind] - count) <= 1 for kind, count in whole_dots(shares).items())
        assert sum(shares.values()) == pytest.approx(1)
        dots.close()


@in_browser
def test_a_thousand_dots_and_a_sentence_that_must_come_out(shown: Any) -> None:
    assert shown.locator(".opom-dot").count() == 1000 + 4
    counted = {
        kind: shown.locator(f".opom-searches > svg .opom-{kind}").count() for kind in ("right", "wrong", "missed", "quiet")
    }
    assert counted == whole_dots(search_dots().outcomes())
    # By hand: 95 % of 5 % are found; of the others, 1 - 0.9999^10000 = 63 % raise a false alarm.
    wrong = (0.05 * 0.05 + 0.95) * (1 - 0.9999**10_000)
    assert f"{round(100 * wrong / (wrong + 0.0475))} % of these alarms are wrong" in shown.locator(".opom-told").inner_text()
    shown.evaluate("model.set('rate', 0)")
    assert "0 % of these alarms are wrong" in shown.locator(".opom-told").inner_text()
    shown.evaluate("model.set('share', 0)")
    assert shown.locator(".opom-told").inner_text() == "Of 1,000 searches, none raises an alarm."


@in_browser
def test_keyboard_and_mouse_move_the_sliders_thirty_times_a_second(shown: Any) -> None:
    slider = shown.locator("input[data-name=gallery]")
    slider.focus()
    shown.keyboard.press("ArrowRight")
    assert shown.evaluate("model.get('gallery')") == round(10**4.25)
    assert slider.get_attribute("aria-valuetext") == "17,783"
    shown.keyboard.press("Shift+ArrowLeft")
    assert 10**4 < shown.evaluate("model.get('gallery')") < 10**4.25
    box = slider.bounding_box()
    shown.mouse.click(box["x"] + 2, box["y"] + box["height"] / 2)
    assert shown.evaluate("model.get('gallery')") < 30
    assert redrawing(shown, 'model.set("gallery", Math.round(10 ** (1 + i / 12)))') < FRAME


@in_browser
@both_themes
def test_it_fits_a_narrow_column_in_both_themes(shown: Any, scheme: str) -> None:
    check_narrow(shown, "search-dots", scheme)


def test_numbers_out_of_range_are_refused_and_a_still_picture_is_there() -> None:
    for name, bad in (("gallery", 0), ("rate", 0.9), ("share", -0.1), ("hit", float("nan"))):
        with pytest.raises(ValueError, match=f"{name} must be within"):
            search_dots(**{name: bad})  # type: ignore[arg-type]
    dots = search_dots(gallery=1000)
    assert "A thousand searches among 1,000 people" in dots._repr_mimebundle_()[0]["text/html"]
    dots.close()
