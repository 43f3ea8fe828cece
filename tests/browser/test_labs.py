"""What a student does, in a real JupyterLab and a real Voila: run all, move the slider, drag a point, watch."""

from playwright.sync_api import Page, expect

from benchmarks.browser import ROOT, jupyter_lab, open_chapter, voila
from tests.browser.conftest import shot

PATIENCE = 180_000  # ms; CI's cores are shared
APP = ROOT / "notebooks" / "app" / "epsilon_lab.ipynb"


def board(page: Page, epsilon: str) -> list[str]:
    """The scores once they are those of an epsilon, of all recognizers but slow ones."""
    page.wait_for_selector(f'table.opom-board[data-epsilon="{epsilon}"][data-complete="true"]', timeout=PATIENCE)
    return page.locator(".opom-score").all_inner_texts()


SLOW = "computing..."


def no_matches(page: Page) -> int:
    return page.locator("tr", has_text="black box").locator(".opom-no-match").count()


def slide_and_watch(page: Page, name: str) -> None:
    before = board(page, "8")
    handle = page.locator(".opom-epsilon .noUi-handle")
    handle.scroll_into_view_if_needed()
    photo = page.get_by_alt_text("protected, up to 8 of 255 levels")
    expect(photo).to_be_visible(timeout=PATIENCE)
    shown = photo.get_attribute("src")
    lost = no_matches(page)
    page.locator("[role=status]", has_text="ready").first.wait_for(timeout=PATIENCE)  # protection rates too
    shot(page, f"{name}-8")
    assert lost > 3, "at 8 levels most black boxes should say no match"
    handle.focus()
    page.keyboard.press("ArrowRight")
    assert board(page, "8.5") != before
    assert page.locator("img[alt^='protected, up to 8.5']").get_attribute("src", timeout=PATIENCE) != shown
    box = page.locator(".opom-epsilon .noUi-base").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 1, box["y"] + box["height"] / 2)  # the left end
    board(page, "0")
    assert no_matches(page) < 3, "unprotected, most black boxes should say match"
    shot(page, f"{name}-0")
    handle.focus()
    for _ in range(16):
        page.keyboard.press("ArrowRight")
    back = board(page, "8")  # and back, to the digit; a slow recognizer may be computing before or after
    assert [now for now, then in zip(back, before, strict=True) if SLOW not in (now, then) and now != then] == []
    assert no_matches(page) == lost


def test_the_epsilon_lab_in_jupyterlab(quiet: Page) -> None:
    with jupyter_lab() as address:
        open_chapter(quiet, address, "06_epsilon_lab.ipynb")
        slide_and_watch(quiet, "jupyterlab-epsilon-lab")


def test_the_epsilon_lab_in_voila(quiet: Page) -> None:
    with voila(APP) as address:
        asked: list[str] = []
        quiet.on("request", lambda request: asked.append(request.url))
        quiet.goto(address)
        slide_and_watch(quiet, "voila-epsilon-lab")
        hosts = ("data:", "blob:", *(f"{scheme}{address.split('//')[1]}" for scheme in ("http://", "ws://")))
        assert [url for url in asked if not url.startswith(hosts)] == [], "the app asks no other host"


def test_a_hull_point_is_dragged_in_jupyterlab(quiet: Page) -> None:
    with jupyter_lab() as address:
        open_chapter(quiet, address, "03_hulls.ipynb")
        point = quiet.locator(".opom-hull-point").first
        point.scroll_into_view_if_needed(timeout=PATIENCE)
        before = quiet.locator(".opom-distance").all_inner_texts()
        assert len(before) == 4
        box = point.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        quiet.mouse.move(x, y)
        quiet.mouse.down()
        quiet.mouse.move(x + 30, y + 25, steps=5)
        quiet.mouse.up()
        dragged = quiet.locator(".opom-distance").all_inner_texts()
        assert dragged != before
        point.focus()
        quiet.keyboard.press("ArrowLeft")
        assert quiet.locator(".opom-distance").all_inner_texts() != dragged
        shot(quiet, "jupyterlab-hull-playground")
