"""Two chapters bound as pages, and the links of the whole site."""

import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from benchmarks.browser import file_server
from opom_edu.errors import OpomError
from tests.widgets.pages import in_browser

pytestmark = pytest.mark.slow
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
CHAPTERS = ("01b_who_looks_for_whom", "06_epsilon_lab")


class Links(HTMLParser):
    """Addresses and ids of a page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links, self.ids = list[str](), set[str]()
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attrs if name in ("href", "src") and value]
        self.ids |= {value for name, value in attrs if name == "id" and value}


def dead_links(site: Path, unbound: set[str]) -> list[tuple[str, str]]:
    pages = {page.resolve(): Links(page) for page in site.rglob("*.html")}
    found = []
    for page, here in pages.items():
        for link in here.links:
            parts = urlsplit(link)
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            if parts.scheme or parts.netloc or target.stem in unbound:
                continue
            lost = parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids
            if not target.exists() or lost:
                found.append((page.name, link))
    return found


@pytest.fixture(scope="module")
def bound(site_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("myst_nb", reason="the book needs the extra: pip install 'opom_edu[site]'")
    from opom_edu.web.book import write_book

    site = shutil.copytree(site_folder, tmp_path_factory.mktemp("bound") / "site")
    course = tmp_path_factory.mktemp("course")
    for name in [*(f"{chapter}.ipynb" for chapter in CHAPTERS), "glossary.md"]:
        shutil.copy(NOTEBOOKS / name, course)
    write_book(course, site, lambda what, share: None)
    return site


def test_no_link_is_dead(bound: Path) -> None:
    unbound = {path.stem for path in NOTEBOOKS.glob("*.ipynb")} - set(CHAPTERS)
    assert dead_links(bound, unbound) == []


def test_every_chapter_can_be_launched_and_downloaded(bound: Path) -> None:
    for chapter in CHAPTERS:
        links = Links(bound / "book" / f"{chapter}.html").links
        assert any("mybinder.org" in link and f"{chapter}.ipynb" in link for link in links)
        assert any("colab.research.google.com" in link and f"{chapter}.ipynb" in link for link in links)
        assert f"_sources/{chapter}.ipynb" in links
        assert (bound / "book" / "_sources" / f"{chapter}.ipynb").read_bytes() == (
            NOTEBOOKS / f"{chapter}.ipynb"
        ).read_bytes()


@pytest.fixture
def address(bound: Path) -> Iterator[str]:
    with file_server(bound) as address:
        yield address


@in_browser
def test_figures_are_live_without_another_server(page: Any, address: str) -> None:
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: wrong.append(asked.url) if not asked.url.startswith((address, "data:")) else None)
    for chapter in CHAPTERS:
        page.goto(f"{address}/book/{chapter}.html")
        page.wait_for_selector(".opom-live[data-opom-state=ready]")
        assert page.locator(".opom-live").count() == page.locator(".opom-live[data-opom-state=ready]").count()
    assert page.locator('a[href="../labs/epsilon.html"]').count() == 1
    assert wrong == []


def test_a_chapter_that_fails_is_named(site_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("myst_nb", reason="the book needs the extra: pip install 'opom_edu[site]'")
    import nbformat

    from opom_edu.web.book import write_book

    broken = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    nbformat.write(broken, tmp_path / "00_broken.ipynb")
    with pytest.raises(OpomError, match=r"00_broken.ipynb does not run: .*division by zero"):
        write_book(tmp_path, tmp_path / "site", lambda what, share: None)
