"""A site without the book, on a server of its own; built once."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.browser import file_server
from opom_edu.errors import OpomError


@pytest.fixture(scope="session")
def site_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("onnxruntime", reason="the site needs the extra: pip install 'opom_edu[site]'")
    if shutil.which("npm") is None:
        pytest.skip("the site takes ONNX Runtime from npm: install Node.js")
    from opom_edu.web.site import build_site

    folder = tmp_path_factory.mktemp("site")
    try:
        return build_site(folder)
    except OpomError as error:
        if "npm cannot fetch" not in str(error):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def site(site_folder: Path) -> Iterator[str]:
    with file_server(site_folder) as address:
        yield address


@pytest.fixture
def quiet(page: Any, site: str) -> Iterator[Any]:
    """A page whose console stays free of errors, and that asks no other server for anything."""
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: wrong.append(asked.url) if not asked.url.startswith((site, "data:", "blob:")) else None)
    yield page
    assert wrong == []
