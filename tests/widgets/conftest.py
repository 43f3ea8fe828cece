"""The system's Chromium for figures that compute in the page."""

from typing import Any

import pytest

from tests.widgets.pages import CHROMIUM


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": CHROMIUM, "args": ["--no-sandbox"]}
