"""The transfer lab: learn masks on one recognizer and see which of the others they reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import ipywidgets as widgets

from opom_edu.faces import People
from opom_edu.lessons.transfers import Setting, TransferModel
from opom_edu.masks import LEARNED, TRANSFER
from opom_edu.plots.style import COLORS, GRAY, LIGHT
from opom_edu.recognizers import Recognizer
from opom_edu.widgets.html import bar, board, row_head, waiting
from opom_edu.widgets.lab import Lab, shown
from opom_edu.widgets.parts import pick, wrap

LEVELS, STEPS = (2, 4, 8, 16), (16, 32, 100)
HINTS = {"momentum": "momentum 1", "flips": "random flips", "diversity": "input diversity"}


def transfer_lab(people: People, recognizers: Sequence[Recognizer], **options: Any) -> TransferLab:
    """Choose on which recognizer masks are learned and how; see on which recognizers they protect.

    Args:
        people: two to four, for everybody gets a mask; their distractors are whom they are to be told apart from.
        recognizers: differentiable ones may be chosen as surrogates, one at least; black boxes are asked only.
        options: ``surrogate``, the name of the one to begin with; ``method``, ``levels``, ``steps`` and ``transfer``:
            see :class:`~opom_edu.lessons.transfers.Setting`; ``seed``, of learning.

    Raises:
        ValueError: for something else than recognizers, one given twice, or an unknown method.

    Example:
        >>> lab = transfer_lab(people, [surrogate, black_box], steps=8).wait()
        >>> type(lab).__name__
        'TransferLab'
        >>> lab.close()
    """
    transfers = TransferModel(people, recognizers, seed=options.pop("seed", 0))
    surrogate = options.pop("surrogate", transfers.surrogates[0])
    if surrogate not in transfers.surrogates:
        raise ValueError(f"unknown surrogate {surrogate!r}; choose one of {', '.join(transfers.surrogates)}")
    return TransferLab(transfers, surrogate, Setting(**{**options, "transfer": frozenset(options.get("transfer", ()))}))


class TransferLab(Lab):
    """The view of :class:`~opom_edu.lessons.transfers.TransferModel`: see :func:`transfer_lab`.

    Attributes:
        transfers: what was computed.
        surrogate, method, levels, steps, every, stop: the controls, and ``parts``, check boxes of
            the bundle; ``every`` fills the matrix.
        board, matrix, status, alert: HTML.

    Example:
        >>> lab = transfer_lab(people, [surrogate, black_box], steps=8).wait()
        >>> lab.close()
    """

    def __init__(self, transfers: TransferModel, surrogate: str, setting: Setting) -> None:
        super().__init__()
        self.transfers = transfers
        self._make_controls(surrogate, setting)
        self.board, self.matrix = widgets.HTML(), widgets.HTML()
        names = ", ".join(escape(name) for name in transfers.people)
        note = f"""<div class="opom-note">PSR: each test photo of {names} searches for each other one of the same person;
            in how many percent of these queries somebody else is found first. From top to bottom: the mask, random noise of
            the same size, unprotected.</div>"""
        controls = [self.surrogate, self.method, self.levels, self.steps, *self.parts.values()]
        bars = widgets.VBox([self.board, widgets.HTML(note)], layout={"flex": "1 1 380px", "min_width": "0"})
        self.matrix.layout = {"flex": "0 1 auto", "min_width": "0", "overflow": "auto"}
        below = widgets.HBox([self.matrix, bars], layout={"flex_flow": "row wrap"})
        self.fill([wrap(*controls[:4]), wrap(*self.parts.values(), self.every)], [below])
        self.every.on_click(self._fill_all)
        self.watch(*controls)

    def _make_controls(self, surrogate: str, setting: Setting) -> None:
        self.surrogate = pick("learned on", self.transfers.surrogates, surrogate, 255, 72)
        self.method = pick("method", LEARNED, setting.method, 145, 52)
        levels = sorted({*LEVELS, setting.levels})
        self.levels = pick("epsilon", [(f"{x:g} of 255", x) for x in levels], setting.levels, 150, 54)
        self.steps = pick("steps", sorted({*STEPS, setting.steps}), setting.steps, 105, 38)
        self.parts = {
            name: widgets.Checkbox(
                value=name in setting.transfer, description=HINTS[name], indent=False, layout={"width": "120px"},
                tooltip=f"Learn with {HINTS[name]}, to transfer better",
            )
            for name in TRANSFER
        }  # fmt: skip
        self.every = widgets.Button(
            description="Learn on every one", tooltip="Fill the whole matrix for this method, epsilon and bundle",
            layout={"width": "160px"},
        )  # fmt: skip

    @property
    def setting(self) -> Setting:
        """What the controls say, but for the surrogate."""
        parts = frozenset(name for name, box in self.parts.items() if box.value)
        return Setting(self.method.value, self.levels.value, self.steps.value, parts)

    @shown
    def _fill_all(self, button: Any) -> None:
        self.alert.value = ""
        self._done.clear()
        self._worker.submit(self._work(self.transfers.surrogates))

    def work(self) -> Iterator[None]:
        return self._work([self.surrogate.value])

    def _work(self, surrogates: Sequence[str]) -> Iterator[None]:
        setting = self.setting
        self._show(setting)
        told = ""
        for text, share in self.transfers.work(surrogates, setting):
            self.say(f"{text}...", share)
            if text != told:
                self._show(setting)
            told = text
            yield
        self._show(setting)
        self.done("ready")

    def _show(self, setting: Setting) -> None:
        transfers, surrogate = self.transfers, self.surrogate.value
        rows = [_row(transfers, surrogate, setting, name) for name in transfers.recognizers]
        self.board.value = board(("recognizer", "PSR, 0 to 100 %", "mask (noise, none)"), rows, kind="opom-rates")
        self.matrix.value = _matrix(transfers, surrogate, setting)

    def still(self) -> str:
        told = f"learned on {self.surrogate.value}, {_words(self.setting)}"
        return f'<p>{escape(told)}</p><div style="display:flex;gap:20px">{self.board.value}{self.matrix.value}</div>'


def _words(setting: Setting) -> str:
    parts = ", ".join(HINTS[name] for name in TRANSFER if name in setting.transfer)
    return f"{setting.method}, epsilon {setting.levels:g} of 255, {setting.steps} steps, {parts or 'nothing for transfer'}"


def _row(transfers: TransferModel, surrogate: str, setting: Setting, target: str) -> str:
    """One recognizer's bars, as HTML."""
    white = transfers.white_box(surrogate, target)
    head = row_head(target, white)
    mask = transfers.known(surrogate, setting, target)
    if mask is None:
        return f'<tr>{head}<td colspan="2"><span class="opom-score">{waiting()}</span></td></tr>'
    noise, nothing = transfers.noise(target, setting.levels), transfers.unprotected(target)
    color = COLORS[3] if white else COLORS[1]
    bars = bar(mask, color) + bar(noise, GRAY) + bar(nothing, LIGHT)
    told = f"mask {mask:.0f} %, random noise {noise:.0f} %, unprotected {nothing:.0f} %"
    return (
        f'<tr>{head}<td><div role="img" aria-label="{told}" title="{told}">{bars}</div></td>'
        f'<td><b class="opom-score">{mask:.0f} %</b> <small>({noise:.0f} %, {nothing:.0f} %)</small></td></tr>'
    )


