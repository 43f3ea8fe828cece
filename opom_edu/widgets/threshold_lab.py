"""The threshold lab: where does "the same person" begin? Slide the line, and see who is let in and who is left out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import ipywidgets as widgets
from torch.nn.functional import interpolate

from opom_edu.faces import People
from opom_edu.lessons.pairs import PairModel
from opom_edu.recognizers import Recognizer, check_recognizer
from opom_edu.widgets.html import thumbnail
from opom_edu.widgets.lab import Lab, shown
from opom_edu.widgets.parts import pick, wrap
from opom_edu.widgets.threshold_charts import EDGES, GENUINE, IMPOSTOR, histogram, roc_chart

FREE, STEP = 1.0, 0.005  # at a false-match rate of 1, every threshold will do
TARGETS = (("by hand", FREE), ("10 %", 1e-1), ("1 %", 1e-2), ("0.1 %", 1e-3))
EXAMPLES = 3  # wrongly judged pairs of each kind


class ThresholdLab(Lab):
    """Slide a threshold through all pairs of photos; see the false-match rate, the true-accept rate and the mistakes.

    The pairs are all those among everybody's test photos and the strangers' photos, for the chosen recognizer; what is known
    of them is in :class:`~opom_edu.lessons.pairs.PairModel`. :func:`threshold_lab` is another name of the lab.

    Args:
        people: two or more, with two test photos each or more; strangers (distractors) make for more pairs of two people.
        recognizers: one or more, to choose from.
        fmr: the false-match rate to begin with: None, 0.1, 0.01 or 0.001.
        threshold: a cosine to begin with instead, -0.5 to 1.

    Raises:
        PeopleError: if there are no pairs of one person, or none of two.
        ValueError: for no recognizers, one given twice, or something else.
        TraitError: for an fmr that is not offered, or a threshold out of range.

    Attributes:
        pairs: by recognizer, computed when it is first chosen.
        recognizer, target, slider: the controls.
        histogram, curve, words, examples: HTML.

    Example:
        >>> lab = ThresholdLab(people, [surrogate, black_box], fmr=0.01).wait()
        >>> lab.close()
    """

    def __init__(
        self, people: People, recognizers: Sequence[Recognizer], *, fmr: float | None = 1e-2, threshold: float | None = None
    ) -> None:
        super().__init__()
        self.people = people
        self.recognizers = {check_recognizer(r, "every recognizer").name: r for r in recognizers}
        if not self.recognizers or len(self.recognizers) < len(recognizers):
            raise ValueError("one recognizer or more is needed, and every one counts once")
        self.pairs: dict[str, PairModel] = {}
        self._thumbnails: dict[int, str] = {}
        self.recognizer = pick("recognizer", list(self.recognizers), next(iter(self.recognizers)), 225, 70)
        target = FREE if threshold is not None or fmr is None else fmr
        self.target = widgets.ToggleButtons(
            options=TARGETS, value=target, style={"button_width": "74px"}, layout={"width": "350px"},
            tooltips=["The slider decides", *("The lowest threshold for it" for _ in TARGETS[1:])],
        )  # fmt: skip
        self.slider = widgets.FloatSlider(
            value=0.5 if threshold is None else threshold, min=EDGES[0], max=EDGES[-1], step=STEP, description="threshold",
            readout_format=".3f", tooltip="Above it, two photos are taken for one person",
            style={"description_width": "70px"}, layout={"width": "auto", "max_width": "690px"},
        )  # fmt: skip
        self.slider.add_class("opom-threshold")
        self._aim = self.slider.value
        self.histogram, self.curve, self.words, self.examples = (widgets.HTML() for _ in range(4))
        label = widgets.Label("false-match rate at most")
        self.fill(
            [wrap(self.recognizer, label, self.target), self.slider],
            [wrap(self.histogram, self.curve), self.words, self.examples],
        )
        self.slider.observe(self._slid, "value")
        self.watch(self.recognizer, self.target)

    @shown
    def _slid(self, change: Any) -> None:
        """A hand on the slider; not the echo, which a browser rounds, of where :meth:`work` moved it."""
        if abs(self.slider.value - self._aim) > STEP / 2:
            self._aim = self.slider.value
            self.target.value = FREE
            self.restart()

    def work(self) -> Iterator[None]:
        name = self.recognizer.value
        if name not in self.pairs:
            self.say(f"{name} looks at all photos...", 0.1)
            yield
            self.pairs[name] = PairModel.of(self.recognizers[name], self.people)
            yield
        pairs = self.pairs[name]
        if self.target.value != FREE:
            self._aim = STEP * math.ceil(pairs.threshold(self.target.value) / STEP)
            self.slider.value = self._aim
        threshold = self._aim
        counts = pairs.counts(threshold)
        self.histogram.value = histogram(pairs, threshold)
        self.curve.value = roc_chart(self.pairs, name, counts)
        self.words.value = told(threshold, counts)
        self.examples.value = self._mistakes(pairs, threshold)
        self.done()
        yield

    def _mistakes(self, pairs: PairModel, threshold: float) -> str:
        groups = []
        for same, title in (
            (False, "Two people, matched: the nearest to the line"),
            (True, "One person, rejected: the nearest"),
        ):
            shown_ = "".join(self._pair(pairs, index) for index in pairs.wrong(threshold, same=same, count=EXAMPLES))
            color = GENUINE if same else IMPOSTOR
            groups.append(
                f'<div style="flex:1 0 auto"><b style="color:{color}">{title}</b>'
                f'<div style="display:flex;gap:14px">{shown_ or "none"}</div></div>'
            )
        return f'<div class="opom-note" style="display:flex;flex-wrap:wrap;gap:8px 20px">{"".join(groups)}</div>'

    def _pair(self, pairs: PairModel, index: int) -> str:
        photos = "".join(self._thumbnail(pairs, int(photo[index])) for photo in (pairs.rows, pairs.columns))
        return f'<div class="opom-caption">{photos}<br>{float(pairs.similarity[index]):.3f}</div>'

    def _thumbnail(self, pairs: PairModel, photo: int) -> str:
        if photo not in self._thumbnails:
            small = interpolate(pairs.photos[photo][None], (50, 50), mode="bilinear", antialias=True)[0].clamp(0, 1)
            self._thumbnails[photo] = thumbnail(small, pairs.names[photo], 50)
        return self._thumbnails[photo]

    def still(self) -> str:
        charts = f'<div style="display:flex">{self.histogram.value}{self.curve.value}</div>'
        return f"<p>{escape(self.recognizer.value)}</p>{charts}{self.words.value}{self.examples.value}"


def told(threshold: float, counts: dict[str, int]) -> str:
    """What a threshold does, in words and numbers, as HTML."""
    fmr, tar = counts["matched"] / counts["impostor"], counts["accepted"] / counts["genuine"]
    odds = f", 1 in {1 / fmr:,.0f}" if fmr else ""
    return (
        f'<div class="opom-note" role="status" style="font-size:14px">Above <b>{threshold:.3f}</b> it says <i>match</i>. Of '
        f"{counts['impostor']:,} pairs of two people, {counts['matched']:,} are matched: "
        f'<b style="color:{IMPOSTOR}">false-match rate <span class="opom-score">{100 * fmr:.2f}</span> %</b>{odds}. Of '
        f"{counts['genuine']:,} pairs of one person, {counts['accepted']:,} are matched: "
        f'<b style="color:{GENUINE}">true-accept rate <span class="opom-score">{100 * tar:.1f}</span> %</b>; '
        f"{counts['genuine'] - counts['accepted']:,} rejected.</div>"
    )


threshold_lab = ThresholdLab
