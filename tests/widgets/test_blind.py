"""The blind test: its staircase, a test taken by keyboard, what it finds, both themes."""

import math
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("anywidget", reason="widgets need the extra: pip install 'opom_edu[lab]'")
from opom_edu.masks import Mask
from opom_edu.widgets import BlindTest, blind_test
from tests.widgets.pages import both_themes, check_narrow, in_browser, show

LEVELS = [1, 2, 4, 8, 16]
CURVE = {1: 5.0, 2: 20.0, 4: 50.0, 8: 80.0, 16: 100.0}


def made() -> BlindTest:
    draw = torch.Generator().manual_seed(0)
    photos = torch.rand(3, 3, 112, 112, generator=draw) * 0.5 + 0.25
    delta = torch.rand(3, 112, 112, generator=draw) * 2 - 1
    return blind_test(photos, {level: Mask(delta * level / 255, level / 255) for level in LEVELS}, CURVE)


@pytest.fixture
def shown(page: Any) -> Any:
    return show(page, made(), "levels", "clean", "masked", "curve", "trials", "found", draws=[0.1])  # always the left one


@in_browser
def test_the_staircase_settles_where_somebody_begins_to_see(shown: Any) -> None:
    """Watchers who see a mask from some level on, and guess below: what is found lies near that level."""
    for sees in (2, 4, 8):
        found = []
        for seed in range(30):
            draw = np.random.default_rng(seed)
            guesses = (draw.uniform(size=40) < 0.5).tolist()
            found.append(
                shown.evaluate(
                    """([levels, sees, guesses]) => {
                let state = module.begin(levels);
                while (!module.over(state)) {
                    state = module.answer(state, levels, levels[state.at] >= sees || guesses[state.trials.length]);
                }
                return Math.log2(module.estimate(state, levels));
            }""",
                    [LEVELS, sees, guesses],
                )
            )
        assert abs(np.mean(found) - math.log2(sees)) < 0.8
    assert shown.evaluate("([curve, x]) => module.height(curve, x)", [[[4, 50], [8, 80]], 6]) == 65
    assert shown.evaluate("([curve, x]) => module.height(curve, x)", [[[4, 50], [8, 80]], 1]) == 50
    assert shown.evaluate("([curve, x]) => module.height(curve, x)", [[[4, 50], [8, 80]], 99]) == 80


@in_browser
def test_a_test_by_keyboard_from_beginning_to_end(shown: Any) -> None:
    assert shown.locator(".opom-choice img").count() == 2
    assert "Which of the two is masked?" in shown.locator(".opom-told").inner_text()
    sources = [shown.locator(".opom-choice img").nth(side).get_attribute("src") for side in (0, 1)]
    assert sources == [made().masked[4][0], made().clean[0]]
    shown.locator(".opom-choice").first.focus()
    for _ in range(24):
        shown.keyboard.press("1")  # right each time, down to one level
    assert shown.evaluate("model.get('found')") == 1
    assert shown.evaluate("model.get('trials').length") == 24
    assert "right in 24 of 24" in shown.locator(".opom-told").inner_text()
    assert "the PSR is about 5 %" in shown.locator(".opom-told").inner_text()
    assert shown.locator(".opom-yours").count() == 1
    assert not shown.locator(".opom-pair").is_visible()
    shown.locator("text=Start again").click()
    assert shown.locator(".opom-pair").is_visible()
    shown.locator(".opom-choice").nth(1).click()
    assert shown.locator(".opom-told").inner_text().startswith("Wrong: it had 16 levels.")
    assert shown.evaluate("model.get('trials')") == [[16, False]]


@in_browser
@both_themes
def test_it_fits_a_narrow_column_in_both_themes(shown: Any, scheme: str) -> None:
    check_narrow(shown, "blind", scheme)
    shown.locator(".opom-choice").first.focus()
    for _ in range(24):
        shown.keyboard.press("1")
    check_narrow(shown, "blind-end", scheme)


def test_what_cannot_be_tested_is_refused_and_a_still_picture_is_there() -> None:
    test = made()
    assert "one of 16 levels" in test._repr_mimebundle_()[0]["text/html"]
    test.close()
    with pytest.raises(ValueError, match="two levels at least"):
        blind_test(torch.rand(1, 3, 112, 112), {8: Mask(torch.zeros(3, 112, 112), 0)})
    with pytest.raises(ValueError, match="photos"):
        blind_test(torch.rand(3, 112, 112), {})
