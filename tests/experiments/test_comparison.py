"""The main experiment and its report."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from opom_edu.experiments import Comparison, compare, rates_by_method, write_report
from opom_edu.experiments.report import findings
from opom_edu.faces import People, Person
from opom_edu.masks import make_method
from opom_edu.recognizers import Recognizer
from tests.conftest import make_people

NASTY = '<script>alert("x")</script>'


@pytest.fixture
def comparison(surrogate: Recognizer, black_box: Recognizer) -> Comparison:
    people = list(make_people(4, photos=24).values())
    people[0] = Person(NASTY, people[0].train, people[0].test)
    methods = [make_method(name, surrogate, steps=2) for name in ("fi-uap", "convex")]
    return compare(People(people), surrogate, [black_box], [make_method("random", surrogate), *methods])


def test_every_method_meets_every_recognizer(comparison: Comparison) -> None:
    assert len(comparison.rates) == 3 * 2
    assert set(comparison.rates.loc[comparison.rates["white_box"], "recognizer"]) == {"small"}
    assert {"psr_1", "unprotected_1", "psr_10", "similarity", "tar", "tar_unprotected"} <= set(comparison.rates)
    assert len(comparison.similarity) == 3 * 2 * 4
    assert list(comparison.quality.index) == list(comparison.masks) == ["random noise", "FI-UAP", "OPOM convex"]
    table = rates_by_method(comparison)
    assert list(table.index) == ["unprotected", *comparison.masks]
    assert list(table.columns) == ["small", "box"]


def test_whatever_shares_a_network_with_the_surrogate_is_a_white_box(
    surrogate: Recognizer, black_box: Recognizer, people: People
) -> None:
    copy = Recognizer.from_callable(surrogate.embed, name="the same, deployed")
    copy.networks = surrogate.networks
    found = compare(people, surrogate, [copy, black_box], [make_method("random", surrogate)])
    assert found.white_boxes == ["small", "the same, deployed"]


def test_progress_runs_to_one(surrogate: Recognizer, black_box: Recognizer, people: People) -> None:
    seen: list[tuple[str, float]] = []
    compare(people, surrogate, [black_box], [make_method("center", surrogate, steps=2)], lambda *now: seen.append(now))
    shares = [share for _, share in seen]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    assert {what for what, _ in seen} == {"learning OPOM center", "evaluating on small", "evaluating on box"}


def test_the_findings_are_the_figures(comparison: Comparison) -> None:
    white, black = findings(comparison)
    table = rates_by_method(comparison)
    assert f"{table.loc['unprotected', 'box']:.1f} %" in black
    assert f"{table.loc['random noise', 'box']:.1f} %" in black
    assert "white box" in white
    comparison.rates["psr_1"] = comparison.rates["unprotected_1"]
    assert all("no learned mask does better" in sentence for sentence in findings(comparison))


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_report_is_one_file_with_every_person_and_no_way_in(comparison: Comparison, tmp_path: Path) -> None:
    path = write_report(comparison, tmp_path / "deep" / "report.html")
    html = path.read_text(encoding="utf-8")
    found = Tags()
    found.feed(html)
    assert all(source.startswith("data:image/") for source in found.sources)
    assert len(found.sources) == 1 + 3 * 4  # the chart, and photo, mask and masked photo of four people
    assert "script" not in found.tags
    assert "&lt;script&gt;" in html
    assert "magnified 16 times" in html
    for value in rates_by_method(comparison).to_numpy().ravel():
        assert re.search(rf"<td>{value:.1f}</td>", html)


def test_an_interrupted_report_leaves_the_old_one(
    comparison: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def interrupt(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_report(comparison, path)
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
