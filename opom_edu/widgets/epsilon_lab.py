"""The epsilon lab: slide the size of a mask and watch who still recognizes the person."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape
from typing import Any

import ipywidgets as widgets

from opom_edu.faces import People
from opom_edu.lessons.epsilon import GRID, HULLS, LARGEST, Choice, EpsilonModel, Rate, Score
from opom_edu.recognizers import Recognizer
from opom_edu.widgets.html import MATCH, NO_MATCH, bar, board, judgment, row_head, thumbnail, waiting
from opom_edu.widgets.lab import Lab, pictured, shown
from opom_edu.widgets.parts import Picture, epsilon_slider, pick, wrap

MAGNIFIED = 8  # times; 16 levels then span the whole range of gray around the middle
REST = 0.3  # seconds without a move before slow recognizers are asked
HEADS = ("recognizer", "similarity", "bar, threshold", "says", "first found", "PSR")
NOTE = """<div class="opom-note">Bar: from the mean similarity to strangers to that of the same photo. Line: the threshold at a
false-match rate of {fmr:g}. PSR: each of {count} test photos searches for each other one; the share of searches that find
somebody else first (without a mask).</div>"""


def epsilon_lab(people: People, surrogate: Recognizer, targets: Sequence[Recognizer], **options: Any) -> EpsilonLab:
    """Pick a person, a method and an epsilon; see the photos and what every recognizer makes of them.

    The mask at every epsilon is the one learned for it, in the background. White box: ``surrogate``, on which masks are
    learned; black boxes: ``targets``. All figures are of test photos, rounded to 8 bit as saved photos are.

    Args:
        people: three or more, with two test photos each or more.
        surrogate: differentiable.
        targets: any recognizers. Those that are slow are asked when the slider rests.
        options: ``person``, ``method``, ``levels`` and so on, where to begin: see :class:`~opom_edu.lessons.epsilon.Choice`;
            ``fmr`` and ``seed``: see :class:`~opom_edu.lessons.epsilon.EpsilonModel`.

    Raises:
        PeopleError: with fewer than three people.
        ValueError: for something else than recognizers, or one given twice.

    Example:
        >>> lab = epsilon_lab(people, surrogate, [black_box], person="Ada", levels=4, fmr=0.05)
        >>> type(lab).__name__
        'EpsilonLab'
        >>> lab.close()
    """
    given = {name: options.pop(name) for name in ("fmr", "seed") if name in options}
    return EpsilonLab(EpsilonModel(people, surrogate, targets, **given), Choice(**{"person": next(iter(people)), **options}))


class EpsilonLab(Lab):
    """The view of a :class:`~opom_edu.lessons.epsilon.EpsilonModel`: see :func:`epsilon_lab`.

    Attributes:
        state: what was computed.
        person, photo, method, hull, slider, source, transfer, stop: the controls.
        before, mask, after, gallery: the pictures; ``board``, ``status``, ``alert``: HTML.

    Example:
        >>> lab = epsilon_lab(people, surrogate, [black_box], person="Ada", fmr=0.05)
        >>> lab.close()
    """

    def __init__(self, state: EpsilonModel, choice: Choice) -> None:
        super().__init__()
        self.state = state
        self._complete = threading.Event()  # with slow recognizers too
        self._looking = False
        self._make_controls(choice)
        self.before, self.mask, self.after, self.gallery = self.pictures = [Picture(104) for _ in range(4)]
        self.board, self.quality = widgets.HTML(), widgets.HTML()
        note = NOTE.format(fmr=state.fmr, count=len(state.people[choice.person].test))
        words = widgets.VBox([self.quality, widgets.HTML(note)], layout={"flex": "1 1 190px", "min_width": "0"})
        # Beside the board where there is room for two columns, and else in a row above it.
        left = wrap(*(picture.widget for picture in self.pictures), words)
        left.layout.flex, self.board.layout.flex = "1 1 260px", "999 1 600px"
        for part in (left, self.board):
            part.layout.min_width, part.layout.overflow = "0", "auto"
        self.fill(
            [wrap(self.person, self.photo, self.method, self.hull), wrap(self.slider, self.source)],
            [widgets.HBox([left, self.board], layout={"flex_flow": "row wrap"})],
            [self.transfer],
        )
        self.watch(self.person, self.photo, self.method, self.hull, self.slider, self.source, self.transfer)

    def _make_controls(self, choice: Choice) -> None:
        self.person = pick("person", list(self.state.people), choice.person, 165, 52)
        self.photo = pick("photo", self._photos(choice.person), choice.photo, 165, 42)
        methods = [("OPOM", "opom"), ("FI-UAP", "fi-uap"), ("FI-UAP+", "fi-uap+")]
        method, hull = ("opom", choice.method) if choice.method in HULLS else (choice.method, "convex")
        self.method = pick("method", methods, method, 150, 54)
        self.hull = pick("hull", HULLS, hull, 130, 32)
        self.slider = epsilon_slider(choice.levels, LARGEST, 300)
        sources = [("learned", "learned"), ("clipped", "clipped"), ("noise", "random")]
        self.source = widgets.ToggleButtons(
            options=sources, value=choice.source,
            style={"button_width": "76px"}, layout={"flex": "0 0 auto"},
            tooltips=["A mask learned for this epsilon", "A mask learned for 16 levels, clipped", "Random noise of this size"],
        )  # fmt: skip
        self.transfer = widgets.Checkbox(
            value=choice.transfer, description="for transfer", indent=False, layout={"width": "130px"},
            tooltip="Momentum, random flips and input diversity while learning",
        )  # fmt: skip

    @property
    def choice(self) -> Choice:
        """What the controls say now."""
        method = self.hull.value if self.method.value == "opom" else self.method.value
        # The slider adds up steps in floating point; half levels are exact once rounded.
        levels = round(2 * self.slider.value) / 2
        return Choice(self.person.value, self.photo.value, method, levels, self.source.value, self.transfer.value)

    def wait(self, timeout: float = 60.0, *, slow: bool = False) -> EpsilonLab:
        """As :meth:`Lab.wait`; with ``slow``, for slow recognizers too."""
        super().wait(timeout)
        if slow and not self._complete.wait(timeout):
            raise TimeoutError(f"slow recognizers are not done after {timeout:g} s: {self.status.value}")
        return self

    def still(self) -> str:
        choice = self.choice
        told = f"{choice.person}, {choice.method}, epsilon {choice.levels:g} ({choice.source})"
        return pictured(told, self.pictures, self.board.value)

    def done(self, text: str = "ready") -> None:
        super().done(text)
        self._complete.set()

    def _end(self, text: str) -> None:
        super()._end(text)
        self._complete.set()

    @shown
    def restart(self, change: Any = None) -> None:
        if change is not None and change["owner"] is self.person:
            photos = self._photos(self.person.value)
            if len(photos) != len(self.photo.options):
                self.photo.options = photos
        self.hull.disabled = self.method.value != "opom"
        self._complete.clear()
        super().restart(change)

    def work(self) -> Iterator[None]:
        return self._work(self.choice)

    def _photos(self, person: str) -> list[tuple[str, int]]:
        return [(f"test photo {i + 1}", i) for i in range(len(self.state.people[person].test))]

    def _work(self, choice: Choice) -> Iterator[None]:
        """All there is to do for a choice, what is quick first; between any two items a newer choice takes over."""
        state = self.state
        if state.mask(choice) is None:
            for step in state.learn(choice):
                self.say(f"learning the mask for {choice.levels:g} levels...", step.progress)
                yield
        scores: dict[str, Score] = {}
        quick, slow = _sort(state)
        for name in quick:
            if not state.ready(name):
                self._show_board(choice, scores)
                self.say(f"{name} looks at the gallery...", len(scores) / len(state.recognizers))
                yield
            scores[name] = state.score(name, choice)
        self._show_board(choice, scores)
        self._show_pictures(choice)
        self.remove_class("opom-stale")
        yield from _rest(REST)
        for index, name in enumerate(quick):
            self.say("protection rates over all test photos...", index / len(quick))
            yield
            state.rate(name, choice)
        self._show_board(choice, scores)
        self._done.set()
        unseen = [name for name in slow if not state.ready(name)]
        if unseen and not self._looking:
            self._looking = True
            self._second.submit(self._look(unseen))
        for name in slow:
            if name not in unseen:
                self.say(f"{name} takes long: computing...", len(scores) / len(state.recognizers))
                yield
                scores[name] = state.score(name, choice)
                state.rate(name, choice)
                self._show_board(choice, scores)
        if not unseen:
            self._complete.set()
        yield from self._fill(choice)

    def _look(self, names: Sequence[str]) -> Iterator[None]:
        """Slow recognizers' first look at the gallery, which nothing can interrupt: in a thread beside the slider's."""
        try:
            for name in names:
                self.state.prepare(name)
                yield
        finally:
            self._looking = False
        self._worker.submit(self._work(self.choice))

    def _fill(self, choice: Choice) -> Iterator[None]:
        """Learn and score the other levels' masks, the nearest first, so that the slider finds them there."""
        quick, _ = _sort(self.state)
        for index, levels in enumerate(sorted((0.0, *GRID), key=lambda level: abs(level - choice.levels))):
            self.say("ready; masks for the other levels are being learned", index / (1 + len(GRID)))
            other = replace(choice, levels=levels)
            for _ in self.state.learn(other):
                yield
            for name in quick:
                self.state.score(name, other)
                self.state.rate(name, other)
                yield
        self.say("ready")

    def _show_pictures(self, choice: Choice) -> None:
        photos, mask = self.state.people[choice.person].test, self.state.mask(choice)
        assert mask is not None  # learned before
        self.before.show(photos[choice.photo], f"{choice.person}, unprotected")
        self.mask.show((0.5 + MAGNIFIED * mask.delta).clamp(0, 1), f"the mask, {MAGNIFIED} times magnified; gray: no change")
        told = f"protected, up to {choice.levels:g} of 255 levels" if choice.levels else "at 0 levels: the photo as it is"
        self.after.show(self.state.protected(choice)[choice.photo], told)
        self.gallery.show(photos[self.state.enrolled(choice)], f"{choice.person} in the gallery")
        psnr, ssim = self.state.quality(choice)
        told = "the photo is unchanged" if choice.levels == 0 else f"PSNR {psnr:.1f} dB, SSIM {ssim:.3f}"
        self.quality.value = f'<div class="opom-caption" title="closeness of protected and unprotected">{told}</div>'

    def _show_board(self, choice: Choice, scores: dict[str, Score]) -> None:
        state = self.state
        rows = [
            board_row(
                name, one.shares_network(state.surrogate), scores.get(name), state.known_rate(name, choice), choice.person
            )
            for name, one in state.recognizers.items()
        ]
        complete = str(scores.keys() >= set(_sort(state)[0])).lower()  # what a browser test waits for
        self.board.value = board(HEADS, rows, data=f'data-epsilon="{choice.levels:g}" data-complete="{complete}"')


