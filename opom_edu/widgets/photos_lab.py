"""The photos lab: from how many photos is a mask learned, and how well do they describe the photos that nobody has taken?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from html import escape

import ipywidgets as widgets

from opom_edu.evaluation import Gallery
from opom_edu.faces import People
from opom_edu.faces.images import magnification
from opom_edu.hulls import hull_type
from opom_edu.masks import OPOM, Mask, RandomNoise
from opom_edu.plots import curves
from opom_edu.plots.protection import COLORS
from opom_edu.recognizers import Recognizer
from opom_edu.widgets.lab import Lab
from opom_edu.widgets.parts import Picture, drawing

HULLS = ("convex", "center", "affine", "reduced")


def photos_lab(people: People, surrogate: Recognizer, recognizers: Sequence[Recognizer], *, photos: int = 3) -> PhotosLab:
    """Slide the number of training photos; see the mask, whom it protects from, and how far the hull is from unseen photos.

    Args:
        people: each with two test photos or more.
        surrogate: differentiable; masks are learned on it, and tried on it and on all ``recognizers``.
        photos: to begin with.
    """
    return PhotosLab(people, surrogate, recognizers, photos)


class PhotosLab(Lab):
    """See :func:`photos_lab`; ``person``, ``hull`` and ``photos`` are its controls."""

    def __init__(self, people: People, surrogate: Recognizer, recognizers: Sequence[Recognizer], photos: int) -> None:
        super().__init__()
        self.people, self.surrogate = people, surrogate
        names = {"style": {"description_width": "60px"}, "layout": {"width": "200px"}}
        self.person = widgets.Dropdown(options=list(people), description="person", **names)
        self.hull = widgets.Dropdown(options=HULLS, description="hull", **names)
        most = min(len(person.train) for person in people.values())
        self.photos = widgets.IntSlider(value=photos, min=1, max=most, description="training photos",
                                        style={"description_width": "100px"}, layout={"width": "380px"})  # fmt: skip
        self.picture, self.pattern = Picture(150), Picture(150)
        self.board, self.chart = widgets.HTML(), widgets.HTML()
        self._gallery = cache(lambda target: Gallery.of(target, people))
        self._targets, self._chart = (surrogate, *recognizers), cache(self._distances)
        self._masks: dict[tuple[str, str, int], Mask] = {}
        self.fill(
            widgets.HBox([self.person, self.hull, self.photos]),
            widgets.HBox([self.progress, self.status, self.stop], layout={"align_items": "center"}),
            self.alert,
            widgets.HBox([widgets.VBox([widgets.HBox([self.picture.widget, self.pattern.widget]), self.board]), self.chart]),
        )
        for control in (self.person, self.hull, self.photos):
            control.observe(self.restart, "value")
        self.restart()

    def work(self) -> Iterator[None]:
        name, hull, count = key = self.person.value, self.hull.value, self.photos.value
        person = self.people[name]
        if key not in self._masks:
            method = OPOM(self.surrogate, hull=hull)
            for step in method.iterate(person.train[:count]):
                self.say(f"learning from {count} photos...", step.progress)
                yield
            self._masks[key] = Mask(step.delta.cpu(), method.eps, method.recipe())
        mask = self._masks[key]
        self.picture.show(mask.apply(person.test[:1])[0], f"{name}, an unseen photo, masked")
        self.pattern.show((0.5 + mask.delta * magnification(mask.eps)).clamp(0, 1), "the mask, magnified")
        self.say("measuring distances...")
        yield
        self.chart.value = self._chart(name, hull)
        rows = ["<tr><th>recognizer</th><th>PSR of the mask</th><th>noise</th><th>unprotected</th></tr>"]
        for target in self._targets:
            self.say(f"asking {target.name}...")
            yield
            rows.append(self._row(target, name, mask))
        self.board.value = f'<table class="opom-board">{"".join(rows)}</table>'
        self.done()
        yield

    def _row(self, target: Recognizer, name: str, mask: Mask) -> str:
        gallery, noise = self._gallery(target), RandomNoise(eps=mask.eps).fit(self.people[name].train)
        own = [{name: mask}, {name: noise}, None]
        rates = [100 * gallery.probes(masks, among=[name])[name].success(1) for masks in own]
        box = "white box" if target.networks & self.surrogate.networks else "black box"
        bar = f'<div class="opom-bar"><i style="width:{rates[0]:.0f}%;background:{COLORS[1]}"></i></div>'
        cells = f'<td>{bar}<b class="opom-score">{rates[0]:.0f} %</b></td><td>{rates[1]:.0f} %</td><td>{rates[2]:.0f} %</td>'
        return f'<tr><th scope="row">{escape(target.name)}<br><small>{box}</small></th>{cells}</tr>'

    def _distances(self, name: str, hull: str) -> str:
        """The distance of unseen photos and of strangers to the hull of the first 1, 2, ... photos, as a figure."""
        person, gallery = self.people[name], self._gallery(self.surrogate)
        train, make = self.surrogate.embed(person.train[: self.photos.max]), hull_type(hull)
        counts = range(1, self.photos.max + 1)
        groups = {"unseen photos": gallery.own[name], "strangers": gallery.strangers(name)}
        lines = {who: [float(make(train[:n]).distance(x).mean()) for n in counts] for who, x in groups.items()}
        title = f"Distance to the {hull} hull of {name}'s photos"
        figure = curves(
            counts, lines, title=title, x_label="training photos", y_label="mean distance on the surrogate", percent=False
        )
        figure.set_size_inches(4.6, 3.2)
        figure.axes[0].set_ylim(bottom=0)
        return drawing(figure, title)

    def still(self) -> str:
        parts = (self.picture.widget, self.pattern.widget, self.board, self.chart)
        told = f"{self.person.value}, {self.hull.value}, {self.photos.value} training photos"
        return f"<p>{escape(told)}</p><table><tr>{''.join(f'<td>{part.value}</td>' for part in parts)}</tr></table>"
