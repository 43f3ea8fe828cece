"""A browser for the notebooks, with screenshots under out/screenshots and no patience for errors."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright", reason="browser tests need pytest-playwright")
from playwright.sync_api import Page

from benchmarks.browser import CHROMIUM, ROOT, VIEWPORT

SHOTS = ROOT / "out" / "screenshots"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no chromium on the PATH: install Debian's package chromium"))


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    return {"viewport": VIEWPORT}


@pytest.fixture
def quiet(page: Page) -> Iterator[Page]:
    """A page whose console stays free of errors."""
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []


def shot(page: Page, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")