def board_row(name: str, white_box: bool, score: Score | None, rate: Rate | None, person: str) -> str:
    """One recognizer's row of the board, as HTML; ``score`` or ``rate`` is None while it is being computed."""
    cells = [row_head(name, white_box)]
    if score is None:
        return f'<tr>{cells[0]}<td colspan="5"><span class="opom-score">{waiting()}</span></td></tr>'
    told = f"similarity {score.similarity:.2f}, threshold {score.threshold:.2f}, unprotected {score.unprotected:.2f}"
    share, line = (_place(score, value) for value in (score.similarity, score.threshold))
    found = person if score.rank == 1 else f"a stranger; {person}: rank {score.rank}"
    cells += [
        f'<td><span class="opom-score">{score.similarity:.3f}</span></td>',
        f"<td>{bar(share, MATCH if score.match else NO_MATCH, line=line, told=told)}</td>",
        f"<td>{judgment(score.match)}<br><small>threshold {score.threshold:.2f}</small></td>",
        f'<td><span style="display:flex;gap:6px;align-items:center">{thumbnail(score.first, found, 32)}'
        f"<small>{escape(found)}</small></span></td>",
        f"<td>{waiting('...')}</td>"
        if rate is None
        else f"<td>{rate.psr:.0f} %<br><small>({rate.unprotected:.0f} %)</small></td>",
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _place(score: Score, similarity: float) -> float:
    """Where a similarity lies between strangers and the same photo, 0 to 100."""
    return 100 * min(max((similarity - score.stranger) / (1 - score.stranger + 1e-9), 0), 1)


def _sort(state: EpsilonModel) -> tuple[list[str], list[str]]:
    """The names of the quick recognizers and of the slow ones."""
    quick = [name for name in state.recognizers if not state.slow(name)]
    return quick, [name for name in state.recognizers if name not in quick]


def _rest(seconds: float) -> Iterator[None]:
    """Sleep, but let a newer job take over meanwhile."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.02)
    yield
