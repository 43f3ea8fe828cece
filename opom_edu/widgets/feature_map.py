"""The feature map: people in feature space, drawn by PCA or UMAP, and masked photos on their way out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from html import escape
from typing import Any

import ipywidgets as widgets
import numpy as np

from opom_edu.faces import People
from opom_edu.lessons.epsilon import LARGEST
from opom_edu.lessons.maps import PROJECTIONS, MapModel
from opom_edu.recognizers import Recognizer
from opom_edu.widgets.feature_figure import ARROW, blank, coloring, outline, printed, trace_of
from opom_edu.widgets.html import drawing
from opom_edu.widgets.lab import Lab, shown
from opom_edu.widgets.parts import Picture, epsilon_slider, pick, sized, wrap

CONDITIONS = ("yaw", "pitch", "light_azimuth", "light_elevation", "light_hardness", "expression", "hair", "glasses", "sex",
              "age", "skin", "part")  # fmt: skip
NOTES = {
    "PCA": "A shadow of the space: {variance:.0%} of the variance of all photos is in it, the rest is hidden.",
    "UMAP": "Neighbors stay neighbors; distances and sizes on this map mean little. A masked photo is placed among the 15 "
    "photos nearest to it.",
}


def feature_map(
    people: People, recognizer: Recognizer, *, surrogate: Recognizer | None = None, person: str | None = None,
    method: str = "PCA", dims: int = 2, color: str = "identity", levels: float = 8.0, seed: int = 0,
) -> FeatureMap:  # fmt: skip
    """See people in a recognizer's feature space, by PCA or UMAP, in 2D or 3D; hover to see the face.

    A person's test photos travel along arrows (in 3D, lines that end in a diamond) as epsilon grows. Their mask is learned
    once, for 16 levels, on the training photos, and clipped to epsilon. On a UMAP map, masked photos are placed by their 15
    nearest photos: see :meth:`opom_edu.lessons.maps.Projection.place`.

    Args:
        people: three or more.
        recognizer: whose feature space is drawn.
        surrogate: differentiable, on which masks are learned; by default the recognizer.
        person: whose region and masked photos are drawn; by default the first.
        method, dims: "PCA" or "UMAP"; 2 or 3.
        color: "identity" or a condition, a column of ``people.photos``.
        levels: epsilon to begin with, 0 to 16 gray levels of 255 in steps of 0.5.
        seed: of UMAP and of the mask.

    Raises:
        PeopleError: with fewer than three people.
        MissingExtraError: without plotly.
        ValueError: for a recognizer that is none.
        TraitError: for a method, dims or color that is not offered.

    Example:
        >>> lab = feature_map(people, surrogate, person="Ada", color="yaw").wait()
        >>> type(lab).__name__
        'FeatureMap'
        >>> lab.close()
    """
    state = MapModel(people, recognizer, surrogate or recognizer, seed=seed)
    return FeatureMap(state, person or next(iter(people)), method, dims, color, levels)


class FeatureMap(Lab):
    """The view of a :class:`~opom_edu.lessons.maps.MapModel`: see :func:`feature_map`.

    Attributes:
        state: what was computed.
        method, dims, color, person, slider, photo: the controls.
        figure: the plotly FigureWidget; ``face``, ``masked``: the pictures; ``legend``, ``told``: HTML.

    Example:
        >>> lab = feature_map(people, surrogate, person="Ada").wait()
        >>> lab.close()
    """

    def __init__(self, state: MapModel, person: str, method: str, dims: int, color: str, levels: float) -> None:
        super().__init__()
        self.state = state
        self._drawn: tuple[Any, ...] = ()
        toggles = {"style": {"button_width": "62px"}, "layout": {"width": "150px"}}
        known = [name for name in CONDITIONS if name in state.table]
        self.method = widgets.ToggleButtons(
            options=PROJECTIONS, value=method, tooltips=["A shadow", "Neighborhoods"], **toggles
        )
        self.dims = widgets.ToggleButtons(options=[("2D", 2), ("3D", 3)], value=dims, **toggles)
        self.color = pick("color", ["identity", *known], color, 210, 56)
        self.person = pick("person", list(state.people), person, 210, 56)
        self.slider = epsilon_slider(levels, LARGEST, 380)
        self.photo = widgets.IntSlider(value=1, min=1, max=len(state.people[person].test), description="test photo",
                                       tooltip="Whose pictures stand on the right",
                                       style={"description_width": "70px"}, layout={"width": "270px"})  # fmt: skip
        self.face, self.masked = Picture(132), Picture(132)
        self.legend, self.told = widgets.HTML(), widgets.HTML()
        self.figure = blank()
        for trace in self.figure.data:
            if trace.name in ("strangers", "people", "tips"):
                trace.on_hover(partial(self._hovered, trace.name))
        side = widgets.VBox([widgets.HBox([self.face.widget, self.masked.widget]), self.told, self.legend],
                            layout={"flex": "1 1 300px", "max_width": "360px"})  # fmt: skip
        controls = [[self.method, self.dims, self.color, self.person], [self.slider, self.photo]]
        self.fill(
            [wrap(*row) for row in controls],
            [widgets.HBox([sized(self.figure, "3 1 380px"), side], layout={"flex_flow": "row wrap"})],
        )
        self.watch(self.method, self.dims, self.color, self.person, self.slider, self.photo)

    @shown
    def restart(self, change: Any = None) -> None:
        if change is not None and change["owner"] is self.person:
            self.photo.max = len(self.state.people[self.person.value].test)
        super().restart(change)

    def work(self) -> Iterator[None]:
        state, method, dims, person = self.state, self.method.value, self.dims.value, self.person.value
        levels = round(2 * self.slider.value) / 2
        if method == "PCA":
            state.fit(method, dims)
        wanted = (method, dims) in state.maps
        if not wanted:  # the PCA serves until UMAP, in a thread of its own, is there
            self.say("UMAP is loaded and fitted, the very first time for half a minute or more. Meanwhile: PCA...", 0.1)
            self._second.submit(self._fit(method, dims))
            state.fit("PCA", dims)
        self._draw_map(method if wanted else "PCA", dims, person)
        yield
        if levels:
            yield from self._learn(person)
        self._draw_masked(person, levels)
        if wanted:
            self.done()
            if state.masked(person) is None:
                yield from self._learn(person)
                self._draw_masked(person, levels)
                self.say("ready")

    def _fit(self, method: str, dims: int) -> Iterator[None]:
        self.state.fit(method, dims)
        yield
        self.restart()

    def _learn(self, person: str) -> Iterator[None]:
        for share in self.state.learn(person):
            self.say(f"learning a mask for {person}, and what it does at every epsilon...", share)
            yield

    def _draw_map(self, method: str, dims: int, person: str) -> None:
        wanted = (method, dims, person, self.color.value)
        if wanted == self._drawn:
            return
        places, count = self.state.maps[method, dims].places, len(self.state.table)
        colors, symbols, self.legend.value = coloring(self.state.table, self.color.value)
        # One batch per property: where a batch changes it for some traces only, plotly resets it for the others.
        with self.figure.batch_update():
            self._put("strangers", places[count:])
            self._put("people", places[:count])
            self._put("region", outline(places[self.state.rows(person)]))
        look = {"color": colors, "symbol": "circle" if symbols is None else symbols, "showscale": symbols is None}
        bar = {"title": {"text": self.color.value.replace("_", " ")}, "thickness": 12}
        trace_of(self.figure, "people", dims).update(marker={**look, "colorbar": bar})
        if dims == 2:  # pairs of points, of which only the second is drawn: an arrow that comes from the first
            trace_of(self.figure, "tips", dims).update(marker={"size": [0, ARROW] * len(self.state.people[person].test)})
        with self.figure.batch_update():
            for trace in self.figure.data:
                trace.visible = (trace.type in ("scatter3d", "mesh3d")) == (dims == 3)
            self.figure.layout.xaxis.visible = self.figure.layout.yaxis.visible = dims == 2
        self._drawn = wanted

    def _draw_masked(self, person: str, levels: float) -> None:
        state, number = self.state, self.photo.value - 1
        method, dims, *_ = self._drawn
        projection, test = state.maps[method, dims], state.rows(person, "test")
        masked = state.masked(person)
        self._show_pair(number, levels)
        note = NOTES[method].format(variance=projection.variance or 0)
        words = ""
        if masked is not None:
            now = state.strays(person, levels)
            words = (
                f"At {levels:g} levels, <b>{now.strays:.0f} of {now.photos:.0f}</b> photos of {escape(person)} have a photo "
                f"of <b>somebody else</b> as their nearest in the whole space of {masked.shape[-1]} numbers. Similarity "
                f'to {escape(person)}\'s center: <b class="opom-score">{now.similarity:.2f}</b> '
                f"({now.unprotected:.2f} without a mask)."
            )
        learned = f"The mask: learned once for 16 levels on {escape(state.masks.surrogate.name)}, clipped to epsilon."
        self.told.value = f'<div class="opom-note"><p>{words}</p><p>{note} {learned}</p></div>'
        # Words and pictures first: they are quicker to draw than the map.
        gap = np.full((1, dims), np.nan)
        ways = np.empty((len(test), 0, dims))
        if masked is not None and levels:
            until = masked[: round(2 * levels) + 1].transpose(0, 1)
            ways = projection.place(until.flatten(0, 1)).reshape(len(test), -1, dims)
        with self.figure.batch_update():
            self._put("paths", np.concatenate([part for way in ways for part in (way, gap)]) if ways.size else gap[:0])
            last = ways[:, -2:] if dims == 2 else ways[:, -1:]
            self._put("tips", last.reshape(-1, dims))
            self._put("chosen", projection.places[test[number : number + 1]])

    def _show_pair(self, number: int, levels: float) -> None:
        person = self.person.value
        self.face.show(self.state.photos[self.state.rows(person, "test")[number]], f"{person}, test photo {number + 1}")
        if self.state.masked(person) is not None:
            self.masked.show(self.state.protected(person, levels)[number], f"photo {number + 1}, {levels:g} levels")

    @shown
    def _hovered(self, kind: str, trace: Any, points: Any, _: Any) -> None:
        if not points.point_inds:
            return
        index, dims = points.point_inds[0], self._drawn[1]
        if kind == "tips":
            self._show_pair(index // 2 if dims == 2 else index, round(2 * self.slider.value) / 2)
        else:
            index += len(self.state.table) * (kind == "strangers")
            self.face.show(self.state.photos[index], self.state.caption(index))

    def _put(self, name: str, points: np.ndarray) -> None:
        """Move a trace's points; of its two versions the one with as many dimensions."""
        trace_of(self.figure, name, points.shape[1]).update(dict(zip("xyz", points.T, strict=False)))

    def still(self) -> str:
        if not self._drawn:
            return self.status.value
        method, dims, person, color = self._drawn
        told = f"{method} of photos by {color}; lines: {person}'s masked photos, {self.slider.value:g} levels"
        return drawing(printed(self.figure, dims, self.state.table, color, told), told) + self.told.value + self.legend.value
