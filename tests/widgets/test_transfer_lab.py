"""The transfer lab without a browser, and the rates behind it."""

import re
from collections.abc import Iterator

import pytest

from opom_edu import protection
from opom_edu.faces import People, Person
from opom_edu.masks import OPOM, RandomNoise
from opom_edu.recognizers import Recognizer
from tests.conftest import make_people, small_network

pytest.importorskip("ipywidgets", reason="widgets need the extra: pip install 'opom_edu[lab]'")
from opom_edu.lessons.transfers import Setting, TransferModel
from opom_edu.widgets import TransferLab, transfer_lab

SHORT = Setting(steps=6)


@pytest.fixture
def recognizers(surrogate: Recognizer, black_box: Recognizer) -> list[Recognizer]:
    return [surrogate, Recognizer.from_module(small_network(seed=2), name="second"), black_box]


@pytest.fixture
def lab(people: People, recognizers: list[Recognizer]) -> Iterator[TransferLab]:
    lab = transfer_lab(people, recognizers, steps=6)
    lab.wait()
    yield lab
    lab.close()


def finish(lab: TransferLab) -> TransferLab:
    assert lab._worker.join(60)
    assert not lab.alert.value
    return lab


def filled(lab: TransferLab) -> int:
    return len(re.findall(r"<td[^>]*>\d+ %", lab.matrix.value))


def test_rates_are_those_of_the_protocol(people: People, recognizers: list[Recognizer]) -> None:
    transfers = TransferModel(people, recognizers)
    for _ in transfers.work(["small"], SHORT):
        pass
    images = [person.train for person in people.values()]
    masks = {"mask": OPOM(recognizers[0], steps=6).fit_many(images), "noise": RandomNoise(eps=8 / 255).fit_many(images)}
    table = protection(recognizers, people, masks, ranks=(1,)).set_index(["recognizer", "method"])
    for name in ("small", "second", "box"):
        assert transfers.rate("small", SHORT, name) == pytest.approx(table.loc[(name, "mask"), "psr_1"])
        assert transfers.noise(name, 8.0) == pytest.approx(table.loc[(name, "noise"), "psr_1"])
        assert transfers.unprotected(name) == pytest.approx(table.loc[(name, "mask"), "unprotected_1"])
    assert transfers.known("second", SHORT, "box") is None


def test_the_bundle_reaches_the_method(people: People, recognizers: list[Recognizer]) -> None:
    transfers = TransferModel(people, recognizers)
    bare = transfers.method("small", SHORT)
    learned = transfers.method("second", Setting("fi-uap", 4.0, 6, frozenset({"momentum", "flips", "diversity"})))
    assert (bare.momentum, len(bare.transforms), bare.steps) == (0, 0, 6)
    assert (learned.momentum, len(learned.transforms), learned.surrogate.name) == (1, 2, "second")
    assert learned.eps == pytest.approx(4 / 255)


def test_nothing_is_learned_twice_and_nothing_kept_by_halves(
    people: People, recognizers: list[Recognizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    transfers = TransferModel(people, recognizers)
    next(transfers.learn("small", SHORT))
    with pytest.raises(ValueError, match="not learned yet"):
        transfers.rate("small", SHORT, "box")
    for _ in transfers.work(["small"], SHORT):
        pass
    monkeypatch.setattr(TransferModel, "method", lambda *_: pytest.fail("learned again"))
    for _ in transfers.work(["small"], SHORT):
        pass


def test_the_matrix_fills_in(lab: TransferLab) -> None:
    assert filled(lab) == 3
    assert lab.board.value.count("opom-score") == 3
    assert "white box" in lab.board.value
    lab.surrogate.value = "second"
    assert filled(finish(lab)) == 6
    lab.parts["momentum"].value = True
    assert filled(finish(lab)) == 3
    lab.every.click()
    assert filled(finish(lab)) == 6
    lab.parts["momentum"].value = False
    assert filled(finish(lab)) == 6
    assert lab.matrix.value.count("opom-white") == 2


def test_every_control_counts(lab: TransferLab) -> None:
    for control, value in (("method", "affine"), ("levels", 4), ("steps", 16)):
        getattr(lab, control).value = value
    lab.parts["flips"].value = True
    assert lab.setting == Setting("affine", 4, 16, frozenset({"flips"}))
    finish(lab)
    assert "affine, epsilon 4 of 255, 16 steps, random flips" in lab.still()


def test_stop_gives_up_and_errors_are_shown(lab: TransferLab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.steps.value = 100
    lab.stop.click()
    assert "stopped" in finish(lab).status.value
    monkeypatch.setattr(TransferModel, "work", lambda *_: 1 / 0)
    lab.levels.value = 2
    assert lab._worker.join(10)
    assert "ZeroDivisionError" in lab.alert.value


def test_names_are_escaped(black_box: Recognizer) -> None:
    people = make_people()
    renamed = People([Person(f"<script>{i}", p.train, p.test) for i, p in enumerate(people.values())])
    lab = transfer_lab(renamed, [Recognizer.from_module(small_network(), name="<img>")], steps=6)
    html = lab.wait()._repr_mimebundle_()["text/html"]
    lab.close()
    assert "&lt;img&gt;" in html
    assert "<img>" not in html
    assert not [child for child in lab.children if "<script>" in str(getattr(child, "value", ""))]


def test_wrong_arguments_are_named(people: People, surrogate: Recognizer, black_box: Recognizer) -> None:
    for arguments, match in (
        ([black_box], "at least one"),
        ([surrogate, surrogate], "counts once"),
        (["dlib"], "must be a Recognizer"),
    ):
        with pytest.raises(ValueError, match=match):
            transfer_lab(people, arguments)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown surrogate 'box'; choose one of small"):
        transfer_lab(people, [surrogate, black_box], surrogate="box")
    with pytest.raises(ValueError, match="choose one of fi-uap"):
        transfer_lab(people, [surrogate], method="magic")
    with pytest.raises(ValueError, match="the transfer bundle has no luck"):
        transfer_lab(people, [surrogate], transfer=["luck"])
