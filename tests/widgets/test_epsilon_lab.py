"""The epsilon lab without a browser: setting a control's value fires its observers, as a hand on the slider does."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from opom_edu import protection
from opom_edu.errors import PeopleError
from opom_edu.faces import People, Person, quantize
from opom_edu.recognizers import Recognizer
from tests.conftest import make_people, small_network

pytest.importorskip("ipywidgets", reason="widgets need the extra: pip install 'opom_edu[lab]'")
from opom_edu.widgets import Choice, EpsilonLab, EpsilonModel, epsilon_lab
from opom_edu.widgets.parts import Latest, Picture

PERSON = "person 0"


@pytest.fixture
def state(people: People, surrogate: Recognizer, black_box: Recognizer) -> EpsilonModel:
    return EpsilonModel(people, surrogate, [black_box])


@pytest.fixture
def lab(people: People, surrogate: Recognizer, black_box: Recognizer) -> Iterator[EpsilonLab]:
    lab = epsilon_lab(people, surrogate, [black_box]).wait()
    yield lab
    lab.close()


def scores(lab: EpsilonLab) -> list[str]:
    return re.findall(r'class="opom-score">(?:<span[^>]*>)*([^<]*)<', lab.board.value)


def pixels(picture: Picture) -> str:
    return re.findall(r"base64,([^\"]*)", picture.widget.value)[0]


def learned(state: EpsilonModel, choice: Choice) -> torch.Tensor:
    for _ in state.learn(choice):
        pass
    mask = state.mask(choice)
    assert mask is not None
    assert mask.delta.abs().max() <= choice.eps * (1 + 1e-6)
    return mask.delta


def test_moving_epsilon_changes_scores_and_pictures(lab: EpsilonLab) -> None:
    lab.slider.value = 0
    lab.wait()
    clean, photo = scores(lab), pixels(lab.after)
    assert len(clean) == 2
    assert pixels(lab.before) == photo
    assert "unchanged" in lab.quality.value
    lab.slider.value = 16
    lab.wait()
    assert all(float(now) < float(before) for now, before in zip(scores(lab)[:1], clean[:1], strict=True))
    assert pixels(lab.after) != photo
    assert "16 of 255" in lab.after.widget.value
    assert "PSNR" in lab.quality.value
    assert not lab.alert.value


def test_every_control_counts(lab: EpsilonLab) -> None:
    for control, value in (("method", "fi-uap"), ("hull", "affine"), ("source", "random"), ("transfer", True), ("photo", 3)):
        getattr(lab, control).value = value
        lab.wait()
        assert not lab.alert.value
    assert lab.hull.disabled
    assert lab.choice == Choice(PERSON, 3, "fi-uap", 8.0, "random", True)
    lab.person.value = "person 2"
    assert "person 2" in lab.wait().before.widget.value


def test_the_newest_value_wins(lab: EpsilonLab) -> None:
    for value in (3, 9, 1.5, 12.5):
        lab.slider.value = value
    assert "12.5 of 255" in lab.wait().after.widget.value


def test_a_newer_job_takes_the_place_of_the_older() -> None:
    started, go, done = threading.Event(), threading.Event(), []

    def job(name: str, steps: int = 2):  # type: ignore[no-untyped-def]
        for _ in range(steps):
            started.set()
            go.wait(5)
            yield
        done.append(name)

    worker = Latest(lambda error: pytest.fail(str(error)))
    worker.submit(job("first"))
    started.wait(5)
    worker.submit(job("second"))
    worker.submit(job("third"))
    go.set()
    assert worker.join(5)
    assert done == ["third"]


def test_errors_are_shown_and_gone_after_the_next_move(lab: EpsilonLab, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(lab.state, "score", lambda name, choice: 1 / 0)
        lab.slider.value = 2
        lab.wait()
    assert 'role="alert"' in lab.alert.value
    assert "ZeroDivisionError" in lab.alert.value
    with monkeypatch.context() as patch:
        patch.setattr(EpsilonLab, "choice", property(lambda self: Choice(PERSON, source="<i>")))
        lab.slider.value = 3
        lab.wait()
    assert "&lt;i&gt;" in lab.alert.value
    lab.slider.value = 4
    lab.wait()
    assert not lab.alert.value


def test_names_are_escaped() -> None:
    evil = "<script>alert(1)</script>"
    people = make_people()
    renamed = People([Person(f"{evil}{i}", p.train, p.test) for i, p in enumerate(people.values())])
    surrogate = Recognizer.from_module(small_network(), name='<img src="x">')
    lab = epsilon_lab(renamed, surrogate, []).wait()
    for text in (lab.board.value, lab.before.widget.value, lab.status.value, lab._repr_mimebundle_()["text/html"]):
        assert "<script" not in text
        assert '<img src="x"' not in text
    assert "&lt;img" in lab.board.value


def test_slow_recognizers_come_last_and_say_so(people: People, surrogate: Recognizer, black_box: Recognizer) -> None:
    lab = epsilon_lab(people, surrogate, [black_box]).wait(slow=True)
    gate = threading.Event()
    lab.state._slow["box"] = True
    lab.state.recognizers["box"] = Recognizer.from_callable(lambda x: gate.wait(5) and black_box.embed(x), name="box")
    lab.slider.value = 5
    lab.wait()
    assert scores(lab)[1] == "computing..."
    gate.set()
    lab.wait(slow=True)
    assert float(scores(lab)[1]) < 1


def test_a_slow_first_look_does_not_hold_up_the_slider(
    people: People, surrogate: Recognizer, black_box: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    box = Recognizer.from_callable(lambda x: gate.wait(30) and black_box.embed(x), name="box")
    monkeypatch.setattr(EpsilonModel, "slow", lambda state, name: name == "box")
    lab = epsilon_lab(people, surrogate, [box]).wait()
    lab.slider.value = 3
    assert scores(lab.wait())[1] == "computing..."
    gate.set()
    assert scores(lab.wait(slow=True))[1] != "computing..."
    lab.close()


def test_stop_gives_up(lab: EpsilonLab) -> None:
    lab.transfer.value = True
    lab.stop.click()
    assert lab._worker.join(10)
    assert "stopped" in lab.status.value
    lab.slider.value = 1
    assert "1 of 255" in lab.wait().after.widget.value


def test_a_still_picture_is_there_without_a_kernel(lab: EpsilonLab) -> None:
    bundle = lab._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/html"].count("data:image/png") == 4


def test_each_level_has_its_own_mask(state: EpsilonModel, people: People, surrogate: Recognizer) -> None:
    six = Choice(PERSON, levels=6.0)
    own = learned(state, six)
    assert torch.equal(own, learned(EpsilonModel(people, surrogate, []), six))
    clipped = learned(state, replace(six, source="clipped"))
    noise = learned(state, replace(six, source="random"))
    assert not torch.equal(own, clipped)
    assert bool((noise.abs() == noise.abs().max()).all())
    assert not learned(state, replace(six, levels=0.0)).any()
    assert not torch.equal(own, learned(state, replace(six, transfer=True)))
    assert not torch.equal(own, learned(state, replace(six, method="fi-uap")))


def test_scores_and_rates_are_those_of_the_protocol(state: EpsilonModel, people: People, surrogate: Recognizer) -> None:
    choice = Choice(PERSON)
    learned(state, choice)
    rest = torch.cat([p.test for name, p in people.items() if name != PERSON])
    mask = state.mask(choice)
    assert mask is not None
    table = protection(surrogate, People([people[PERSON]], rest), [mask], ranks=(1,))
    rate = state.rate("small", choice)
    assert [rate.psr, rate.unprotected] == pytest.approx([table["psr_1"][0], table["unprotected_1"][0]])
    probe = quantize(mask.apply(people[PERSON].test[:1]))
    gallery = torch.cat([people[PERSON].test[1:2], rest])
    similarities = (surrogate.embed(quantize(gallery)) @ surrogate.embed(probe).T)[:, 0]
    score = state.score("small", choice)
    assert score.similarity == pytest.approx(float(similarities[0]), abs=1e-5)
    assert score.rank == 1 + int((similarities[1:] > similarities[0]).sum())
    assert score.match == (score.similarity > score.threshold)
    assert torch.equal(score.first, gallery[similarities.argmax()])


def test_wrong_arguments_are_named(people: People, surrogate: Recognizer, black_box: Recognizer) -> None:
    with pytest.raises(PeopleError, match="three are needed"):
        epsilon_lab(People(list(people.values())[:2]), surrogate, [])
    with pytest.raises(ValueError, match="counts once"):
        epsilon_lab(people, surrogate, [surrogate])
    with pytest.raises(ValueError, match="must be a Recognizer"):
        epsilon_lab(people, surrogate, ["dlib"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match=r"steps of 0\.5"):
        epsilon_lab(people, surrogate, [], levels=0.3)
    with pytest.raises(ValueError, match="learned, clipped, random"):
        Choice(PERSON, source="magic")
    state = EpsilonModel(people, surrogate, [black_box])
    with pytest.raises(ValueError, match="not learned yet"):
        state.score("small", Choice(PERSON))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"person": "Nobody"}, "unknown person 'Nobody'; choose one of person 0, person 1"),
        ({"photo": 99}, "unknown photo 99; choose one of 0, 1"),
        ({"method": "magic"}, "choose one of"),
    ],
)
def test_what_is_not_there_is_named(
    people: People, surrogate: Recognizer, black_box: Recognizer, options: dict[str, object], says: str
) -> None:
    with pytest.raises((ValueError, KeyError), match=says):
        epsilon_lab(people, surrogate, [black_box], **options)
