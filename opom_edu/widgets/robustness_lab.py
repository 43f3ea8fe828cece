"""The robustness lab: do something to a protected photo, drag how much, and see whether the protection survives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import ipywidgets as widgets
import torch
from torch import Tensor

from opom_edu.evaluation import CHANGES, PURIFIERS, Gallery, thresholds_for
from opom_edu.faces import People, quantize
from opom_edu.masks import OPOM, Mask, RandomNoise
from opom_edu.plots.style import COLORS, GRAY, LIGHT
from opom_edu.recognizers import Recognizer
from opom_edu.widgets.html import bar, board
from opom_edu.widgets.lab import Lab, pictured, shown
from opom_edu.widgets.parts import Picture

STYLE = """<style>.opom-robust .opom-bar { width: 100%; min-width: 60px; height: 12px }
.opom-robust .opom-bar + small { margin-top: 3px } .opom-robust .opom-board { table-layout: fixed }
.opom-robust .opom-board td { white-space: normal } .opom-robust .opom-board th { overflow-wrap: anywhere; white-space: normal }
</style>"""
KINDS = {"unprotected": LIGHT, "random noise": GRAY, "mask": COLORS[1]}
FMR = 1e-2
NOTE = f"""<div class="opom-note">Bars: the mean similarity, 0 to 1, of the person's changed test photos to their clean other
photos. The line is the threshold at a false-match rate of {FMR:g}; in words, how many of the pairs still
match. All people in the gallery are unchanged.</div>"""


class RobustnessLab(Lab):
    """Choose a change and how severe it is; see the photos and what recognizers make of them.

    :func:`robustness_lab` is another name of it.

    Args:
        people: three or more; their distractors are not needed.
        surrogate: differentiable; on it the masks are learned, OPOM with the convex hull at eps 8/255.
        targets: the black boxes that are asked.
        person, change: names, where to begin.

    Raises:
        PeopleError: with fewer than three people.
        ValueError: for an unknown person or change, a surrogate without gradients, or too few photos for the threshold.

    Attributes:
        person, change, severity, stop: the controls. ``pictures``: of the first test photo, by kind; ``board``: HTML.

    Example:
        >>> lab = RobustnessLab(people, surrogate, [black_box], person="Ada", change="blur")
        >>> lab.close()
    """

    def __init__(
        self, people: People, surrogate: Recognizer, targets: Sequence[Recognizer], *, person: str | None = None,
        change: str = "JPEG",
    ) -> None:  # fmt: skip
        super().__init__()
        self.add_class("opom-robust")
        self.people, self.method, self.changes = people, OPOM(surrogate), {**CHANGES, **PURIFIERS}
        for what, choice, choices in (("person", person or next(iter(people)), people), ("change", change, self.changes)):
            if choice not in choices:
                raise ValueError(f"unknown {what} {choice!r}; choose one of {', '.join(choices)}")
        self.galleries = [Gallery.of(target, people) for target in targets]
        self.thresholds = [thresholds_for(gallery, [FMR])[FMR] for gallery in self.galleries]
        self._masks: dict[str, Mask] = {}
        self.pictures = {kind: Picture(130) for kind in KINDS}
        self.board = widgets.HTML()
        self.person = widgets.Dropdown(options=list(people), value=person or next(iter(people)), description="person")
        self.change = widgets.Dropdown(options=list(self.changes), value=change, description="change")
        self.severity = widgets.SelectionSlider(
            options=[0], layout={"width": "560px"}, style={"description_width": "initial"}
        )
        self._offer()
        pictures = widgets.HBox([picture.widget for picture in self.pictures.values()])
        self.fill(
            [widgets.HBox([self.person, self.change], layout={"flex_flow": "row wrap"}), self.severity],
            [pictures, self.board, widgets.HTML(NOTE + STYLE)],
        )
        self.change.observe(self._offer, "value")
        self.watch(self.person, self.severity)

    @shown
    def _offer(self, change: Any = None) -> None:
        """Offer the severities of the chosen change, the mild ones first."""
        chosen = self.changes[self.change.value]
        self.severity.options = [(f"{severity:g}", severity) for severity in chosen.severities]
        self.severity.description = f"severity, mild to strong ({chosen.unit})"
        if change is not None:
            self.restart()

    def work(self) -> Iterator[None]:
        name, change, severity = self.person.value, self.changes[self.change.value], self.severity.value
        person = self.people[name]
        if name not in self._masks:
            self._masks[name] = yield from self.learned(self.method, person.train, f"learning {name}'s mask...")
        worn = {"random noise": RandomNoise(eps=self.method.eps).fit(person.train), "mask": self._masks[name]}
        photos: dict[str, Tensor] = {}
        for kind, picture in self.pictures.items():
            masked = quantize(worn[kind].apply(person.test)) if kind in worn else person.test
            photos[kind] = change.apply(masked, severity)
            picture.show(photos[kind][0], kind)
            yield
        rows: list[str] = []
        other = ~torch.eye(len(person.test), dtype=torch.bool)  # than the photo itself
        for gallery, thresholds in zip(self.galleries, self.thresholds, strict=True):
            asked = gallery.recognizer
            self.say(f"asking {asked.name}...", len(rows) / len(self.galleries))
            similar = {kind: (asked.embed(own) @ gallery.own[name].T).cpu()[other] for kind, own in photos.items()}
            cells = "".join(_cell(kind, own, thresholds[name]) for kind, own in similar.items())
            rows.append(f'<tr><th scope="row">{escape(asked.name)}</th>{cells}</tr>')
            yield
        self.board.value = board(("black box", *KINDS), rows)
        self.done()

    def still(self) -> str:
        told = f"{self.person.value}, {self.change.value}: {self.severity.label} ({self.changes[self.change.value].unit})"
        return pictured(told, self.pictures.values(), self.board.value)


def _cell(kind: str, similar: Tensor, threshold: float) -> str:
    """The mean of similarities as a bar, with the threshold, and how many lie above it, as a cell of a table."""
    mean, matching = float(similar.mean()), 100 * float((similar > threshold).float().mean())
    told = f"similarity {mean:.2f}, threshold {threshold:.2f}, {matching:.0f} % match"
    width, line = (100 * min(1.0, max(0.0, value)) for value in (mean, threshold))
    words = f"<small>{mean:.2f}, {matching:.0f} % match</small>"
    return f"<td>{bar(width, KINDS[kind], line=line, told=told)}{words}</td>"


robustness_lab = RobustnessLab
