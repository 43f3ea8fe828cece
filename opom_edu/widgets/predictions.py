"""A field for what a student expects, and what came out beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import ipywidgets as widgets

from opom_edu.widgets.html import STYLE

_LATER = "Commit your prediction above; the result then stands here beside it."


@dataclass
class _Question:
    text: str
    field: widgets.Widget
    unit: str
    within: float
    committed: bool = False
    truth: float | str | None = None
    why: str = ""

    @property
    def right(self) -> bool:
        if isinstance(self.truth, str) or self.truth is None:
            return bool(self.field.value == self.truth)
        return abs(float(self.field.value) - self.truth) <= self.within

    def told(self, value: float | str) -> str:
        return escape(value if isinstance(value, str) else f"{value:.3g}{self.unit}")

    def beside(self) -> str:
        """Prediction and result in one line, with a mark that needs no color."""
        assert self.truth is not None
        result = f"result: <b>{self.told(self.truth)}</b>. {escape(self.why)}"
        if not self.committed:
            return f"No prediction; {result}"
        return f"{'✓' if self.right else '✗'} You predicted <b>{self.told(self.field.value)}</b>; {result}"


class Predictions:
    """The predictions of one chapter: ask, reveal, and sum up at its end.

    Example:
        >>> predictions = Predictions()
        >>> box = predictions.ask("noise", "How many photos does noise hide?", high=100, unit=" %", within=5)
        >>> predictions.commit("noise", 40)
        >>> "✗ You predicted <b>40 %</b>" in predictions.reveal("noise", 1.0).children[1].value
        True
        >>> "wrong in 1 of 1" in predictions.summary().value
        True
    """

    def __init__(self) -> None:
        self._questions: dict[str, _Question] = {}
        self._boxes: dict[str, list[tuple[widgets.HTML, widgets.Button]]] = {}
        self._buttons: dict[str, widgets.Button] = {}
        self._summaries: list[widgets.HTML] = []

    def answers(self) -> dict[str, tuple[str, str]]:
        """By the name of each prediction that was revealed, the result and why."""
        told = {name: question for name, question in self._questions.items() if question.truth is not None}
        return {name: (question.told(question.truth or 0.0), question.why) for name, question in told.items()}

    def ask(
        self, name: str, question: str, choices: Sequence[str] = (), *,
        low: float = 0.0, high: float = 100.0, unit: str = "", within: float = 5.0,
    ) -> widgets.VBox:  # fmt: skip
        """A field with a button that commits what it holds.

        Args:
            name: the prediction's name, for :meth:`reveal`.
            question: what is asked, one sentence.
            choices: the answers to choose from; without any, a number from ``low`` to ``high`` is asked for.
            unit: written after a number, with its space.
            within: how far off a right number may be.

        Raises:
            ValueError: for fewer than two choices, or an empty range.
        """
        if len(choices) == 1 or not low < high:
            raise ValueError(f"choices need at least two, a range low < high; received {choices!r}, {low:g}, {high:g}")
        wide = {"width": "auto"}
        if choices:
            field = widgets.RadioButtons(options=list(choices), value=None, layout=wide)
        else:
            field = widgets.BoundedFloatText(value=(low + high) / 2, min=low, max=high, layout={"width": "110px"})
        button = widgets.Button(description="Commit", tooltip=f"Commit the prediction: {question}", layout={"width": "90px"})
        button.on_click(lambda _: self.commit(name))
        self._questions[name] = _Question(question, field, unit, within)
        self._buttons[name], self._boxes[name] = button, []
        row = widgets.HBox([field, widgets.HTML(escape(unit)), button], layout={"flex_flow": "row wrap"})
        box = widgets.VBox([widgets.HTML(f"{STYLE}<b>Predict:</b> {escape(question)}"), row])
        return box.add_class("opom-prediction")

    def commit(self, name: str, value: float | str | None = None) -> None:
        """Commit a prediction, as its button does; ``value``: what it is, or else what the field holds.

        Raises:
            ValueError: for a name that :meth:`ask` was not called with.
        """
        question = self._question(name)
        if value is not None:
            question.field.value = value
        if question.field.value is None:
            self._buttons[name].description = "Choose one"
            return
        question.committed = question.field.disabled = self._buttons[name].disabled = True
        self._buttons[name].description = "Committed"
        self._refresh(name)

    def reveal(self, name: str, truth: float | str, why: str = "") -> widgets.HBox:
        """What came out, beside the prediction once that is committed; ``why``: one sentence that explains the result.

        Raises:
            ValueError: for a name that :meth:`ask` was not called with, or a truth that is none of the choices.
        """
        question = self._question(name)
        options = getattr(question.field, "options", None)
        if options is not None and truth not in options:
            raise ValueError(f"the result of {name!r} must be one of {', '.join(options)}; received {truth!r}")
        question.truth, question.why = truth if isinstance(truth, str) else float(truth), why
        told, skip = (
            widgets.HTML(),
            widgets.Button(description="Show without", tooltip="Show the result without a prediction"),
        )
        skip.on_click(lambda _: self._show(name, told, skip))
        self._boxes[name].append((told, skip))
        self._refresh(name)
        return widgets.HBox([skip, told], layout={"flex_flow": "row wrap"}).add_class("opom-prediction")

    def summary(self) -> widgets.HTML:
        """Where the student was wrong, kept up to date while predictions are committed."""
        told = widgets.HTML()
        self._summaries.append(told)
        self._sum_up()
        return told

    def _question(self, name: str) -> _Question:
        if name not in self._questions:
            raise ValueError(f"no prediction {name!r} was asked for; asked: {', '.join(self._questions) or 'none'}")
        return self._questions[name]

    def _show(self, name: str, told: widgets.HTML, skip: widgets.Button) -> None:
        told.value = f'<span role="status">{self._questions[name].beside()}</span>'
        skip.layout.display = "none"

    def _refresh(self, name: str) -> None:
        for told, skip in self._boxes[name]:
            if self._questions[name].committed:
                self._show(name, told, skip)
            else:
                told.value = _LATER
        self._sum_up()

    def _sum_up(self) -> None:
        known = [one for one in self._questions.values() if one.truth is not None]
        made = [one for one in known if one.committed]
        wrong = [one for one in made if not one.right]
        lines = "".join(f"<li>{escape(one.text)}<br>{one.beside()}</li>" for one in wrong)
        left = len(known) - len(made)
        told = f"Your predictions were wrong in {len(wrong)} of {len(made)}." + (f" Not made: {left}." if left else "")
        for summary in self._summaries:
            summary.value = f'<div role="status">{told}<ul>{lines}</ul></div>'
