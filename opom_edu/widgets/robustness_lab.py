"""The robustness lab: do something to a protected photo, drag how much, and see whether the protection survives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import ipywidgets as widgets
import torch
from torch import Tensor

from opom_edu.evaluation import CHANGES, PURIFIERS, Gallery, calibrate
from opom_edu.faces import People, quantize
from opom_edu.masks import OPOM, Mask, RandomNoise
from opom_edu.plots.protection import COLORS, GRAY, LIGHT
from opom_edu.recognizers import Recognizer
from opom_edu.widgets.lab import Lab, shown
from opom_edu.widgets.parts import Picture

KINDS = {"unprotected": LIGHT, "random noise": GRAY, "mask": COLORS[1]}
FMR = 1e-2
NOTE = f"""<div class="opom-note">Bars: the mean similarity, 0 to 1, of the person's changed test photos to their clean other
photos. The line is the threshold at a false-match rate of {FMR:g} on the other people; in words, how many of the pairs still
match. All people in the gallery are unchanged.</div>"""


def robustness_lab(people: People, surrogate: Recognizer, targets: Sequence[Recognizer], **options: Any) -> RobustnessLab:
    """Choose a change and how severe it is; see the photos and what recognizers make of them.

    Args:
        people: three or more; their distractors are not needed.
        surrogate: differentiable; on it the masks are learned, OPOM with the convex hull at eps 8/255.
        targets: the black boxes that are asked.
        options: ``person`` and ``change``, names, where to begin.

    Raises:
        PeopleError: with fewer than three people.
        ValueError: for an unknown person or change, a surrogate without gradients, or too few photos for the threshold.

    Example::

        robustness_lab(load_people("synthetic", count=4), load_recognizer("ir-softmax"), [load_recognizer("ir-arcface")])
    """
    return RobustnessLab(people, OPOM(surrogate), targets, **options)


class RobustnessLab(Lab):
    """See :func:`robustness_lab`.

    Attributes:
        person, change, severity, stop: the controls. ``pictures``: of the first test photo, by kind; ``board``: HTML.
    """

    def __init__(
        self, people: People, method: OPOM, targets: Sequence[Recognizer], person: str | None = None, change: str = "JPEG"
    ) -> None:
        super().__init__()
        self.people, self.method, self.changes = people, method, {**CHANGES, **PURIFIERS}
        for what, choice, choices in (("person", person or next(iter(people)), people), ("change", change, self.changes)):
            if choice not in choices:
                raise ValueError(f"unknown {what} {choice!r}; choose one of {', '.join(choices)}")
        self.galleries = [Gallery.of(target, people) for target in targets]
        self.thresholds = [calibrate(gallery, [FMR])[FMR] for gallery in self.galleries]
        self._masks: dict[str, Mask] = {}
        self.pictures = {kind: Picture(150) for kind in KINDS}
        self.board = widgets.HTML()
        self.person = widgets.Dropdown(options=list(people), value=person or next(iter(people)), description="person")
        self.change = widgets.Dropdown(options=list(self.changes), value=change, description="change")
        self.severity = widgets.SelectionSlider(options=[0], description="severity", layout={"width": "440px"})
        self._offer()
        self.fill(
            widgets.HBox([self.person, self.change]),
            self.severity,
            widgets.HBox([self.progress, self.status, self.stop], layout={"align_items": "center"}),
            self.alert,
            widgets.HBox([picture.widget for picture in self.pictures.values()]),
            self.board,
            widgets.HTML(NOTE),
        )
        self.change.observe(self._offer, "value")
        for control in (self.person, self.severity):
            control.observe(self.restart, "value")
        self.restart()

    @shown
    def _offer(self, change: Any = None) -> None:
        """Offer the severities of the chosen change, the mild ones first."""
        chosen = self.changes[self.change.value]
        self.severity.options = [(f"{severity:g} ({chosen.unit})", severity) for severity in chosen.severities]
        if change is not None:
            self.restart()

    def work(self) -> Iterator[None]:
        name, change, severity = self.person.value, self.changes[self.change.value], self.severity.value
        person = self.people[name]
        if name not in self._masks:
            for step in self.method.iterate(person.train):
                self.say(f"learning {name}'s mask...", step.progress)
                yield
            self._masks[name] = Mask(step.delta.cpu(), self.method.eps, self.method.recipe())
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
            bars = "".join(_bar(kind, own, thresholds[name]) for kind, own in similar.items())
            rows.append(f'<tr><th scope="row">{escape(asked.name)}</th>{bars}</tr>')
            yield
        heads = "".join(f'<th scope="col">{kind}</th>' for kind in KINDS)
        self.board.value = f'<table class="opom-board"><tr><th scope="col">black box</th>{heads}</tr>{"".join(rows)}</table>'
        self.done()

    def still(self) -> str:
        told = f"{self.person.value}, {self.change.value}: {self.severity.label}"
        pictures = "".join(picture.widget.value for picture in self.pictures.values())
        return f'<p>{escape(told)}</p><div style="display:flex">{pictures}</div>{self.board.value}'


def _bar(kind: str, similar: Tensor, threshold: float) -> str:
    """The mean of similarities as a bar, with the threshold, and how many lie above it, as a cell of a table."""
    mean, matching = float(similar.mean()), 100 * float((similar > threshold).float().mean())
    told = f"similarity {mean:.2f}, threshold {threshold:.2f}, {matching:.0f} % match"
    width, line = (100 * min(1.0, max(0.0, value)) for value in (mean, threshold))
    bar = f'<i style="width:{width:.0f}%;background:{KINDS[kind]}"></i><b style="left:{line:.0f}%"></b>'
    words = f"<small>{mean:.2f}, {matching:.0f} % match</small>"
    return f'<td><div class="opom-bar" role="img" aria-label="{told}">{bar}</div>{words}</td>'
