"""The mask player without a browser, and the runs that it replays."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from opom_edu import OPOM
from opom_edu.errors import PeopleError
from opom_edu.faces import People, Person
from opom_edu.recognizers import Recognizer
from tests.conftest import make_people, small_network

pytest.importorskip("ipywidgets", reason="widgets need the extra: pip install 'opom_edu[lab]'")
pytest.importorskip("plotly", reason="widgets need the extra: pip install 'opom_edu[lab]'")
from opom_edu.lessons import replay as replays
from opom_edu.lessons.replay import ReplayModel, Take, learning_curve, plane_of_paths, plane_of_photos, record, similarities
from opom_edu.widgets import MaskPlayer, mask_player
from opom_edu.widgets.player_chart import ORDER

TAKE = Take("person 0")


@pytest.fixture
def player(people: People, surrogate: Recognizer) -> Iterator[MaskPlayer]:
    player = mask_player(people, surrogate, steps=8)
    player.wait()
    yield player
    player.close()


def learned(replay: ReplayModel, take: Take) -> list[replays.Frame]:
    for _ in replay.learn(take):
        pass
    return list(replay.known(take) or ())


def drawn(player: MaskPlayer, trace: str) -> tuple[np.ndarray, np.ndarray]:
    data = player.figure.data[ORDER[trace]]
    return np.asarray(data.x), np.asarray(data.y)


def test_a_record_is_the_run_of_the_method(people: People, surrogate: Recognizer) -> None:
    person, method = people["person 0"], OPOM(surrogate, steps=9)
    frames, steps = list(record(method, person)), list(method.iterate(person.train))
    assert [frame.index for frame in frames] == list(range(10))
    assert not frames[0].delta.any()
    assert all(torch.equal(frame.delta, step.delta) for frame, step in zip(frames[1:], steps, strict=True))
    assert [frame.loss for frame in frames[:-1]] == pytest.approx([float(step.loss) for step in steps])
    assert torch.allclose(frames[0].test, surrogate.embed(person.test), atol=0.05)


def test_a_photo_is_not_compared_with_itself(people: People, surrogate: Recognizer) -> None:
    person = people["person 0"]
    clean = surrogate.embed(torch.cat([person.train, person.test]))
    frame = replays.Frame(0, 0.0, clean[:4], clean[4:], torch.zeros(3, 112, 112))
    train, test = similarities(frame, clean)
    assert float(train[1]) == pytest.approx(float((clean[1] @ clean[[0, *range(2, 10)]].T).mean()), abs=1e-6)
    assert test.shape == (6,)
    curve = learning_curve(OPOM(surrogate, steps=8), person)
    assert list(curve.columns) == ["loss", "training", "test"]
    assert curve["test"].iloc[-1] < curve["test"].iloc[0]


def test_runs_part_where_their_targets_do(people: People, surrogate: Recognizer) -> None:
    replay = ReplayModel(people, surrogate, steps=8)
    convex, center, bare = (learned(replay, Take("person 0", way)) for way in ("convex", "center", replays.NO_WARMUP))
    assert [torch.equal(a.delta, b.delta) for a, b in zip(convex, center, strict=True)] == [True] * 6 + [False] * 3
    assert not torch.equal(convex[2].delta, bare[2].delta)
    assert replays.same_sign(convex[3].delta, center[3].delta) == 1


def test_a_run_given_up_is_not_kept_and_old_ones_make_room(
    people: People, surrogate: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = ReplayModel(people, surrogate, steps=8)
    next(iter(replay.learn(TAKE)))
    assert replay.known(TAKE) is None
    monkeypatch.setattr(replays, "KEPT", 2)
    takes = [Take("person 0", way) for way in ("center", "affine", "fi-uap")]
    for take in takes:
        learned(replay, take)
    assert [replay.known(take) is not None for take in takes] == [False, True, True]


def test_planes_hold_what_they_should(people: People, surrogate: Recognizer) -> None:
    replay = ReplayModel(people, surrogate, steps=8)
    run, scene = learned(replay, TAKE), replay.scene(TAKE)
    for plane in (plane_of_photos(scene), plane_of_paths(scene, [run])):
        assert torch.allclose(plane.axes @ plane.axes.T, torch.eye(2), atol=1e-5)
        assert 0 < plane.share <= 1
    end, start = plane(run[-1].test.mean(0)), plane(scene.clean.mean(0))
    assert bool((end >= start).all())
    assert scene.noise > float(similarities(run[-1], scene.clean)[1].mean())


def test_the_step_moves_the_dots_and_nothing_is_learned_again(player: MaskPlayer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReplayModel, "method", lambda *_: pytest.fail("learned again"))
    assert drawn(player, "loss now a")[0].tolist() == [8]
    photo = player.photos[0].widget.value
    player.step.value = 3
    player.wait()
    assert drawn(player, "loss now a")[0].tolist() == [3]
    assert len(drawn(player, "loss a")[0]) == len(drawn(player, "loss b")[0]) == 9
    assert len(drawn(player, "trails a")[0]) == 6 * 5  # six test photos, four frames and a gap
    assert player.photos[0].widget.value != photo
    assert player.board.value.count("<td>3</td>") == 2
    assert not player.alert.value


def test_every_control_counts(player: MaskPlayer) -> None:
    for control, value in (
        ("way", "center"),
        ("other", "fi-uap"),
        ("levels", 4),
        ("plane", "photos"),
        ("person", "person 2"),
    ):
        getattr(player, control).value = value
        player.wait()
        assert not player.alert.value
    assert player.takes == [Take("person 2", "center", 4), Take("person 2", "fi-uap", 4)]
    assert "person 2" in player.photos[0].widget.value
    player.other.value = "nothing"
    player.wait()
    assert player.masks[1].widget.layout.display == "none"
    assert len(drawn(player, "loss b")[0]) == 0
    player.other.value = "center"
    assert len(player.takes) == 1


def test_the_newest_value_wins_and_stop_gives_up(player: MaskPlayer) -> None:
    for way in ("center", "affine", "reduced"):
        player.way.value = way
    assert player._worker.join(30)
    assert player.replay.known(Take("person 0", "reduced")) is not None
    player.levels.value = 16
    player.stop.click()
    assert player._worker.join(10)
    assert "stopped" in player.status.value


def test_errors_are_shown(player: MaskPlayer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReplayModel, "scene", lambda *_: 1 / 0)
    player.levels.value = 4
    player.wait()
    assert "ZeroDivisionError" in player.alert.value


def test_still_and_names() -> None:
    people = make_people()
    renamed = People([Person(f"<script>{i}", p.train, p.test) for i, p in enumerate(people.values())])
    player = mask_player(renamed, Recognizer.from_module(small_network(), name="<i>"), steps=8, other="nothing")
    html = player.wait()._repr_mimebundle_()["text/html"]
    player.close()
    assert len(re.findall("data:image/png", html)) == 3
    assert "<script>" not in html + str(player.figure.data[ORDER["clean"]].name)


def test_wrong_arguments_are_named(people: People, surrogate: Recognizer, black_box: Recognizer) -> None:
    with pytest.raises(PeopleError, match="no strangers"):
        mask_player(People([people["person 0"]]), surrogate)
    with pytest.raises(ValueError, match="without gradients"):
        mask_player(people, black_box)
    with pytest.raises(ValueError, match="8 or more"):
        mask_player(people, surrogate, steps=3)
    with pytest.raises(ValueError, match="choose one of center"):
        mask_player(people, surrogate, other="magic")
