"""The table lab: the paper's table as a heat map, by people, rank and surrogate, and what the paper found beside."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import ipywidgets as widgets
import pandas as pd

from opom_edu.experiments.paper import beside_paper, heat_figure, orders, orders_told, paper_table, white_boxes
from opom_edu.widgets.lab import Lab
from opom_edu.widgets.parts import pick

STYLE = """<style>.opom-table ul { margin: 2px 0; padding-left: 16px } .opom-table .opom-board { font-size: 12px }</style>"""


class TableLab(Lab):
    """Choose people, rank and surrogate; see the rates as a heat map, the order of methods, and the paper's figures.

    :func:`table_lab` is another name of it.

    Args:
        rows: what :func:`opom_edu.experiments.reproduce` returned.
        rank: to begin with.

    Raises:
        TraitError: for a rank that the rows lack.

    Attributes:
        regime, surrogate, rank: the controls.
        chart, words, beside: HTML.

    Example:
        >>> row = {"regime": "common", "surrogate": "ir-softmax", "recognizer": "ir-arcface", "white_box": False}
        >>> row |= {"person": "Ada", "method": "random noise", "seed": 0, "psr_1": 1.0, "unprotected_1": 1.0}
        >>> lab = TableLab(pd.DataFrame([row, row | {"method": "OPOM convex", "psr_1": 60.0}]))
        >>> lab.close()
    """

    def __init__(self, rows: pd.DataFrame, *, rank: int = 1) -> None:
        super().__init__()
        self.add_class("opom-table")
        self.rows, self.white = rows, white_boxes(rows)
        ranks = [int(name.removeprefix("psr_")) for name in rows if name.startswith("psr_")]
        regimes, surrogates = (list(rows[column].unique()) for column in ("regime", "surrogate"))
        self.regime = pick("people", regimes, regimes[0], 215, 70)
        self.surrogate = pick("learned on", surrogates, surrogates[0], 215, 70)
        self.rank = pick("rank", ranks, rank, 215, 70)
        self.chart, self.words, self.beside = (widgets.HTML() for _ in range(3))
        controls = [self.regime, self.surrogate, self.rank]
        for part, width in ((self.words, "1 1 270px"), (self.beside, "1 1 330px")):
            part.layout = {"flex": width, "min_width": "0", "height": "190px", "overflow": "auto"}
        wrap = {"flex_flow": "row wrap"}
        below = widgets.HBox([self.words, self.beside], layout=wrap)
        self.fill([widgets.HBox(controls, layout=wrap)], [self.chart, below, widgets.HTML(STYLE)])
        self.beside.value = self._paper()
        self.watch(*controls)

    def work(self) -> Iterator[None]:
        regime, surrogate, rank = self.regime.value, self.surrogate.value, self.rank.value
        self.say("drawing...", 0.5)
        yield
        table, found = paper_table(self.rows, rank), orders(self.rows[self.rows["surrogate"] == surrogate], rank)
        shown, white = (part[part.index.droplevel("method") == (regime, surrogate)] for part in (table, self.white))
        figure = heat_figure(shown, white, rank)
        figure.set_size_inches(7.2, 3.1)  # as wide as it is shown, for letters that can be read
        figure.alt = f"Rates at rank {rank}, {regime} people, learned on {surrogate}. {figure.alt}"
        self.chart.value = figure._repr_html_()
        steps = [line.removeprefix(f"{regime}: ") for line in orders_told(found[found["regime"] == regime])]
        lines = "".join(f"<li>{escape(step)}</li>" for step in steps)
        heading = "<b>In order?</b> Differences in points, 95 % intervals."
        self.words.value = f'<div class="opom-note">{heading}<ul>{lines}</ul></div>'
        self.done()
        yield

    def _paper(self) -> str:
        """The paper's figures beside those here; they are of one surrogate and rank, and stay."""
        heading = "<b>FI-UAP here and in the paper</b> (%; always learned on ir-softmax, rank 1)"
        beside = beside_paper(paper_table(self.rows, 1))
        figures = beside.T.round(1).to_html(border=0, classes="opom-board") if len(beside) else "<p>not among these rows</p>"
        return f'<div class="opom-note">{heading}{figures}</div>'

    def still(self) -> str:
        cells = "".join(f"<td>{part}</td>" for part in (self.chart.value, self.words.value + self.beside.value))
        return f"<table><tr>{cells}</tr></table>"


table_lab = TableLab
