"""The photo count lab: from how many photos is a mask learned, and how well do they describe the unseen ones?"""

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
from opom_edu.plots.style import COLORS
from opom_edu.recognizers import Recognizer
from opom_edu.widgets.html import bar, board, row_head
from opom_edu.widgets.lab import Lab
from opom_edu.widgets.parts import Picture, pick

HULLS = ("center", "reduced", "convex", "affine")
STYLE = """<style>.opom-photo-count .opom-board br { display: none } .opom-photo-count .opom-board th { white-space: normal }
.opom-photo-count .opom-bar { display: inline-block; vertical-align: middle; height: 14px; margin-right: 8px }</style>"""
WRAP = {"flex_flow": "row wrap"}


class PhotoCountLab(Lab):
    """Slide the number of training photos; see the mask, whom it protects from, and how far the hull is from unseen photos.

    :func:`photo_count_lab` is another name of it; ``person``, ``hull`` and ``photos`` are its controls.

    Args:
        people: each with two test photos or more.
        surrogate: differentiable; masks are learned on it, and tried on it and on all ``recognizers``.
        person, photos: to begin with.

    Example:
        >>> lab = PhotoCountLab(people, surrogate, [black_box], person="Ada")
        >>> lab.close()
    """

    def __init__(
        self, people: People, surrogate: Recognizer, recognizers: Sequence[Recognizer], *, person: str | None = None,
        photos: int = 3,
    ) -> None:  # fmt: skip
        super().__init__()
        self.add_class("opom-photo-count")
        self.people, self.surrogate = people, surrogate
        self.person = pick("person", list(people), person or next(iter(people)), 150, 50)
        self.hull = pick("hull", HULLS, "convex", 140, 40)
        most = min(len(person.train) for person in people.values())
        self.photos = widgets.IntSlider(value=photos, min=1, max=most, description="training photos",
                                        style={"description_width": "100px"}, layout={"width": "360px"})  # fmt: skip
        self.picture, self.pattern = Picture(134), Picture(134)
        self.board, self.chart = widgets.HTML(), widgets.HTML(layout={"flex": "1 1 300px", "min_width": "0"})
        self._gallery = cache(lambda target: Gallery.of(target, people))
        self._targets, self._chart = (surrogate, *recognizers), cache(self._distances)
        self._masks: dict[tuple[str, str, int], Mask] = {}
        shown = [widgets.HBox([self.picture.widget, self.pattern.widget, self.chart]), self.board, widgets.HTML(STYLE)]
        self.fill([widgets.HBox([self.person, self.hull, self.photos], layout=WRAP)], shown)
        self.watch(self.person, self.hull, self.photos)

    def work(self) -> Iterator[None]:
        name, hull, count = key = self.person.value, self.hull.value, self.photos.value
        person = self.people[name]
        if key not in self._masks:
            method, told = OPOM(self.surrogate, hull=hull), f"learning from photos: {count}..."
            self._masks[key] = yield from self.learned(method, person.train[:count], told)
        mask = self._masks[key]
        self.picture.show(mask.apply(person.test[:1])[0], f"{name}, an unseen photo, masked")
        factor = magnification(mask.eps)
        self.pattern.show(
            (0.5 + mask.delta * factor).clamp(0, 1), f"the mask, {factor:.0f} times magnified; gray: no change"
        )
        self.say("measuring distances...")
        yield
        self.chart.value = self._chart(name, hull, count)
        rows = []
        for target in self._targets:
            self.say(f"asking {target.name}...")
            yield
            rows.append(self._row(target, name, mask))
        self.board.value = board(("recognizer", "PSR, rank 1: mask", "noise", "unprotected"), rows)
        self.done()
        yield

    def _row(self, target: Recognizer, name: str, mask: Mask) -> str:
        gallery, noise = self._gallery(target), RandomNoise(eps=mask.eps).fit(self.people[name].train)
        own = [{name: mask}, {name: noise}, None]
        rates = [100 * gallery.probes(masks, among=[name])[name].success(1) for masks in own]
        head = row_head(target.name, target.shares_network(self.surrogate))
        mask_cell = f'<td>{bar(rates[0], COLORS[1])}<b class="opom-score">{rates[0]:.0f} %</b></td>'
        return f"<tr>{head}{mask_cell}<td>{rates[1]:.0f} %</td><td>{rates[2]:.0f} %</td></tr>"

    def _distances(self, name: str, hull: str, count: int) -> str:
        """The distance of unseen photos and of strangers to the hull of the first 1, 2, ... photos, as a figure."""
        person, gallery = self.people[name], self._gallery(self.surrogate)
        train, make = self.surrogate.embed(person.train[: self.photos.max]), hull_type(hull)
        counts = range(1, self.photos.max + 1)
        groups = {"unseen photos": gallery.own[name], "strangers": gallery.strangers(name)}
        lines = {who: [float(make(train[:n]).distance(x).mean()) for n in counts] for who, x in groups.items()}
        title = f"Distance to {name}'s {hull} hull"
        figure = curves(
            counts, lines, title=title, x_label="training photos (line: yours)", y_label="mean distance",
            percent=False, cursor=count,
        )  # fmt: skip
        figure.set_size_inches(4.2, 2.7)
        figure.axes[0].set_ylim(bottom=0)
        return figure._repr_html_()

    def still(self) -> str:
        parts = (self.picture.widget, self.pattern.widget, self.board, self.chart)
        told = f"{self.person.value}, {self.hull.value}, {self.photos.value} training photos"
        return f"<p>{escape(told)}</p><table><tr>{''.join(f'<td>{part.value}</td>' for part in parts)}</tr></table>"


photo_count_lab = PhotoCountLab
