"""The mask player: watch a mask being learned, step by step, and where the paths of two methods part."""

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
from opom_edu.widgets.lab import Lab, pictured, shown
from opom_edu.widgets.parts import Picture, pick, sized, wrap
from opom_edu.widgets.player_chart import COLOR, Path, as_picture, draw_frame, draw_runs, make_chart, name_runs, tracks

ALONE = "nothing"
MAGNIFIED = 8
PAUSE = 250  # milliseconds between two steps while it plays
LIVE = 0.25  # seconds between two pictures while it learns
LEVELS = (2, 4, 8, 16)
WARMED = ("convex", "reduced")  # the affine hull needs no warm-up, the center is what it warms up on


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
        figure: the plotly chart; ``photos`` and ``masks``: pictures; ``board``, ``status``, ``alert``: HTML.

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
        self.photos, self.masks, self.board = [Picture(84), Picture(84)], [Picture(84), Picture(84)], widgets.HTML()
        self._places: list[Tensor] = []
        self._shown: tuple[list[Take], Scene, list[Path]] | None = None  # of a run that was stopped, the part there is
        self.figure = make_chart()
        pairs = [picture.widget for pair in zip(self.photos, self.masks, strict=True) for picture in pair]
        self.board.layout.flex, self.board.layout.min_width = "1 1 280px", "0"
        choices = [self.person, self.way, self.other, self.levels, self.plane]
        below = widgets.HBox([*pairs, self.board], layout={"flex_flow": "row wrap"})
        self.fill([wrap(*choices)], [sized(self.figure), below], [self.play, self.step])
        self.step.observe(self._look, "value")
        self.watch(*choices)

    def _make_controls(self, take: Take, other: str) -> None:
        steps = self.replay.steps
        self.person = pick("person", list(self.replay.people), take.person, 140, 48)
        self.way = pick("method", WAYS, take.way, 200, 56)
        self.other = pick("beside", (ALONE, *WAYS), other, 190, 50)
        levels = sorted({*LEVELS, take.levels})
        self.levels = pick("epsilon", [(f"{x:g} of 255", x) for x in levels], take.levels, 150, 54)
        self.plane = pick("plane of", [("the paths", "paths"), ("clean photos", "photos")], "paths", 180, 58)
        self.play = widgets.Play(min=0, max=steps, value=steps, interval=PAUSE, layout={"width": "auto"})
        self.step = widgets.IntSlider(
            min=0, max=steps, value=steps, description="step", tooltip="How many steps were taken; arrow keys move it",
            style={"description_width": "32px"}, layout={"flex": "1 1 150px", "max_width": "280px"},
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
                self._shown = takes, scene, [*runs, frames]
                if time.monotonic() - drawn > LIVE:
                    self._draw(plane_of_photos(scene), len(frames) - 1)
                    drawn = time.monotonic()
                yield
            runs.append(self.replay.known(take) or ())
        self._shown = takes, scene, runs
        self._draw(plane_of_photos(scene) if self.plane.value == "photos" else plane_of_paths(scene, runs), self.step.value)
        self.done("ready: play it")

    @shown
    def _look(self, _: Any) -> None:
        """Another step of what is there: nothing is learned, and a run that goes on is not disturbed."""
        if self._done.is_set() and self._shown:
            self._done.clear()
            self._worker.submit(self._step())

    def _step(self) -> Iterator[None]:
        self._draw_step(self.step.value)
        self._done.set()
        yield

    def _halt(self) -> Iterator[None]:
        """With what there is of a run that is given up, at its last step."""
        if self._shown:
            last = len(self._shown[2][-1]) - 1
            self._draw(plane_of_photos(self._shown[1]), last)
            self.step.value = last
        yield from super()._halt()

    def _draw(self, plane: Plane, index: int) -> None:
        """Everything anew, and frame ``index``."""
        assert self._shown
        takes, scene, runs = self._shown
        warmup = max((self.replay.method(take).recipe()["warmup"] for take in takes if take.way in WARMED), default=0)
        self._places = [tracks(run, plane) for run in runs]
        name_runs(self.figure, takes, len(runs))
        with self.figure.batch_update():
            draw_runs(self.figure, scene, runs, plane, self.replay.steps, warmup)
        self._draw_step(index)

    def _draw_step(self, index: int) -> None:
        """Frame ``index`` of all runs."""
        assert self._shown
        takes, scene, runs = self._shown
        now = [run[min(index, len(run) - 1)] for run in runs]
        with self.figure.batch_update():
            draw_frame(self.figure, scene, now, self._places)
        test = self.replay.people[takes[0].person].test[0]
        for photo, mask, take, frame in zip(self.photos, self.masks, takes, now, strict=False):
            delta = frame.delta.float()
            photo.show((test + delta).clamp(0, 1), f"{takes[0].person}, {take.way}")
            mask.show((0.5 + MAGNIFIED * delta).clamp(0, 1), f"its mask, {MAGNIFIED} times")
        for picture in (self.photos[1], self.masks[1]):
            picture.widget.layout.display = "none" if len(takes) < 2 else ""
        self.board.value = _told(takes, scene, now)

    def still(self) -> str:
        if not self._places:
            return f"<p>{escape(self.person.value)}: not computed yet</p>"
        told = f"{self.person.value}, epsilon {self.levels.value:g} of 255, step {self.step.value} of {self.replay.steps}"
        chart = drawing(as_picture(self.figure, self.step.value), "loss, similarity, and the plane at this step")
        count = len(self.takes)
        return pictured(told, (*self.photos[:count], *self.masks[:count]), chart, self.board.value)


def _told(takes: Sequence[Take], scene: Scene, now: Sequence[Frame]) -> str:
    """The present step in words and figures, as HTML."""
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("", "step", "loss", "training", "test"))
    rows = []
    for take, frame, color, sign in zip(takes, now, COLOR, "●◆", strict=False):
        train, test = (float(part.mean()) for part in similarities(frame, scene.clean))
        rows.append(
            f'<tr><th scope="row"><span style="color:{color}">{sign}</span> {escape(take.way)}</th>'
            f"<td>{frame.index}</td><td>{frame.loss:.3f}</td><td>{train:.2f}</td><td>{test:.2f}</td></tr>"
        )
    agree = (
        f"Both masks have the same sign in {same_sign(now[0].delta, now[1].delta):.0%} of the values. " if now[1:] else ""
    )
    note = (
        f"Training, test: similarity of the masked photos to the person's other photos. Test photos under random noise of "
        f"this size: {scene.noise:.2f}; strangers: {scene.stranger:.2f}."
    )
    table = f'<table class="opom-board" style="width:auto"><tr>{heads}</tr>{"".join(rows)}</table>'
    return f'{table}<div class="opom-note">{agree}{note}</div>'