def _matrix(transfers: TransferModel, current: str, setting: Setting) -> str:
    """Surrogates by targets, as an HTML table: what is known for this setting."""
    heads = "".join(f'<th scope="col">{escape(name).replace("-", "-<wbr>")}</th>' for name in transfers.recognizers)
    rows = []
    for surrogate in transfers.surrogates:
        cells = []
        for target in transfers.recognizers:
            value, white = transfers.known(surrogate, setting, target), transfers.white_box(surrogate, target)
            word = "white box" if white else "" if value is None else _level(value)
            mark = f"<small>{word}</small>"
            kind = ' class="opom-white"' if white else ""
            if value is None:
                cells.append(f"<td{kind}>{mark}</td>")
            else:
                ink = "#fff" if value > 85 else "#000"
                shade = f"background:color-mix(in srgb, {COLORS[1]} {value:.0f}%, #fff);color:{ink}"
                cells.append(f'<td{kind} style="{shade}">{value:.0f} %{mark}</td>')
        now = ' class="opom-now"' if surrogate == current else ""
        rows.append(f'<tr{now}><th scope="row">{escape(surrogate)}</th>{"".join(cells)}</tr>')
    caption = f"<caption>learned on (rows), tried on (columns): {escape(_words(setting))}</caption>"
    return (
        f'<table class="opom-matrix">{caption}<thead><tr><th></th>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _level(value: float) -> str:
    """A rate in a word, beside its color."""
    return "low" if value < 100 / 3 else "middle" if value < 200 / 3 else "high"
