"""The mask player: watch a mask being learned, step by step, and where the ways of two methods part."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import ipywidgets as widgets
from torch import Tensor

from opom_edu.faces import People
from opom_edu.lessons.replay import (
    WAYS,
    Frame,
    Plane,
    ReplayModel,
    Scene,
    Take,
    plane_of_paths,
    plane_of_photos,
    same_sign,
    similarities,
)
from opom_edu.recognizers import Recognizer
from opom_edu.widgets.html import drawing
from opom_edu.widgets.lab import Lab, pictured
from opom_edu.widgets.parts import Picture, pick
from opom_edu.widgets.player_chart import COLOR, Path, as_picture, draw_frame, draw_runs, make_chart, name_runs, tracks

ALONE = "nothing"
MAGNIFIED = 8
PAUSE = 250  # milliseconds between two steps while it plays
LIVE = 0.25  # seconds between two pictures while it learns
LEVELS = (2, 4, 8, 16)


def mask_player(people: People, surrogate: Recognizer, **options: Any) -> MaskPlayer:
    """Play, pause and scrub through the learning of one person's mask, beside that of another method.

    Args:
        people: two or more, or one and distractors, whose embeddings are drawn as strangers.
        surrogate: differentiable; masks are learned on it and seen with its eyes.
        options: ``person``, ``way`` and ``levels``, where to begin: see :class:`~opom_edu.lessons.replay.Take`; ``other``, a
            way to compare with, or "nothing"; ``steps`` and ``seed``: see :class:`~opom_edu.lessons.replay.ReplayModel`.

    Raises:
        PeopleError: if there are no strangers.
        ValueError: for an unknown way, or something else than a differentiable recognizer.

    Example:
        >>> player = mask_player(people, surrogate, person="Ada", way="center", steps=8).wait()
        >>> type(player).__name__
        'MaskPlayer'
        >>> player.close()
    """
    given = {name: options.pop(name) for name in ("steps", "seed") if name in options}
    other = options.pop("other", "affine")
    return MaskPlayer(ReplayModel(people, surrogate, **given), Take(**{"person": next(iter(people)), **options}), other)


class MaskPlayer(Lab):
    """The view of a :class:`~opom_edu.lessons.replay.ReplayModel`: see :func:`mask_player`.

    Attributes:
        replay: what was computed.
        person, way, other, levels, plane, play, step, stop: the controls; ``step`` is the slider.
        figure: the plotly chart; ``masks`` and ``photo``: pictures; ``board``, ``status``, ``alert``: HTML.

    Example:
        >>> player = mask_player(people, surrogate, person="Ada", steps=8).wait()
        >>> player.close()
    """

    def __init__(self, replay: ReplayModel, take: Take, other: str = "affine") -> None:
        super().__init__()
        if other != ALONE:
            Take(take.person, other)  # names the choices if there is none of this name
        self.replay = replay
        self._make_controls(take, other)
        self.masks, self.photo, self.board = (Picture(118), Picture(118)), Picture(118), widgets.HTML()
        self._key: tuple[Any, ...] = ()
        self._places: list[Tensor] = []
        self.figure = make_chart()
        pictures = widgets.VBox([self.photo.widget, *(mask.widget for mask in self.masks)], layout={"flex": "0 0 auto"})
        choices = [self.person, self.way, self.other, self.levels, self.plane]
        below = widgets.HBox([pictures, widgets.VBox([self.figure, self.board])])
        self.fill([widgets.HBox(choices)], [below], [self.play, self.step])
        self.watch(*choices, self.step)

    def _make_controls(self, take: Take, other: str) -> None:
        steps = self.replay.steps
        self.person = pick("person", list(self.replay.people), take.person, 175, 48)
        self.way = pick("leave", WAYS, take.way, 220, 44)
        self.other = pick("beside", (ALONE, *WAYS), other, 225, 48)
        levels = sorted({*LEVELS, take.levels})
        self.levels = pick("epsilon", [(f"{x:g} of 255", x) for x in levels], take.levels, 165, 54)
        self.plane = pick("plane of", [("the two paths", "paths"), ("all clean photos", "photos")], "paths", 220, 60)
        self.play = widgets.Play(min=0, max=steps, value=steps, interval=PAUSE, layout={"width": "auto"})
        self.step = widgets.IntSlider(
            min=0, max=steps, value=steps, description="step", tooltip="How many steps were taken; arrow keys move it",
            style={"description_width": "36px"}, layout={"width": "380px"},
        )  # fmt: skip
        widgets.jslink((self.play, "value"), (self.step, "value"))

    @property
    def takes(self) -> list[Take]:
        """What is to be seen: one take, or two to compare."""
        ways = [self.way.value] + [self.other.value] * (self.other.value not in (ALONE, self.way.value))
        return [Take(self.person.value, way, self.levels.value) for way in ways]

    def work(self) -> Iterator[None]:
        takes, scene = self.takes, self.replay.scene(self.takes[0])
        runs: list[Path] = []
        drawn = 0.0
        for take in takes:
            for frames in self.replay.learn(take):
                self.say(f"learning: {take.way}...", (len(runs) + len(frames) / (self.replay.steps + 1)) / len(takes))
                if time.monotonic() - drawn > LIVE:
                    self._draw(takes, scene, [*runs, frames], plane_of_photos(scene), len(frames) - 1)
                    drawn, self._key = time.monotonic(), ()
                yield
            runs.append(self.replay.known(take) or ())
        key = (*takes, self.plane.value)
        if key == self._key:
            self._draw_step(takes, scene, runs, self.step.value)
        else:
            plane = plane_of_photos(scene) if self.plane.value == "photos" else plane_of_paths(scene, runs)
            self._draw(takes, scene, runs, plane, self.step.value)
        self._key = key
        self.done("ready: play, or move the step")

    def _draw(self, takes: Sequence[Take], scene: Scene, runs: Sequence[Path], plane: Plane, index: int) -> None:
        """Everything anew, and frame ``index``."""
        self._places = [tracks(run, plane) for run in runs]
        name_runs(self.figure, takes, len(runs))
        with self.figure.batch_update():
            draw_runs(self.figure, scene, runs, plane, self.replay.steps)
        self._draw_step(takes, scene, runs, index)

    def _draw_step(self, takes: Sequence[Take], scene: Scene, runs: Sequence[Path], index: int) -> None:
        """Frame ``index`` of all runs."""
        now = [run[min(index, len(run) - 1)] for run in runs]
        with self.figure.batch_update():
            draw_frame(self.figure, scene, now, self._places)
        person = self.replay.people[takes[0].person]
        for picture, take, frame in zip(self.masks, takes, now, strict=False):
            picture.show(
                (0.5 + MAGNIFIED * frame.delta.float()).clamp(0, 1), f"mask: {take.way}, {MAGNIFIED} times magnified"
            )
        self.masks[1].widget.layout.display = "none" if len(takes) < 2 else ""
        masked = (person.test[0] + now[0].delta.float()).clamp(0, 1)
        self.photo.show(masked, f"a test photo of {person.name}, {takes[0].way}")
        self.board.value = _told(takes, scene, now)

    def still(self) -> str:
        if not self._places:
            return f"<p>{escape(self.person.value)}: not computed yet</p>"
        told = f"{self.person.value}, epsilon {self.levels.value:g} of 255, step {self.step.value} of {self.replay.steps}"
        chart = drawing(as_picture(self.figure, self.step.value), "loss, similarity, and the plane at this step")
        return pictured(told, (self.photo, *self.masks[: len(self.takes)]), chart, self.board.value)


def _told(takes: Sequence[Take], scene: Scene, now: Sequence[Frame]) -> str:
    """The present step in words and figures, as HTML."""
    rows = []
    for take, frame, color, sign in zip(takes, now, COLOR, "●◆", strict=False):
        train, test = (float(part.mean()) for part in similarities(frame, scene.clean))
        rows.append(
            f'<tr><th scope="row"><span style="color:{color}">{sign}</span> {escape(take.way)}</th>'
            f"<td>step {frame.index}</td><td>loss {frame.loss:.3f}</td>"
            f"<td>similarity: training photos {train:.2f}, test photos {test:.2f}</td></tr>"
        )
    agree = (
        f"Both masks point the same way in {same_sign(now[0].delta, now[1].delta):.0%} of the values. " if now[1:] else ""
    )
    note = f"Test photos under random noise of this size: {scene.noise:.2f}; strangers: {scene.stranger:.2f}."
    return f'<table class="opom-board" style="width:auto">{"".join(rows)}</table><div class="opom-note">{agree}{note}</div>'
